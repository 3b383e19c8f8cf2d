"""The JSON API under /api/v1: one file a noun. `routes.py` is its table, `openapi.py` describes it."""
