"""/coordinator/applications: the inbox of what people ask, what is known of it already, and the decisions.

Over 300 lines: one application's page and its five decisions read the same fields.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from hub.directory.applications import Like, Similar, admin_group_name, similar
from hub.directory.csv_in import NAME_MOST
from hub.directory.linking import LASTS_DAYS, MadeLink, make_link
from hub.domain import Admin, Group, Neighbourhood, Refused
from hub.store.applications import Application, Decision, Kind, State, codes_asked
from hub.store.first_drills import FirstDrill
from hub.web.calls import Call, onward
from hub.web.forms import Form
from hub.web.join.forms import CODES_MOST, MEMBERS_MOST
from hub.web.join.labels import ABOUT
from hub.web.labels import CHANNELS, PLATFORMS, platform_name
from hub.web.languages import N_
from hub.web.mailing import send_mail
from hub.web.problems import not_found

INBOX: Final = "/coordinator/applications"
SHOWN_DECIDED: Final = 50
NEWEST: Final = 1 << 62
NOTE_MOST: Final = 1000
NEW: Final = "new"
DECIDED: Final = (State.ACCEPTED, State.REFUSED)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far somebody accepted came: links mailed, an address linked, the first drill answered. `admin`: None once removed."""

    mailed_at: int | None
    admin: Admin | None
    linked: tuple[str, ...]
    drill: FirstDrill | None

    @property
    def stage(self) -> str:
        if self.drill is not None and self.drill.answer is not None:
            return "answered"
        if self.drill is not None:
            return "drilled"
        if self.linked:
            return "linked"
        return "mailed" if self.mailed_at else "accepted"


async def inbox_page(call: Call) -> web.Response:
    store = call.hub.store.applications
    state = call.parameter("state") or "open"
    if state not in ("open", "decided"):
        state = "open"
    kinds = [one for one in Kind if one.value == call.parameter("kind")] or list(Kind)
    if state == "open":
        found, more = await store.open(kinds), None
    else:
        cursor = call.cursor(int)
        page = await store.page(cursor[0] if cursor else NEWEST, SHOWN_DECIDED + 1, DECIDED, kinds)
        found, more = page[:SHOWN_DECIDED], page[SHOWN_DECIDED - 1] if len(page) > SHOWN_DECIDED else None
    found = [one for one in found if _touches(call, one)]
    progress = {one.id: await _progress(call, one) for one in found if one.admin_id is not None}
    return call.show(
        "coordinator/applications",
        found=found,
        places={one.id: _places(call, one) for one in found},
        progress=progress,
        state=state,
        kind=kinds[0].value if len(kinds) == 1 else "",
        waiting=sum(_touches(call, one) for one in await store.open(list(Kind))),
        older=more.id if more else None,
    )


async def application_page(call: Call) -> web.Response:
    return await _shown(call, await _known(call), Form())


async def accept(call: Call) -> web.Response:
    application, form = await _known(call), await call.form()
    note = form.text("note", most=NOTE_MOST, required=False)
    admin = Admin(0, application.name, application.language, (), ())
    decision = Decision(State.ACCEPTED, call.identity.name, note)
    make, join = await _wanted(call, application, form)
    if not form.ok:
        return await _shown(call, application, form, 400)
    store = call.hub.store
    if application.kind is Kind.STARTING:
        if await store.applications.decide(application.id, decision, call.now()):
            await call.changed("application.accepted", application.id, of=application.kind.value)
            await _tell(call, application, "accepted", note=note, links=(), may_register=True)
        return onward(f"{INBOX}/{application.id}")
    try:
        accepted = await store.applications.accept(application.id, decision, admin, call.now(), make=make, join=join)
    except Refused:
        form.wrong(
            "name" if make else "into",
            N_("Er is al een groep met deze naam, of de groep is er niet meer. Kies opnieuw."),
        )
        return await _shown(call, application, form, 400)
    if accepted is not None and accepted.admin_id is not None:
        await call.changed(
            "application.accepted",
            accepted.id,
            of=accepted.kind.value,
            admin=str(accepted.admin_id),
            group=str(accepted.group_id),
            made=len(make),
            joined=len(join),
        )
        await _mail_links(call, accepted, accepted.admin_id, note)
    return onward(f"{INBOX}/{application.id}")


async def refuse(call: Call) -> web.Response:
    application, form = await _known(call), await call.form()
    note = form.text("note", most=NOTE_MOST)
    if not form.ok:
        return await _shown(call, application, form, 400)
    decision = Decision(State.REFUSED, call.identity.name, note)
    if await call.hub.store.applications.decide(application.id, decision, call.now()):
        await call.changed("application.refused", application.id, of=application.kind.value)
        await _tell(call, application, "refused", note=note)
    return onward(f"{INBOX}/{application.id}")


