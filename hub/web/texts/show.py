"""/pages/{slug}: a page of text, as a coordinator changed it or as shipped."""

from __future__ import annotations

from aiohttp import web

from hub.web.calls import Call
from hub.web.problems import not_found
from hub.web.texts.markdown import rendered, title_of


async def text_page(call: Call) -> web.Response:
    slug, language = call.part("slug"), call.language
    shipped = call.state.texts.get(slug, language)
    if shipped is None:
        raise not_found("page", slug)
    changed = await call.hub.store.public_texts.get(slug, language)
    text = filled_in(call, changed.text if changed else shipped)
    return call.show(
        "texts/page", title=title_of(text), text=rendered(text), changed_at=changed.changed_at if changed else None
    )


def filled_in(call: Call, text: str) -> str:
    """What a setting decides stands in a text as {hours}: so the privacy page cannot say other than what the hub does."""
    return text.replace("{hours}", f"{call.hub.settings.retention.hours:g}")
