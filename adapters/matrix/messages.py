"""What we put into a room: the content of the event for each part of an alert. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from hub.channel import Action, Outbound, Part, Picture
from hub.domain import AckKind

SIGNS: Final = {AckKind.RECEIVED: "✅", AckKind.FORWARDED: "📣", AckKind.CANNOT: "❌"}
_ENDING: Final = {"image/jpeg": "jpg", "image/png": "png"}

Content = dict[str, Any]


def transaction(outbound: Outbound) -> str:
    """The homeserver makes one event of a transaction id, however often it comes from our device."""
    return "-".join(["buurtsein", str(outbound.delivery_id), *([outbound.part] if outbound.part else [])])


def content(outbound: Outbound, media: Content) -> Content | None:
    """`media`: where the picture lies, as `uploaded` says. None if the outbound lacks what its part needs."""
    wording = outbound.wording
    match outbound.part:
        case Part.MESSAGE:
            return _answering(text(with_signs(wording.text, outbound.actions)), outbound.reply_to)
        case Part.POST:
            return _answering(text(wording.text), outbound.reply_to)
        case Part.PICTURE:
            return None if wording.picture is None else _answering(_image(wording.picture, media), outbound.reply_to)
        case Part.LOCATION:
            scene = wording.location
            if scene is None:
                return None
            uri = f"geo:{scene.latitude:.6f},{scene.longitude:.6f}"
            place = {"msgtype": "m.location", "body": _whole(f"{scene.name} ({uri})"), "geo_uri": uri}
            return _answering(place, outbound.reply_to)
        case Part.AMEND:
            if not outbound.reply_to:
                return None
            new = text(with_signs(wording.text, outbound.actions))
            edited = {"rel_type": "m.replace", "event_id": outbound.reply_to}
            # The asterisk is what clients that know no edits show before the second version.
            return {**new, "body": "* " + new["body"], "m.new_content": new, "m.relates_to": edited}


def text(body: str) -> Content:
    """Plain text: links become links by themselves, and no text can break it. A formatted body would gain nothing."""
    return {"msgtype": "m.text", "body": _whole(body)}


def with_signs(body: str, actions: Sequence[Action]) -> str:
    """Matrix has no buttons: the last line tells which sign to react with."""
    signs = "   ".join(f"{SIGNS[action.kind]} {action.label}" for action in actions)
    return f"{body}\n\n{signs}" if signs else body


def name_of(picture: Picture) -> str:
    return f"{picture.digest[:8]}.{_ENDING.get(picture.mime, 'bin')}"


def _image(picture: Picture, media: Content) -> Content:
    name = name_of(picture)
    info = {"mimetype": picture.mime, "size": len(picture.content)}
    return {"msgtype": "m.image", "body": name, "filename": name, "info": info, **media}


def _answering(event: Content, reply_to: str | None) -> Content:
    if reply_to:
        event["m.relates_to"] = {"m.in_reply_to": {"event_id": reply_to}}
    return event


def _whole(given: str) -> str:
    """Half an emoji (a lone surrogate) is refused by homeservers; it becomes U+FFFD."""
    return given.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
