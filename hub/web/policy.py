"""The Content-Security-Policy of our pages: which hosts a visitor's browser may reach. Ours, and PDOK's where maps use it."""

from __future__ import annotations

from typing import Final

from hub.settings import Map

TILES: Final = "https://service.pdok.nl"
"""BRT-Achtergrondkaart: the Kadaster's map, free to use (CC BY 4.0)."""

ADDRESSES: Final = "https://api.pdok.nl"
"""Locatieserver: the government's search for addresses."""


def page_policy(shown: Map, *, framed: bool = False) -> str:
    """`framed`: a page made to be shown on another site; all others may not be."""
    images = f" {TILES}" if shown.base == "pdok" else ""
    asked = f" {ADDRESSES}" if shown.search else ""
    return (
        f"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:{images}; connect-src 'self'{asked}; "
        f"form-action 'self'; base-uri 'none'; frame-ancestors {'*' if framed else chr(39) + 'none' + chr(39)}"
    )
