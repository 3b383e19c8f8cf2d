"""All SQL and all Tortoise of the hub: dataclasses in, dataclasses out. `database.open_store` is the way in.

`tables.py` the schema · `engine.py` what a database must offer · `sqlite/` the dialect of one machine · one file of verbs a noun.
"""