async def ask(call: Call) -> web.Response:
    """A question by mail; the application stays open."""
    application, form = await _known(call), await call.form()
    note = form.text("note", most=NOTE_MOST)
    if not form.ok:
        return await _shown(call, application, form, 400)
    if application.state is State.OPEN:
        await _tell(call, application, "question", note=note)
        await call.hub.store.applications.note(application.id, asked_at=call.now())
        await call.changed("application.asked", application.id)
    return onward(f"{INBOX}/{application.id}")


async def mail_links(call: Call) -> web.Response:
    """Links to verify a messenger by, once more."""
    application = await _known(call)
    if application.admin_id is not None and application.email:
        await _mail_links(call, application, application.admin_id)
        await call.changed("application.links", application.id)
    return onward(f"{INBOX}/{application.id}")


async def drill_again(call: Call) -> web.Response:
    """A first drill, or another: to the applicant and nobody else."""
    application = await _known(call)
    progress = await _progress(call, application)
    if progress.linked:
        again = "drill" in application.content
        sent = await call.hub.newcomers.begin(application, again=again)
        await call.changed("application.drill", application.id, sent=sent)
    return onward(f"{INBOX}/{application.id}")


# what stands on the page ------------------------------------------------------------------------------------------------------


async def _shown(call: Call, application: Application, form: Form, status: int = 200) -> web.Response:
    content = application.content
    groups = await _similar(call, application) if application.state is State.OPEN else []
    if not form.given:
        form = Form(
            {
                "name": [content.get("group", "")],
                "platform": [content.get("platform", "")],
                "members": [str(content.get("members", ""))],
                "codes": content.get("codes", []),
                "into": [next((str(found.group.id) for found in groups if Like.SAME_NAME in found.why), NEW)],
            }
        )
    same_email = [
        one
        for one in await call.hub.store.applications.of_email(application.email)
        if one.id != application.id and _touches(call, one)
    ]
    codes = _asked_codes(call, application)
    return call.show(
        "coordinator/application",
        status,
        one=application,
        form=form,
        similar=groups,
        same_email=[one for one in same_email if one.state is not State.UNCONFIRMED] if application.email else [],
        same_place=await _same_place(call, application, codes),
        neighbourhoods=_neighbourhoods(call, codes),
        choices=[(found.group.id, found.group.name) for found in groups]
        if application.kind is Kind.ADMIN
        else [(there.code, there.name) for there in _neighbourhoods(call, codes)],
        district=_district(call, application),
        progress=await _progress(call, application),
        platforms=[(one, platform_name(call.say, one)) for one in PLATFORMS],
    )


async def _wanted(call: Call, application: Application, form: Form) -> tuple[list[Group], list[int]]:
    """Which groups to make and which to join; mistakes go to the form."""
    if application.kind is Kind.STARTING:
        return [], []
    mine = [one.group for one in await _similar(call, application) if call.bounds.holds(one.group.neighbourhoods)]
    known = {str(one.id): one.id for one in mine}
    if application.kind is Kind.ADMIN:
        join = [known[one] for one in form.several("join", known, required=False)]
        name, codes = _district_group(call, application)
        if form.flag("district") and codes:
            there = await call.hub.store.directory.groups_named([name])
            if there and not call.bounds.holds(there[0].neighbourhoods):
                form.wrong("join", N_("Deze groep reikt buiten uw gemeente. Vraag een coördinator van alle gemeenten."))
                return [], join
            if there:
                return [], list(dict.fromkeys([*join, there[0].id]))
            return [Group(0, name, "whatsapp", 0, tuple(codes), ())], join
        if not join:
            form.wrong("join", N_("Kies minstens één groep, of de beheerdersgroep van de wijk."))
        return [], join
    into = form.choice("into", [NEW, *known])
    if into and into != NEW:
        return [], [known[into]]
    codes = [one for one in dict.fromkeys(form.chosen("codes")) if call.hub.atlas.index.get(one) is not None]
    codes = [one for one in codes if call.bounds.holds([one])]
    if not codes or len(codes) > CODES_MOST:
        form.wrong("codes", N_("Laat minstens één buurt staan."))
    name = form.line("name", most=NAME_MOST)
    group = Group(
        0, name, form.choice("platform", PLATFORMS), form.number("members", 0, MEMBERS_MOST), tuple(codes), ()
    )
    if form.ok and await call.hub.store.directory.groups_named([name]):
        form.wrong("name", N_("Er is al een groep met deze naam. Kies die hierboven, of geef deze een andere naam."))
    return [group], []


