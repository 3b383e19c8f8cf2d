"""Noting what somebody agreed to on a page, or took back (store/consents.py)."""

from __future__ import annotations

from hub.store.consents import Consent, Of, What
from hub.web.calls import Call


async def consented(call: Call, of: Of, subject: int, what: What = What.TERMS, *, given: bool = True) -> None:
    await call.hub.store.consents.put(Consent(of, subject, what, given, "page", call.language, call.now()))
