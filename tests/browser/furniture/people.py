"""Groups and their admins: Anna de Vries, whose own page is shown; who is away, cannot be reached, or may be removed."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hub.directory.importing import import_directory
from hub.directory.linking import hash_token
from hub.domain import Role
from hub.store import tables
from hub.store.passkeys import Passkey
from hub.store.sealing import handle_hash
from hub.store.sessions import Strength
from hub.store.staff import Account, make_id
from hub.trust.keys import hash_secret
from tests.browser.show import Showcase
from tests.sessions import begun
from tests.walk.world import HEADER

DAY_MS: Final = 24 * 3_600_000
NOBODYS: Final = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""A hash that no passphrase has."""

ROWS: Final = [
    "Seghwaert West,whatsapp,180,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,1",
    "Seghwaert West,whatsapp,180,BU06370300,Anna de Vries,nl,telegram,700001,2",
    "Seghwaert Oost,whatsapp,210,BU06370301,Bram Jansen,nl,whatsapp,+31612340002,1",
    "Seghwaert Oost,whatsapp,210,BU06370301,Fatima el Idrissi,en,telegram,700002,1",
    "Seghwaert Oost,whatsapp,210,BU06370301,Anna de Vries,nl,whatsapp,+31612340001,1",
    "Seghwaert Oost,whatsapp,210,BU06370301,Anna de Vries,nl,telegram,700001,2",
    "Noordhove,telegram,95,BU06370501,Joris van den Boogaard-Weltevreden,nl,telegram,700003,1",
    "Buurtpreventie Oosterheem en omstreken,signal,1240,BU06370600|BU06370601,Dirk Smit,nl,matrix,@dirk:voorbeeld.example,1",
    "Oude Leyens,whatsapp,12,BU06370201,Ed Veldhuis,nl,whatsapp,+31612340009,1",
]


STAFF: Final = (
    ("sanne", "Sanne Dijkstra", Role.POLICE, frozenset[str]()),
    ("colleague", "Mo Haddad", Role.COORDINATOR, frozenset({"GM0637"})),
    ("disabled", "Oud Medewerker", Role.AUDITOR, frozenset[str]()),
    ("invited", "Nog Niet", Role.OPERATOR, frozenset[str]()),
)
"""Accounts of the staff, in every state."""


async def put_staff(show: Showcase) -> None:
    staff, now = show.world.hub.store.staff, show.clock.now()
    for name, called, role, municipalities in STAFF:
        account = Account(
            make_id(), called, f"{name}@gemeente.example", role, "", municipalities, invited_until=now + 3 * DAY_MS
        )
        show.named[name if name == "sanne" else f"staff_{name}"] = account.id
        await staff.add(account, hash_secret(f"welcome-{name}"), now)
        if name != "invited":
            await staff.accept(hash_secret(f"welcome-{name}"), NOBODYS, now)
            await staff.offer_totp(account.id, "JBSWY3DPEHPK3PXP")
            await staff.take_totp(account.id, "JBSWY3DPEHPK3PXP", 0, [hash_secret(f"{name}-recovery")], now)
    await staff.disable(show.named["staff_disabled"], now)
    for name in ("Telefoon", "Sleutelhanger, in de kluis van de meldkamer op de tweede verdieping"):
        kept = Passkey(name.encode(), b"x", 3, True, show.named["sanne"], name, now - DAY_MS)
        assert await show.world.hub.store.passkeys.put(kept)
    for secret in ("phone", "desk"):
        session = begun(f"{secret}-of-sanne", show.named["sanne"], now, now + DAY_MS, Strength.TOTP)
        await show.world.hub.store.sessions.put(replace(session, described="Firefox, Android"))
    show.named["welcome"] = "welcome-invited"


async def put(show: Showcase) -> None:
    store = show.world.hub.store
    await import_directory(store, (HEADER + "\n".join(ROWS)).encode())
    ids = {one.name: one.id for one in await store.directory.admins()}
    groups = {one.name: one.id for one in await store.directory.groups()}
    show.named |= {
        "anna": str(ids["Anna de Vries"]),
        "bram": str(ids["Bram Jansen"]),
        "joris": str(ids["Joris van den Boogaard-Weltevreden"]),
        "ed": str(ids["Ed Veldhuis"]),
        "west": str(groups["Seghwaert West"]),
        "oost": str(groups["Seghwaert Oost"]),
        "oosterheem": str(groups["Buurtpreventie Oosterheem en omstreken"]),
        "leyens": str(groups["Oude Leyens"]),
        "ticket": "ticket-of-anna",
    }
    await tables.Address.filter(handle_hash=handle_hash("+31612340009")).update(state="dead")


async def put_today(show: Showcase) -> None:
    """Links that were sent and not used yet; somebody is away."""
    store, now, anna = show.world.hub.store, show.clock.now(), int(show.named["anna"])
    await store.own.set_away(int(show.named["bram"]), now + 9 * DAY_MS, anna)
    for channel in ("whatsapp", "telegram", "matrix"):
        show.named[f"link_{channel}"] = token = f"{channel}-{'x' * 34}"
        until = now + 7 * DAY_MS
        assert await store.linking.offer(hash_token(token), anna, channel, now=0, expires_at=until, sweep=0)
    ticket = hash_token(show.named["ticket"])
    offered = store.own_sessions.offer(ticket, anna, now=now, expires_at=now + DAY_MS)
    await store.receipts.apply(offered, [])
    show.named["signin_ticket"] = "ticket-of-the-auditor"
    await store.sessions.offer(hash_secret(show.named["signin_ticket"]), "id-auditor", now + DAY_MS)
