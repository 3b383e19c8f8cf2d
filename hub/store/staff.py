"""Verbs on staff accounts: invited, set up by who was invited, changed, disabled. Hashes come in here, never a passphrase or code.

Whatever takes a right away (disabling, inviting anew, another role) ends the account's sessions in the same transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import orjson
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from hub.domain import Mistake, Refused, Role
from hub.plain import plain
from hub.store import staff_tables, tables
from hub.store.engine import shielded
from hub.store.keys import Identity
from hub.store.sealing import sealer


@dataclass(frozen=True, slots=True)
class Account:
    """A person of the staff. `login`: what they sign in as. `municipalities`: a coordinator's own (GM codes), empty for all.
    `senders`: as in Identity.

    `totp_secret` '': no such second factor. `totp_step`: the last 30 seconds whose code was used. Times in ms.
    """

    id: str
    name: str = field(repr=False)
    login: str = field(repr=False)
    role: Role
    sender: str = ""
    municipalities: frozenset[str] = frozenset()
    passphrase_hash: str = field(default="", repr=False)
    totp_secret: str = field(default="", repr=False)
    totp_offered: str = field(default="", repr=False)
    totp_step: int = 0
    invited_until: int = 0
    created_at: int = 0
    signed_in_at: int | None = None
    disabled_at: int | None = None
    senders: frozenset[str] = frozenset()

    @property
    def identity(self) -> Identity:
        return Identity(
            self.id, self.name, self.role, self.sender, self.municipalities, senders=self.senders, person=self.id
        )


ID_SIGNS = 16


def make_id() -> str:
    """As an API key's: ids of both stand side by side wherever it says who did something."""
    return secrets.token_hex(6)


class Staff:
    @shielded
    async def add(self, account: Account, invited_hash: str, now: int) -> None:
        """A new account, invited until its `invited_until`. Raises Refused where the login is somebody's already."""
        try:
            await create(account, invited_hash, now)
        except IntegrityError:
            wrong = Mistake("login", "somebody signs in by this name already; choose another")
            raise Refused("The account was not made", [wrong]) from None

    @shielded
    async def find(self, staff_id: str) -> Account | None:
        """Whether disabled or not."""
        if len(staff_id) > ID_SIGNS:  # Tortoise refuses to look for what its column cannot hold
            return None
        row = await staff_tables.Staff.get_or_none(id=staff_id)
        return _account(row) if row is not None else None

    @shielded
    async def of(self, staff_id: str) -> Identity | None:
        """Who this account stands for; None once it is disabled."""
        row = await staff_tables.Staff.get_or_none(id=staff_id, disabled_at=None)
        return _account(row).identity if row is not None else None

    @shielded
    async def by_login(self, login: str) -> Account | None:
        """The account that signs in by this name, capitals aside; None if it is disabled."""
        row = await staff_tables.Staff.get_or_none(login_hash=_login_hash(login), disabled_at=None)
        return _account(row) if row is not None else None

    @shielded
    async def list(self) -> list[Account]:
        accounts = [_account(row) for row in await staff_tables.Staff.all().order_by("created_at", "id")]
        return sorted(accounts, key=lambda one: (one.disabled_at is not None, plain(one.name)))

    # being invited -----------------------------------------------------------------------------------------------------------

    @shielded
    async def invited(self, hash: str, now: int) -> Account | None:
        """Whose invitation this is. Asking uses nothing up."""
        row = await staff_tables.Staff.get_or_none(invited_hash=hash, invited_until__gt=now, disabled_at=None)
        return _account(row) if row is not None else None

    @shielded
    async def accept(self, hash: str, passphrase_hash: str, now: int) -> bool:
        """Uses the invitation up, with the passphrase they chose; False if it cannot be used (any more)."""
        found = staff_tables.Staff.filter(invited_hash=hash, invited_until__gt=now, disabled_at=None)
        return bool(
            await found.update(invited_hash=None, invited_until=0, passphrase_hash=passphrase_hash, passphrase_at=now)
        )

    @shielded
    async def reset(self, staff_id: str, invited_hash: str, invited_until: int) -> bool:
        """Invited anew: passphrase, second factors, codes and sessions are void. For who lost them. False if there is none."""
        async with in_transaction():
            done = await staff_tables.Staff.filter(id=staff_id).update(
                invited_hash=invited_hash,
                invited_until=invited_until,
                passphrase_hash="",
                totp_secret="",
                totp_offered="",
                disabled_at=None,
            )
            await _end_sessions(staff_id)
            await staff_tables.StaffRecovery.filter(staff_id=staff_id).delete()
            await staff_tables.Passkey.filter(staff_id=staff_id).delete()
            return bool(done)

    # proving who they are ----------------------------------------------------------------------------------------------------

    @shielded
    async def set_passphrase(self, staff_id: str, hash: str, now: int) -> None:
        await staff_tables.Staff.filter(id=staff_id).update(passphrase_hash=hash, passphrase_at=now)

    @shielded
    async def improve_hash(self, staff_id: str, old: str, new: str) -> None:
        """The same passphrase under a hash of today's strength, if it is still the same."""
        await staff_tables.Staff.filter(id=staff_id, passphrase_hash=old).update(passphrase_hash=new)

    @shielded
    async def offer_totp(self, staff_id: str, secret: str) -> None:
        """A second factor that is shown to them; the one they have counts until this one is confirmed."""
        await staff_tables.Staff.filter(id=staff_id).update(totp_offered=secret)

    @shielded
    async def take_totp(self, staff_id: str, secret: str, step: int, recovery: Sequence[str], now: int) -> bool:
        """The offered second factor counts from now on, with new recovery codes (hashes). False if another was offered since."""
        async with in_transaction():
            row = await staff_tables.Staff.get_or_none(id=staff_id)
            if row is None or row.totp_offered != secret:
                return False
            await staff_tables.Staff.filter(id=staff_id).update(totp_secret=secret, totp_offered="", totp_step=step)
            await _replace_recovery(staff_id, recovery, now)
            return True

    @shielded
    async def use_step(self, staff_id: str, step: int) -> bool:
        """This 30 seconds' code is used up; False if it, or a later one, was before."""
        return bool(await staff_tables.Staff.filter(id=staff_id, totp_step__lt=step).update(totp_step=step))

    @shielded
    async def replace_recovery(self, staff_id: str, hashes: Sequence[str], now: int) -> None:
        """New recovery codes; the old ones are void."""
        async with in_transaction():
            await _replace_recovery(staff_id, hashes, now)

    @shielded
    async def use_recovery(self, staff_id: str, hash: str) -> bool:
        """The code is used up; False if it is none of theirs."""
        return bool(await staff_tables.StaffRecovery.filter(hash=hash, staff_id=staff_id).delete())

    @shielded
    async def recovery_left(self, staff_id: str) -> int:
        return int(await staff_tables.StaffRecovery.filter(staff_id=staff_id).count())

    @shielded
    async def has_passkey(self, staff_id: str) -> bool:
        return await staff_tables.Passkey.filter(staff_id=staff_id).exists()

    @shielded
    async def signed_in(self, staff_id: str, now: int) -> None:
        await staff_tables.Staff.filter(id=staff_id).update(signed_in_at=now)

    # what they may -----------------------------------------------------------------------------------------------------------

    @shielded
    async def change(self, account: Account) -> bool:
        """Name, role, sender and municipalities; who may something else from now on signs in anew."""
        async with in_transaction():
            row = await staff_tables.Staff.get_or_none(id=account.id)
            if row is None:
                return False
            old = _account(row)
            await staff_tables.Staff.filter(id=account.id).update(
                name=account.name,
                role=account.role.value,
                sender=account.sender,
                municipalities=_codes(account.municipalities),
                senders=_codes(account.senders),
            )
            if replace(old.identity, name="") != replace(account.identity, name=""):
                await _end_sessions(account.id)
            return True

    @shielded
    async def disable(self, staff_id: str, now: int) -> bool:
        """Nobody signs in by it any more, and who is signed in no longer is. False if it was before, or is none."""
        async with in_transaction():
            found = staff_tables.Staff.filter(id=staff_id, disabled_at=None)
            done = await found.update(disabled_at=now, invited_hash=None, invited_until=0)
            await _end_sessions(staff_id)
            return bool(done)

    @shielded
    async def erase_disabled(self, before: int, now: int) -> int:
        """Accounts disabled before that go, with all that proves who they were; what they did stays under their id."""
        async with in_transaction():
            gone = await staff_tables.Staff.filter(disabled_at__lt=before).limit(100).values_list("id", flat=True)
            for table in (staff_tables.StaffRecovery, staff_tables.Passkey, staff_tables.StaffSubject):
                await table.filter(staff_id__in=gone).delete()
            await staff_tables.Staff.filter(id__in=gone).delete()
            return len(gone)


