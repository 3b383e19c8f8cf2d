"""What is told of alerts afterwards: statistics over many, and the report of one as a page, a PDF and a table.

Reads the store, sends nothing and changes nothing.
"""
