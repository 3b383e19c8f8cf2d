"""The one way to set, read and drop a cookie of ours, and to have a browser forget what somebody saw who goes.

With https it is named __Host-…: browsers then take it over https alone, from us alone (not from another name of the same domain,
who could put a session of their own in its place), and for the whole site. Without https they would refuse that.
"""

from __future__ import annotations

from typing import Final, Literal

from aiohttp import web

FORGET: Final = {"Clear-Site-Data": '"cache"'}
"""To a browser that signs out: pages kept for going back to, and pictures, go.

Not "cookies", which would go at every name of the same domain, so also at others' systems, and the language with them: ours end by
name. Not "storage", where nothing is but whether a console sounds, and the next dispatcher must not miss that.
"""


def set_cookie(
    response: web.StreamResponse,
    name: str,
    value: str,
    seconds: int | None,
    *,
    secure: bool,
    samesite: Literal["Strict", "Lax"] = "Strict",
    httponly: bool = True,
) -> None:
    """`seconds`: None for as long as the browser is open. `secure`: whether people reach us by https."""
    response.set_cookie(
        named(name, secure=secure),
        value,
        max_age=seconds,
        httponly=httponly,
        samesite=samesite,
        secure=secure,
    )


def get_cookie(request: web.Request, name: str, *, secure: bool) -> str:
    """'' where there is none."""
    return request.cookies.get(named(name, secure=secure), "")


def drop_cookie(response: web.StreamResponse, name: str, *, secure: bool) -> None:
    # With all that it was set with: browsers refuse a __Host- cookie without Secure, also one that ends it.
    response.del_cookie(named(name, secure=secure), secure=secure, httponly=True, samesite="Strict")


def named(name: str, *, secure: bool) -> str:
    return f"__Host-{name}" if secure else name