async def create(account: Account, invited_hash: str | None, now: int) -> None:
    """Its row, in whatever transaction this is. Raises IntegrityError where the login is somebody's already."""
    await staff_tables.Staff.create(
        id=account.id,
        name=account.name,
        login=account.login,
        login_hash=_login_hash(account.login),
        role=account.role.value,
        sender=account.sender,
        municipalities=_codes(account.municipalities),
        senders=_codes(account.senders),
        invited_hash=invited_hash,
        invited_until=account.invited_until,
        created_at=now,
    )


async def _end_sessions(staff_id: str) -> None:
    await tables.WebSession.filter(key_id=staff_id).delete()


async def _replace_recovery(staff_id: str, hashes: Sequence[str], now: int) -> None:
    await staff_tables.StaffRecovery.filter(staff_id=staff_id).delete()
    await staff_tables.StaffRecovery.bulk_create(
        [staff_tables.StaffRecovery(hash=one, staff_id=staff_id, created_at=now) for one in hashes]
    )


def _login_hash(login: str) -> str:
    """Finds an account by what was typed; capitals make no other person."""
    return sealer().hash("login", login.strip().casefold().encode("utf-8", "replace").decode())


def _codes(given: frozenset[str]) -> str:
    return orjson.dumps(sorted(given)).decode()


def _account(row: staff_tables.Staff) -> Account:
    return Account(
        row.id, row.name, row.login, Role(row.role), row.sender, frozenset(orjson.loads(row.municipalities)),
        row.passphrase_hash, row.totp_secret, row.totp_offered, row.totp_step, row.invited_until, row.created_at,
        row.signed_in_at, row.disabled_at, frozenset(orjson.loads(row.senders)),
    )  # fmt: skip
