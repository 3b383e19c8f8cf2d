"""/account/confirm: proving once more who sits at this browser, before something sensitive. The session gets a new secret then."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hub.store.sessions import Session, Strength
from hub.trust.keys import authenticate
from hub.web.account.proving import prove
from hub.web.account.signing_in import refused
from hub.web.calls import Call, onward
from hub.web.identity import renew_session
from hub.web.signin import safe_path


async def confirm_page(call: Call) -> web.Response:
    path = safe_path(call.words("next"))
    if call.session is None:  # a key in a header proves itself each time
        return onward(path)
    return call.show("account/confirm", refused=False, seconds=0, **await _known(call, path))


async def confirm(call: Call) -> web.StreamResponse:
    form = await call.form()
    path, session = safe_path(form.shown("next")), call.session
    if session is None:
        return onward(path)
    proven, seconds = await _proven(call, session, form.shown("key"), form.shown("passphrase"), form.shown("code"))
    if proven is None:
        return refused(call, "account/confirm", seconds, **await _known(call, path))
    response = onward(path)
    await renew_session(call.hub, session, response, proven)
    return response


async def _proven(call: Call, session: Session, key: str, passphrase: str, code: str) -> tuple[Strength | None, int]:
    """How strong the session is from now on; None and the seconds to wait where it was not proven."""
    if not session.strength.of_staff:
        known = await authenticate(call.hub.store.keys, key.strip(), call.now())
        return (session.strength if known is not None and known.identity.key_id == session.key_id else None), 0
    account = await call.hub.store.staff.find(session.key_id)
    if account is None:
        return None, 0
    proof = await prove(call, account.login, passphrase, code)
    return (proof.strength if proof.account is not None else None), proof.seconds


async def _known(call: Call, path: str) -> dict[str, Any]:
    account = await call.hub.store.staff.find(call.identity.key_id)
    return {"onward": path, "account": account}
