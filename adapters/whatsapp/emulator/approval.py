"""The templates registered with the emulated business account, and what Meta's reviewers make of them.

A test decides: `verdict` is what new ones get, `set` changes one. Rules and words as quoted by users of the real API.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from adapters.whatsapp.definitions import Definition, Definitions, definition_of
from adapters.whatsapp.emulator.strictness import Refusal

_NAME = re.compile(r"[a-z0-9_]{1,512}", re.ASCII)
_SLOT = re.compile(r"\{\{(\d+)\}\}")
CATEGORIES = ("AUTHENTICATION", "MARKETING", "UTILITY")
# …/templates/time-to-live, for utility.
SHORTEST_TTL, LONGEST_TTL = 30, 43_200
# Templates a verified business account may have.
LIMIT = 6000
FIRST_ID = 594_425_479_261_596


@dataclass(slots=True)
class Registered:
    """One template in one language. Mutable: reviewers change their minds."""

    id: str
    given: dict[str, Any] = field(repr=False)
    status: str = "APPROVED"
    rejected_reason: str = "NONE"

    def told(self) -> dict[str, Any]:
        return {**self.given, "id": self.id, "status": self.status, "rejected_reason": self.rejected_reason}


class Templates:
    """Every template of the business account. `category`: what Meta makes of the category asked for, None to keep it."""

    def __init__(self, definitions: Definitions) -> None:
        self.verdict = "PENDING"
        self.category: str | None = None
        self._registered: dict[tuple[str, str], Registered] = {}
        for one in definitions.values():
            self._keep(dict(one.given), "APPROVED")

    def set(self, name: str, language: str, status: str, **changed: Any) -> None:
        """What a reviewer, or Meta's machine, decides; `changed`: other fields, as if edited in WhatsApp Manager."""
        one = self._registered[name, language]
        one.status = status
        one.rejected_reason = str(changed.pop("rejected_reason", "NONE"))
        one.given |= changed

    def remove(self, name: str, language: str) -> None:
        del self._registered[name, language]

    def approve_all(self) -> None:
        for one in self._registered.values():
            one.status = "APPROVED"

    def find(self, name: str, language: str) -> Definition:
        """The template a message asks for; raises Refusal."""
        one = self._registered.get((name, language))
        if one is None or one.status in ("PENDING", "REJECTED"):
            raise Refusal(132001, f"template name ({name}) does not exist in {language}")
        if one.status == "PAUSED":
            raise Refusal(132015, "Template is paused due to low quality")
        if one.status == "DISABLED":
            raise Refusal(132016, "Template was paused too many times and is now disabled")
        return definition_of(one.given)

    def register(self, body: dict[str, Any]) -> dict[str, Any]:
        """POST /{business account}/message_templates."""
        name, language, category = body.get("name"), body.get("language"), body.get("category")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise _wrong("Name is invalid", "Only lowercase letters, digits and underscores", 2388002)
        if not isinstance(language, str) or not language:
            raise Refusal(100, message="(#100) The parameter language is required.")
        if category not in CATEGORIES:
            raise Refusal(100, message=f"(#100) Param category must be one of {{{', '.join(CATEGORIES)}}}")
        if (name, language) in self._registered:
            raise _wrong(
                "Content in This Language Already Exists",
                f"There is already {language} content for this template. You can create a new template and try again.",
                2388024,
            )
        _check_components(body.get("components"))
        ttl = body.get("message_send_ttl_seconds")
        if ttl is not None and not (isinstance(ttl, int) and SHORTEST_TTL <= ttl <= LONGEST_TTL):
            raise Refusal(100, message="(#100) Param message_send_ttl_seconds must be between 30 and 43200")
        given = {key: value for key, value in body.items() if key != "allow_category_change"}
        if self.category is not None and self.category != category:
            # A template that is put into another category loses its time to live.
            given = {key: value for key, value in given.items() if key != "message_send_ttl_seconds"}
            given["category"] = self.category
        one = self._keep(given, self.verdict)
        return {"id": one.id, "status": one.status, "category": one.given["category"]}

    def page(self, query: Any) -> dict[str, Any]:
        """GET /{business account}/message_templates, a page at a time."""
        limit = int(query.get("limit", 25))
        after = int(query.get("after") or 0)
        found = [one for one in self._registered.values() if query.get("name", "") in one.given["name"]]
        fields = {"id", *query.get("fields", "name,components,language,status,category").split(",")}
        listed = [
            {key: value for key, value in one.told().items() if key in fields} for one in found[after : after + limit]
        ]
        paging: dict[str, Any] = {"cursors": {"before": str(after), "after": str(after + len(listed))}}
        if after + limit < len(found):
            paging["next"] = "https://graph.facebook.com/not-to-be-used?access_token=secret"
        answer = {"data": listed} | ({"paging": paging} if listed else {})
        if "summary" in query:
            counts = dict.fromkeys(("total_count", "message_template_count"), len(found))
            answer["summary"] = {**counts, "message_template_limit": LIMIT, "are_translations_complete": True}
        return answer

    def _keep(self, given: dict[str, Any], status: str) -> Registered:
        one = Registered(str(FIRST_ID + len(self._registered)), given, status)
        self._registered[given["name"], given["language"]] = one
        return one


def _check_components(components: Any) -> None:
    if not isinstance(components, list) or not all(isinstance(one, dict) for one in components):
        raise Refusal(100, message="(#100) The parameter components is required.")
    pieces = {str(one.get("type")).upper(): one for one in components}
    text = pieces.get("BODY", {}).get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= 1024:
        raise _wrong("Message template component error", "The body has 1 to 1024 characters", 2388040)
    slots = [int(slot) for slot in _SLOT.findall(text)]
    if slots != list(range(1, len(slots) + 1)):
        raise _wrong("Invalid parameter", "Variables must be {{1}}, {{2}} and so on, in order", 2388023)
    if slots:
        bare = text.strip(" .,;:!?*_~\n")
        if bare.startswith("{{") or bare.endswith("}}"):
            raise _wrong("Invalid format", "Variables can't be at the start or end of the template", 2388299)
        if len(_SLOT.sub("", text).split()) < 2 * len(slots) + 1:
            raise _wrong("Invalid format", "This template has too many variables for its length", 2388293)
        example = pieces["BODY"].get("example", {}).get("body_text")
        if not (isinstance(example, list) and example and len(example[0]) == len(slots)):
            raise _wrong("Invalid parameter", "Every variable needs an example", 2388043)
    footer = pieces.get("FOOTER", {}).get("text", "")
    if len(footer) > 60 or _SLOT.search(footer):
        raise _wrong("Message template component error", "The footer has at most 60 characters, no variables", 2388040)
    for button in pieces.get("BUTTONS", {}).get("buttons", []):
        if not 1 <= len(str(button.get("text", ""))) <= 25:
            raise _wrong("Message template component error", "A button has 1 to 25 characters", 2388040)


def _wrong(title: str, words: str, subcode: int) -> Refusal:
    return Refusal(100, message="Invalid parameter", subcode=subcode, user=(title, words))
