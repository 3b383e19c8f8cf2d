"""Whoever wrote to the hub with an e-mail address gets all of it, and is erased from all of it. On both stores."""

from __future__ import annotations

from dataclasses import replace

from hub.domain import Admin, Group
from hub.store import registry_tables as tables
from hub.store.applications import Decision, Kind, NewApplication, State
from hub.store.consents import Consent, Of, What
from hub.store.contact_requests import Asked
from hub.store.database import Store
from hub.store.model import Table
from hub.store.own_data import SECRET
from tests.store.test_signs_kept import LETTER, STREET, WEEK_AGO, asked
from tests.store.world import HOUR, START

ELS = "els@voorbeeld.nl"
YEAR = 365 * 24 * HOUR
APPLIED = NewApplication(Kind.STARTING, "nl", "Els", ELS, {"remark": "Hier woon ik"}, "c" * 64)
CONTACT = Asked(7, "nl", "Els", ELS, "0612345678", "Mag ik erbij?")


async def test_every_table_with_an_address_that_a_visitor_gave_is_in_it(store: Store) -> None:
    addressed = {
        model._meta.db_table
        for model in vars(tables).values()
        if isinstance(model, type) and issubclass(model, Table) and model is not Table
        if {"email", "recipient"} & set(model._meta.fields_map) and model._meta.db_table != "staff"
    }
    assert addressed | {"consent"} == set(await store.visitors.everything(ELS))


async def test_all_that_somebody_wrote_is_given_to_them_and_nothing_of_others(store: Store) -> None:
    await asked(store)
    await store.signs.put(replace(STREET, email="other@voorbeeld.nl", confirm_hash="b" * 64), LETTER, START)
    application = await store.applications.put(APPLIED, START)
    await store.consents.put(Consent(Of.APPLICATION, application, What.TERMS, True, "page", "nl", START))
    await store.contact_requests.put(CONTACT, "d" * 64, START)
    held = await store.visitors.everything(" ELS@Voorbeeld.nl ")
    assert {table: len(rows) for table, rows in held.items()} == {
        "application": 1,
        "sign": 1,
        "contact_request": 1,
        "mail": 1,
        "consent": 1,
    }
    assert "0612345678" in str(held) and "other@" not in str(held)
    assert not any(name in row for rows in held.values() for row in rows for name in SECRET)


async def test_erased_is_gone_from_every_table_but_a_sign_that_will_stand_stays(store: Store) -> None:
    planned, _ = await asked(store), await store.signs.put(replace(STREET, confirm_hash="b" * 64), LETTER, START)
    await tables.Sign.filter(id=planned.id).update(state="planned")
    await store.applications.put(APPLIED, START)
    await store.contact_requests.put(CONTACT, "d" * 64, START)
    gone = await store.visitors.erase("Els@voorbeeld.NL", START)
    assert gone == {"application": 1, "sign": 2, "contact_request": 1, "mail": 2}
    assert not any((await store.visitors.everything(ELS)).values())
    left = await tables.Sign.get(id=planned.id)
    assert (left.place, left.name, left.email, left.remark) == ("Hoek", "", "", "")
    assert await tables.Sign.all().count() == 1 and await store.mails.waiting() == 0


async def test_nobody_is_meant_by_an_empty_address(store: Store) -> None:
    await asked(store)
    await store.signs.erase_people(START + YEAR, START)
    assert not any((await store.visitors.everything("")).values())
    assert not any((await store.visitors.erase(" ", START)).values())


async def test_what_an_applicant_agreed_to_goes_with_them_when_they_become_admin_and_ends_with_them(
    store: Store,
) -> None:
    application = await store.applications.put(APPLIED, START)
    await store.consents.put(Consent(Of.APPLICATION, application, What.TERMS, True, "page", "nl", START))
    await store.applications.confirm(APPLIED.confirm_hash, START, since=WEEK_AGO)
    taken = await store.applications.accept(
        application,
        Decision(State.ACCEPTED, "Gemeente"),
        Admin(0, "Els", "nl", (), ()),
        START,
        make=[Group(0, "Noord", "whatsapp", 10, ("BU1",))],
    )
    assert taken is not None and taken.admin_id is not None
    (agreed,) = await store.consents.of(Of.ADMIN, taken.admin_id)
    assert (agreed.what, agreed.given, agreed.via, agreed.at) == (What.TERMS, True, "page", START)
    assert await store.visitors.admins(ELS) == [taken.admin_id]
    assert await store.consents.erase(START + YEAR, START) == 0, "an admin's stays as long as they are one"
    await store.directory.delete_admin(taken.admin_id)
    assert await store.consents.erase(START, START) == 1
    assert await store.consents.of(Of.ADMIN, taken.admin_id) == []


async def test_what_was_agreed_to_on_a_form_ends_after_its_term(store: Store) -> None:
    await store.consents.put(Consent(Of.CONTACT, 5, What.TERMS, True, "page", "en", START))
    assert await store.consents.erase(START - 1, START) == 0
    assert await store.consents.erase(START, START) == 1
