"""What visitors ask of the registry, in every state: to join, for a sign, to be let into a group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.directory.linking import hash_token
from hub.domain import Admin, Role
from hub.store import registry_tables
from hub.store.applications import Decision, Kind, NewApplication
from hub.store.applications import State as Applied
from hub.store.contact_requests import Asked
from hub.store.mails import Letter
from hub.store.signs import Kind as SignKind
from hub.store.signs import NewSign, State
from hub.trust.keys import hash_secret
from tests.browser.show import Showcase

HOUR: Final = 3600
WEST, EAST, LEYENS = "BU06370300", "BU06370301", "BU06370201"
BY: Final = "De coordinator"
GROUP: Final[Mapping[str, Any]] = {
    "group": "Buurtapp Seghwaert West",
    "platform": "whatsapp",
    "members": 64,
    "codes": [WEST, EAST],
    "channel": "whatsapp",
    "mails": 1,
}


async def put(show: Showcase) -> None:
    now = show.clock.now()
    show.clock.set_by(-20 * HOUR)
    await _put_applications(show)
    await _put_signs(show)
    await _put_contacts(show)
    show.clock.set_by((now - show.clock.now()) / 1000)


async def confirm_all(show: Showcase) -> None:
    """As if everybody had followed the link in their mail."""
    now = show.clock.now()
    for model, state in (
        (registry_tables.Application, Applied.OPEN.value),
        (registry_tables.Sign, State.ASKED.value),
        (registry_tables.ContactRequest, "open"),
    ):
        await model.filter(state="unconfirmed").update(state=state, confirmed_at=now)


async def _put_applications(show: Showcase) -> None:
    applications = show.world.hub.store.applications
    motivation = "Ik woon hier twintig jaar en ben overdag veel thuis.\n\nIk help graag mee."
    admin = {"district": "WK063703", "groups": "Seghwaert West", "motivation": motivation, "channel": "telegram"}
    for name, kind, who, content in (
        ("unconfirmed", Kind.GROUP, "Nog Niemand", GROUP),
        ("group", Kind.GROUP, "Els Mulder", GROUP),
        ("admin", Kind.ADMIN, "Piet Bos", admin),
        ("starting", Kind.STARTING, "Sam de Wit", {"codes": [LEYENS]}),
        ("accepted", Kind.GROUP, "Noor Yılmaz", {**GROUP, "group": "Leyens Zuid", "codes": [LEYENS]}),
        ("refused", Kind.ADMIN, "Kees Verhoeven", admin),
    ):
        show.named[f"confirm_{name}"] = token = f"confirm-{name}"
        new = NewApplication(kind, "nl", who, f"{name}@voorbeeld.nl", {"mails": 1, **content}, hash_token(token))
        now = show.clock.now()
        show.named[f"application_{name}"] = str(await applications.put(new, now))
        if name != "unconfirmed":
            assert await applications.confirm(hash_token(token), now, since=0)
        show.clock.set_by(HOUR)
    accepted, refused = (int(show.named[f"application_{one}"]) for one in ("accepted", "refused"))
    noor, now = Admin(0, "Noor Yılmaz", "nl", ()), show.clock.now()
    assert await applications.accept(
        accepted, Decision(Applied.ACCEPTED, BY), noor, now, join=[int(show.named["leyens"])]
    )
    await applications.note(accepted, mailed_at=now)
    made = await applications.get(accepted)
    assert made is not None
    linked = {"addresses": [{"channel": "whatsapp", "handle": "+31612340088", "rank": 1}]}
    response = await show.world.call("PATCH", f"/api/v1/admins/{made.admin_id}", Role.COORDINATOR, body=linked)
    assert response.status == 200, await response.text()
    because = Decision(Applied.REFUSED, BY, "In Seghwaert zijn er al genoeg beheerders.")
    assert await applications.decide(refused, because, now)


async def _put_signs(show: Showcase) -> None:
    signs, letter = show.world.hub.store.signs, Letter("Uw bord", "…")
    for number, (name, kind, code, exact, states) in enumerate((
        ("unconfirmed", SignKind.STREET, WEST, True, ()),
        ("asked", SignKind.STREET, WEST, True, (State.ASKED,)),
        ("double", SignKind.STREET, WEST, True, (State.ASKED,)),
        ("somewhere", SignKind.STREET, EAST, False, (State.ASKED,)),
        ("sticker", SignKind.STICKER, EAST, True, (State.ASKED,)),
        ("planned", SignKind.STREET, EAST, True, (State.ASKED, State.PLANNED)),
        ("placed", SignKind.STREET, WEST, True, (State.ASKED, State.PLANNED, State.PLACED)),
        ("refused", SignKind.STREET, WEST, True, (State.ASKED, State.REFUSED)),
        ("removed", SignKind.STREET, WEST, True, (State.ASKED, State.PLACED, State.REMOVED)),
    )):  # fmt: skip
        now, token = show.clock.now(), f"sign-{name}"
        show.named[f"confirm_sign_{name}"] = token
        place = f"Hoek van de Dorpsstraat en de Kerklaan, paal {number}"
        at = (52.0607 + number / 5000, 4.516)
        new = NewSign(
            kind,
            *at,
            exact,
            code,
            place,
            "nl",
            "Els Mulder",
            "els@voorbeeld.nl",
            "Aan de tweede paal",
            hash_token(token),
        )
        show.named[f"sign_{name}"] = str(await signs.put(new, letter, now))
        for state in states:
            if state is State.ASKED:
                assert await signs.confirm(hash_token(token), now, since=0)
                continue
            note = "Er hangt er al een op deze hoek." if state is State.REFUSED else ""
            day = "2026-12-03" if state is State.PLANNED else None
            sign = int(show.named[f"sign_{name}"])
            assert await signs.decide(sign, state, by=BY, now=now, planned_for=day, note=note)


async def _put_contacts(show: Showcase) -> None:
    contacts, now = show.world.hub.store.contact_requests, show.clock.now()
    for name, message in (
        ("unconfirmed", "Ik wil graag meedoen."),
        ("open", "Wij wonen sinds kort in de Kerklaan en willen graag bij de groep.\n\nGroet, familie Peeters"),
        ("closed", "Hoe kom ik in de groep?"),
    ):
        asked = Asked(int(show.named["west"]), "nl", "Familie Peeters", "peeters@voorbeeld.nl", "06 12345678", message)
        show.named[f"contact_{name}"] = token = f"contact-{name}"
        request = await contacts.put(asked, hash_secret(token), now)
        if name != "unconfirmed":
            assert await contacts.confirm(hash_secret(token), now, since=0)
        if name == "closed":
            assert await contacts.close(request, BY, now)
