"""The one way to set, read and drop a cookie of ours.

With https it is named __Host-…: browsers then take it over https alone, from us alone (not from another name of the same domain,
who could put a session of their own in its place), and for the whole site; __Secure-… where only some pages get it. Without https
they would refuse that.
"""

from __future__ import annotations

from typing import Literal

from aiohttp import web


def set_cookie(
    response: web.StreamResponse,
    name: str,
    value: str,
    seconds: int | None,
    *,
    secure: bool,
    path: str = "/",
    samesite: Literal["Strict", "Lax"] = "Strict",
    httponly: bool = True,
) -> None:
    """`seconds`: None for as long as the browser is open. `secure`: whether people reach us by https."""
    response.set_cookie(
        named(name, secure=secure, path=path),
        value,
        max_age=seconds,
        path=path,
        httponly=httponly,
        samesite=samesite,
        secure=secure,
    )


def get_cookie(request: web.Request, name: str, *, secure: bool, path: str = "/") -> str:
    """'' where there is none."""
    return request.cookies.get(named(name, secure=secure, path=path), "")


def drop_cookie(response: web.StreamResponse, name: str, *, secure: bool, path: str = "/") -> None:
    # With all that it was set with: browsers refuse a __Host- cookie without Secure, also one that ends it.
    response.del_cookie(
        named(name, secure=secure, path=path), path=path, secure=secure, httponly=True, samesite="Strict"
    )


def named(name: str, *, secure: bool, path: str = "/") -> str:
    if not secure:
        return name
    return f"__Host-{name}" if path == "/" else f"__Secure-{name}"
