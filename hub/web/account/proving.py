"""Who somebody is, by login, passphrase and code: the one way, for signing in and for proving it once more.

Whatever was wrong, it takes as long and says the same. Who fails often waits (hub/trust/slowing.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.store.sessions import Strength
from hub.store.staff import Account
from hub.trust.passphrases import is_outdated
from hub.trust.second_factor import hash_recovery, totp_step
from hub.trust.slowing import Slowing
from hub.web.calls import Call
from hub.web.door.limits import ADDRESS


@dataclass(frozen=True, slots=True)
class Proof:
    """`account` None: something was wrong, or they must first wait so many `seconds`."""

    account: Account | None = None
    strength: Strength = Strength.PASSPHRASE
    seconds: int = 0


async def prove(call: Call, login: str, passphrase: str, code: str) -> Proof:
    """Raises TooBusy."""
    store, now, address = call.hub.store, call.now(), call.request.get(ADDRESS, "")
    slowing = Slowing(store.sign_in_attempts, await call.state.form_key(store.form_keys.key))
    if waiting := await slowing.begin(login, address, now):
        return Proof(seconds=-(-waiting // 1000))
    account = await store.staff.by_login(login)
    if account and await store.sign_ons.issuer_of(account.id):
        account = None  # signs in elsewhere, and has left here whoever has left there
    hash = account.passphrase_hash if account else ""
    fits = await call.state.passphrases.fits(hash, passphrase)
    if account and fits and code and (waiting := await slowing.begin_code(login, now)):
        return Proof(seconds=-(-waiting // 1000))
    strength = await _second(call, account, code) if account and fits else None
    if account is None or strength is None:
        await call.refused_sign_in(account.id if account else "")
        return Proof()
    await slowing.passed(login, address, now)
    await slowing.passed_code(login)
    if is_outdated(hash):
        await store.staff.improve_hash(account.id, hash, await call.state.passphrases.hash(passphrase))
    return Proof(account, strength)


async def _second(call: Call, account: Account, code: str) -> Strength | None:
    """What the code makes of a passphrase that fits; None: it is wrong, used before, or missing."""
    staff = call.hub.store.staff
    if (step := totp_step(account.totp_secret, code, call.now())) is not None:
        return Strength.TOTP if await staff.use_step(account.id, step) else None
    if code:
        if not await staff.use_recovery(account.id, hash_recovery(code)):
            return None
        await call.changed("recovery.used", account.id)
        return Strength.RECOVERY
    # A passphrase alone opens the page where one sets up a second factor: only who has none may do so.
    has_one = account.totp_secret or await staff.recovery_left(account.id) or await staff.has_passkey(account.id)
    return None if has_one else Strength.PASSPHRASE
