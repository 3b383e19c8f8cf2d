"""/coordinator/pages: texts of public pages, looked at before they are kept, and put back to what was shipped."""

from __future__ import annotations

from aiohttp import web

from hub.store.public_texts import ChangedText
from hub.web.calls import Call, onward, refused
from hub.web.forms import Form
from hub.web.languages import LANGUAGES, N_
from hub.web.problems import not_found
from hub.web.texts.markdown import rendered, title_of
from hub.web.texts.show import filled_in
from hub.web.within import only_everywhere

MOST_SIGNS = 50_000
LONGEST_TITLE = 200


async def text_list(call: Call) -> web.Response:
    only_everywhere(call)
    changed = {(one.slug, one.language): one for one in await call.hub.store.public_texts.all()}
    rows = [
        (
            slug,
            language,
            one.title if (one := changed.get((slug, language))) else title_of(_shipped(call, slug, language)),
            one,
        )
        for slug in call.state.texts.slugs
        for language in LANGUAGES
    ]
    return call.show("texts/list", rows=rows)


async def edit_text(call: Call) -> web.Response:
    only_everywhere(call)
    return await _editor(call, Form())


async def change_text(call: Call) -> web.Response:
    """Shows what it would look like, keeps it, or goes back to the text as shipped: as the button says that was pressed."""
    only_everywhere(call)
    slug, language = call.part("slug"), _language(call)
    _shipped(call, slug, language)
    form = await call.form()
    action = form.choice("action", ("preview", "save", "shipped"))
    if action == "shipped":
        if await call.hub.store.public_texts.drop(slug, language):
            await call.changed("text.restored", slug, language=language)
        return onward(_address(slug, language))
    text = form.text("text", most=MOST_SIGNS)
    title = title_of(text)
    if text and not title:
        form.wrong("text", N_("Begin met een titel: een regel met # en een spatie ervoor."))
    elif len(title) > LONGEST_TITLE:
        form.wrong("text", N_("De titel is te lang: houd hem op %(most)s tekens."), most=LONGEST_TITLE)
    if not form.ok:
        return await _editor(call, form, 400)
    if action == "preview":
        return await _editor(call, form, preview=text)
    before = form.shown("changed_at")
    kept = before.isascii() and before.isdecimal() and len(before) < 16
    one = ChangedText(slug, language, title, text, call.now(), call.identity.name)
    if not (kept and await call.hub.store.public_texts.put(one, instead_of=int(before))):
        form.wrong(
            "",
            N_(
                "Iemand anders heeft deze tekst intussen gewijzigd. Kijk of uw wijziging nog klopt en sla haar nog eens op."
            ),
        )
        return await _editor(call, form, 409, preview=text)
    await call.changed("text.changed", slug, language=language, signs=len(text))
    return onward(f"{_address(slug, language)}&saved=true")


async def _editor(call: Call, form: Form, status: int = 200, preview: str = "") -> web.Response:
    slug, language = call.part("slug"), _language(call)
    shipped = _shipped(call, slug, language)
    changed = await call.hub.store.public_texts.get(slug, language)
    preview = filled_in(call, preview)
    # After somebody else's change the mistake says so, and the next try is made knowing it.
    seen = form.shown("changed_at") if form.given and status != 409 else str(changed.changed_at if changed else 0)
    return call.show(
        "texts/edit",
        status,
        form=form,
        slug=slug,
        language=language,
        text=changed.text if changed else shipped,
        changed=changed,
        seen=seen,
        saved=call.parameter("saved") == "true",
        preview_title=title_of(preview),
        preview=rendered(preview) if preview else "",
    )


def _language(call: Call) -> str:
    given = call.parameter("language") or "nl"
    if given not in LANGUAGES:
        raise refused("language", f"give one of: {', '.join(LANGUAGES)}")
    return given


def _shipped(call: Call, slug: str, language: str) -> str:
    text = call.state.texts.get(slug, language)
    if text is None:
        raise not_found("page", slug)
    return text


def _address(slug: str, language: str) -> str:
    return f"/coordinator/pages/{slug}?language={language}"
