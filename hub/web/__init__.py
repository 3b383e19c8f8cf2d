"""The hub's HTTP face: the API, the providers' webhooks, the console and the public proof page. `app.py` is the way in.

Every endpoint stands in one table, `routes.py`, with who may call it. Handlers get a `Call`; nothing here sends an alert itself.
"""
