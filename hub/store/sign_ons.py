"""Verbs on accounts whose people sign in at their own organisation: who there is whom here, by issuer and subject."""

from __future__ import annotations

from hashlib import sha256

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from hub.store import staff_tables as tables
from hub.store.engine import shielded
from hub.store.staff import Account, create


class SignOns:
    @shielded
    async def find(self, issuer: str, subject: str) -> str | None:
        """The account's id, disabled or not."""
        row = await tables.StaffSubject.get_or_none(hash=_hash(issuer, subject))
        return str(row.staff_id) if row is not None else None

    @shielded
    async def add(self, account: Account, issuer: str, subject: str, now: int) -> bool:
        """A new account for somebody who signs in there for the first time. False if another sign-in made it just now."""
        try:
            async with in_transaction():
                await tables.StaffSubject.create(
                    hash=_hash(issuer, subject),
                    staff_id=account.id,
                    issuer=issuer,
                    subject=subject,
                    created_at=now,
                    used_at=now,
                )
                await create(account, None, now)
        except IntegrityError:
            return False
        return True

    @shielded
    async def used(self, issuer: str, subject: str, now: int) -> None:
        await tables.StaffSubject.filter(hash=_hash(issuer, subject)).update(used_at=now)

    @shielded
    async def issuer_of(self, staff_id: str) -> str:
        """Where this account signs in; '' for one that does so here."""
        row = await tables.StaffSubject.get_or_none(staff_id=staff_id)
        return row.issuer if row is not None else ""

    @shielded
    async def erase_unused(self, before: int, now: int) -> int:
        """Accounts that nobody came back to: whoever leaves an organisation is disabled there, and never heard of here."""
        async with in_transaction():
            gone = await tables.StaffSubject.filter(used_at__lt=before).limit(100).values_list("staff_id", flat=True)
            await tables.StaffSubject.filter(staff_id__in=gone).delete()
            await tables.Staff.filter(id__in=gone).delete()
            return len(gone)


def _hash(issuer: str, subject: str) -> str:
    return sha256(f"{issuer}\n{subject}".encode("utf-8", "surrogateescape")).hexdigest()