async def _mail_links(call: Call, application: Application, admin_id: int, note: str | None = None) -> None:
    """`note`: with the decision itself; None for the links alone."""
    links = [(CHANNELS.get(one.channel, one.channel), one.url) for one in await _links(call, application, admin_id)]
    if note is None:
        await _tell(call, application, "links", links=links, days=LASTS_DAYS)
    else:
        await _tell(call, application, "accepted", note=note, links=links, days=LASTS_DAYS, may_register=False)
    await call.hub.store.applications.note(application.id, mailed_at=call.now())


async def _tell(call: Call, application: Application, what: str, **values: Any) -> None:
    """By mail, in the applicant's language."""
    about = {"name": application.name, "about": ABOUT[application.kind], **values}
    await send_mail(call, application.email, application.language, f"application_{what}", **about)


async def _links(call: Call, application: Application, admin_id: int) -> list[MadeLink]:
    """One for each channel of the hub, the applicant's own choice first."""
    channels = sorted(call.hub.routes, key=lambda one: one != application.content.get("channel"))
    url, now = call.hub.settings.web.public_url, call.now()
    try:
        return [await make_link(call.hub.store, tuple(channels), admin_id, one, url, now) for one in channels]
    except Refused:  # the admin was removed meanwhile
        raise not_found("admin", str(admin_id)) from None


async def _progress(call: Call, application: Application) -> Progress:
    store, content = call.hub.store, application.content
    admin_id = application.admin_id
    admin = next(iter(await store.directory.admins([admin_id])), None) if admin_id is not None else None
    ways = [one.channel for one in admin.addresses if one.state == "verified"] if admin else []
    linked = tuple(dict.fromkeys(CHANNELS.get(one, one) for one in ways))
    drill = None
    if admin_id is not None and "drill" in content:
        drill = await store.first_drills.outcome(content["drill"], admin_id)
    return Progress(content.get("mailed_at"), admin, linked, drill)


async def _similar(call: Call, application: Application) -> list[Similar]:
    names = [application.content.get("group", "")]
    names += re.split(r"[,;\n]| en | and ", application.content.get("groups", ""))
    groups = await call.hub.store.directory.groups()
    return similar(names, _asked_codes(call, application), groups)


async def _same_place(call: Call, application: Application, codes: Sequence[str]) -> list[Application]:
    """Others who are open and asked for the same neighbourhoods."""
    wanted = set(codes)
    return [
        one
        for one in await call.hub.store.applications.open()
        if one.id != application.id and _touches(call, one) and wanted.intersection(one.content.get("codes", ()))
    ]


def _touches(call: Call, application: Application) -> bool:
    return call.bounds.touches(codes_asked(application.content))


def _asked_codes(call: Call, application: Application) -> list[str]:
    """Those of the form, or all of its district."""
    codes: list[str] = list(application.content.get("codes", ()))
    return codes or call.hub.atlas.index.codes_of_district(application.content.get("district", ""))


def _neighbourhoods(call: Call, codes: Sequence[str]) -> list[Neighbourhood]:
    return [one for code in codes if (one := call.hub.atlas.index.get(code)) is not None]


def _places(call: Call, application: Application) -> list[str]:
    """What a list says of where: the district, or neighbourhoods."""
    if application.kind is Kind.ADMIN:
        return [_district(call, application)]
    return [one.name for one in _neighbourhoods(call, application.content.get("codes", ()))]


def _district(call: Call, application: Application) -> str:
    codes = call.hub.atlas.index.codes_of_district(application.content.get("district", ""))
    first = call.hub.atlas.index.get(codes[0]) if codes else None
    return first.district_name if first else ""


def _district_group(call: Call, application: Application) -> tuple[str, list[str]]:
    codes = call.hub.atlas.index.codes_of_district(application.content.get("district", ""))
    first = call.hub.atlas.index.get(codes[0]) if codes else None
    return admin_group_name(first.district_name, first.municipality_name) if first else "", codes


async def _known(call: Call) -> Application:
    given = call.part("id")
    number = int(given) if re.fullmatch(r"[0-9]{1,19}", given) else 1 << 63
    found = await call.hub.store.applications.get(number) if number < 1 << 63 else None
    if found is None or not _touches(call, found):
        raise not_found("application", given)
    return found
