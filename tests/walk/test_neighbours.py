"""A neighbour report from end to end: sent by message, looked at, passed on over the messengers, and its reporter told."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from hub.settings import Registry
from tests.walk.test_conversations import holds, on_telegram, on_whatsapp
from tests.walk.world import until, walking

ROWS = [
    "West,whatsapp,180,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,1",
    "Oost,telegram,210,BU06370301,Bram Jansen,nl,telegram,700001,1",
]
SEEN = "Twee mensen voelen aan voordeuren in de Dorpsstraat"


async def test_what_an_admin_saw_reaches_the_group_next_door_and_never_as_the_police(tmp_path: Path) -> None:
    async with walking(tmp_path, ROWS, registry=Registry(neighbour_reports=True)) as walk:
        walk.telegram.chat(700001, "Bram")
        walk.telegram.reply(700001, f"Buren: {SEEN}")
        noted = await holds(lambda: on_telegram(walk))
        assert "Bel 112" in noted[-1].text and "bekijkt haar eerst" in noted[-1].text
        (report,) = await until(lambda: walk.hub.store.neighbour_reports.waiting(10))
        assert not on_whatsapp(walk), "nothing goes out before somebody looked"

        url = f"{walk.url}/console/neighbour-reports/{report.id}"
        fields = urlencode(
            {"decision": "pass", "text": SEEN, "place": "Dorpsstraat", "codes": ["BU06370300", "BU06370301"]},
            doseq=True,
        )
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        async with walk.session.post(url, data=fields, headers=form, allow_redirects=False) as answer:
            assert answer.status == 303

        (bubble,) = await holds(lambda: on_whatsapp(walk))
        text = bubble.content.text
        assert text.startswith("*Bericht van buren, niet van de politie*") and SEEN in text
        told = await holds(lambda: [one for one in on_telegram(walk) if "doorgegeven aan groepen" in one.text])
        kept = await walk.hub.store.neighbour_reports.find(report.id)
        assert kept is not None and kept.alert_id in told[0].text
        assert [one["adminName"] for one in await walk.deliveries({"id": kept.alert_id})] == ["Anna de Vries"]

        proof = f"{walk.url}/a/{kept.alert_id}"
        async with aiohttp.ClientSession() as resident, resident.get(proof, headers={"Accept-Language": "nl"}) as page:
            assert "Melding van buren, niet van de politie." in await page.text()


async def test_a_message_gets_a_link_and_the_link_a_page(tmp_path: Path) -> None:
    async with walking(tmp_path, ROWS) as walk:
        walk.telegram.chat(700001, "Bram")
        walk.telegram.reply(700001, "Pagina")
        (told,) = await holds(lambda: on_telegram(walk))
        link = next(word for word in told.text.split() if word.startswith(f"{walk.url}/mine/"))
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser,
            browser.post(link, headers={"Origin": walk.url}) as page,
        ):
            assert page.status == 200 and "Dag Bram Jansen" in await page.text()
