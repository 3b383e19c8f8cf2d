"""Pages of text: shipped in both languages, changed by a coordinator, and harmless whatever somebody writes."""

from __future__ import annotations

import html
import re

import pytest
from aiohttp import ClientResponse

from hub.domain import Role
from hub.web.texts.markdown import rendered, title_of
from hub.web.texts.shipped import Shipped
from tests.web.test_pages import OURS, post_form, sign_in
from tests.web.world import World

SLUGS = ("huisregels", "over", "privacy", "tips", "toegankelijkheid")
HOUSE_RULES = "/coordinator/pages/huisregels?language=nl"
HARMFUL = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:x)",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "<javascript:alert(1)>",
    "![x](https://evil.example/who-reads-this.png)",
    "![x][1]\n\n[1]: https://evil.example/a.png",
    '<img src=x onerror="alert(1)">',
    '<a href="x" onclick="alert(1)">x</a>',
    '[x](https://a.example "\\" onmouseover=alert(1)")',
    "<iframe src=https://evil.example></iframe>",
    "`<script>`",
    "    <script>alert(1)</script>",
    "| a |\n|---|\n| <b onclick=x> |",
]


async def text(world: World, slug: str, query: str = "") -> str:
    response = await world.get(f"/pages/{slug}{query}", None)
    assert response.status == 200
    return await response.text()


async def save(world: World, cookie: dict[str, str], written: str, action: str = "save", **more: str) -> ClientResponse:
    page = await (await world.get(HOUSE_RULES, None, headers=cookie)).text()
    (seen,) = re.findall(r'name="changed_at" value="(\d+)"', page)
    fields = {"text": written, "action": action, "changed_at": seen, **more}
    return await post_form(world, HOUSE_RULES, fields, {**OURS, **cookie})


@pytest.mark.parametrize("slug", SLUGS)
async def test_each_page_is_shipped_in_dutch_and_english(world: World, slug: str) -> None:
    dutch, english = await text(world, slug), await text(world, slug, "?lang=en")
    titles = [re.findall(r"<h1>(.*?)</h1>", one) for one in (dutch, english)]
    assert all(len(found) == 1 for found in titles) and dutch != english
    assert all("{hours}" not in one and "noindex" not in one for one in (dutch, english))


def test_what_is_shipped_leads_to_pages_that_there_are() -> None:
    shipped = Shipped()
    assert shipped.slugs == SLUGS
    for slug in SLUGS:
        for language in ("nl", "en"):
            for link in re.findall(r"\]\((.*?)\)", shipped.get(slug, language) or ""):
                assert link in ("/", "/open-data") or link.removeprefix("/pages/") in SLUGS, (slug, link)


async def test_privacy_says_the_hours_that_are_set(world: World) -> None:
    assert "24 uur na het einde" in await text(world, "privacy")


async def test_a_page_there_is_not_is_not_found(world: World) -> None:
    for slug in ("nothing", "..%2F..%2Fhub.toml", "nl"):
        assert (await world.get(f"/pages/{slug}", None)).status == 404


@pytest.mark.parametrize("written", HARMFUL)
def test_markdown_runs_nothing_and_fetches_nothing(written: str) -> None:
    made = str(rendered(f"# Titel\n\n{written}"))
    tags = re.findall(r"<[a-z][^>]*>", made)
    assert not [tag for tag in tags if re.search(r"<(script|img|iframe|b\b)|\son\w+=", re.sub('"[^"]*"', '""', tag))], (
        made
    )
    assert not re.search(r'href="(?!https?://|mailto:|tel:|/[^/\\]|#)', made), made


def test_markdown_keeps_what_is_meant() -> None:
    made = str(
        rendered(
            "# T\n\n## Kop\n\n- **vet** [a](/pages/tips) [b](https://politie.nl) [c](tel:112)\n\n| a |\n|---|\n| b |"
        )
    )
    for piece in (
        "<h2>Kop</h2>",
        "<strong>vet</strong>",
        'href="/pages/tips"',
        'href="https://politie.nl"',
        "<td>b</td>",
    ):
        assert piece in made
    assert "<h1>" not in made, "the title is the page's own"
    assert title_of("\n# Een titel #\n") == "Een titel" and title_of("## geen titel") == title_of("tekst") == ""


