"""How a parameter is marked: all that differs in a statement that both databases take (?1 on SQLite, $1 on PostgreSQL)."""

from __future__ import annotations


def marked(sql: str, *, on_postgres: bool) -> str:
    """`sql` has ?1, ?2, … and no other question mark."""
    return sql.replace("?", "$") if on_postgres else sql
