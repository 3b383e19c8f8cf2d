"""/docs: the API for people, drawn from openapi.json: what each call takes and answers, and an example that runs."""