async def test_a_coordinator_changes_a_page_and_it_is_noted_without_what_it_says(world: World) -> None:
    cookie = await sign_in(world, Role.COORDINATOR)
    page = await (await world.get("/coordinator/pages", None, headers=cookie)).text()
    assert page.count("zoals geleverd") == 2 * len(SLUGS)
    response = await save(world, cookie, "# Onze regels\n\nWees **aardig**.")
    assert response.status == 303
    page = await (await world.get(response.headers["Location"], None, headers=cookie)).text()
    assert "Opgeslagen." in page
    page = await text(world, "huisregels")
    assert "<h1>Onze regels</h1>" in page and "<strong>aardig</strong>" in page and "Gewijzigd op" in page
    assert "SAAR" in await text(world, "huisregels", "?lang=en"), "the other language stays as it was"
    assert "De coordinator" in await (await world.get("/coordinator/pages", None, headers=cookie)).text()
    (change,) = await world.hub.store.audit.page(1 << 62, 10, "text.")
    assert (change.kind, change.subject, change.who) == ("text.changed", "huisregels", "id-coordinator")
    assert "aardig" not in str(change.what)


async def test_looking_at_it_first_keeps_what_was_typed_and_stores_nothing(world: World) -> None:
    cookie = await sign_in(world, Role.COORDINATOR)
    response = await save(world, cookie, "# Voorproef\n\n*schuin* </textarea><script>", "preview")
    page = await response.text()
    assert response.status == 200 and "<em>schuin</em>" in page and "nog niet opgeslagen" in page
    assert html.escape("*schuin* </textarea><script>") in page
    assert "Voorproef" not in await text(world, "huisregels")


async def test_back_to_what_was_shipped(world: World) -> None:
    cookie = await sign_in(world, Role.COORDINATOR)
    await save(world, cookie, "# Onze regels")
    assert (await save(world, cookie, "", "shipped")).status == 303
    assert "SAAR" in await text(world, "huisregels")
    assert [one.kind for one in await world.hub.store.audit.page(1 << 62, 10, "text.")] == [
        "text.restored",
        "text.changed",
    ]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("zonder titel", "Begin met een titel"),
        ("", "Vul dit in"),
        ("# " + "t" * 201, "De titel is te lang"),
        ("# a\x00", "geen tekst"),
    ],
)
async def test_a_mistake_is_told_and_nothing_is_lost(world: World, written: str, says: str) -> None:
    cookie = await sign_in(world, Role.COORDINATOR)
    response = await save(world, cookie, written)
    page = await response.text()
    assert (
        response.status == 400 and says in page and html.escape(written.replace("\x00", "")) in page.replace("\x00", "")
    )
    assert "SAAR" in await text(world, "huisregels")


async def test_of_two_who_change_it_at_once_the_second_is_told(world: World) -> None:
    cookie = await sign_in(world, Role.COORDINATOR)
    assert (await save(world, cookie, "# Eerst")).status == 303
    late = await save(world, cookie, "# Daarna", changed_at="0")
    page = await late.text()
    assert late.status == 409 and "Iemand anders" in page and "# Daarna" in page
    (seen,) = re.findall(r'name="changed_at" value="(\d+)"', page)
    assert (await save(world, cookie, "# Daarna", changed_at=seen)).status == 303, "knowing it, it may be kept"
    assert "<h1>Daarna</h1>" in await text(world, "huisregels")


async def test_only_pages_that_were_shipped_can_be_changed(world: World) -> None:
    cookie = await sign_in(world, Role.COORDINATOR)
    for path, status in (("nothing?language=nl", 404), ("huisregels?language=de", 400)):
        address = f"/coordinator/pages/{path}"
        assert (await world.get(address, None, headers=cookie)).status == status
        assert (await post_form(world, address, {"text": "# a", "action": "save"}, {**OURS, **cookie})).status == status
