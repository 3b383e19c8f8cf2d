"""Headers that keep other sites at a distance: what they may do with our answers, and what our pages may ask of a browser."""

from __future__ import annotations

from typing import Final

from aiohttp import web

PERMISSIONS: Final = (
    ", ".join(
        f"{feature}=()"
        for feature in (
            "accelerometer",
            "camera",
            "display-capture",
            "gyroscope",
            "microphone",
            "midi",
            "payment",
            "serial",
            "usb",
        )
    )
    + ", geolocation=(self)"
)
"""A visitor may ask where they are on our own maps; nothing else of a device is ours to use."""


def isolation(policy: str, response: web.StreamResponse) -> dict[str, str]:
    """`policy`: the answer's Content-Security-Policy. What is made for other sites (frames, open data) may be loaded there."""
    shared = "frame-ancestors *" in policy or response.headers.get("Access-Control-Allow-Origin") == "*"
    return {
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "cross-origin" if shared else "same-origin",
        "Permissions-Policy": PERMISSIONS,
    }
