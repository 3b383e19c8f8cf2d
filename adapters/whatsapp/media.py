"""Pictures at Meta: ours are uploaded once per sender account, their ids kept in memory; people's are fetched."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from io import BytesIO

import aiohttp
from yarl import URL

from adapters.whatsapp.errors import result_of
from adapters.whatsapp.graph import UNREACHABLE, Graph
from hub.channel import LARGEST_PICTURE, Deferred, Picture, Rejected, picture_of
from hub.clock import Clock

# Meta keeps an uploaded medium for 30 days (…/media); a day less, so that no id ends on its way.
KEPT_MS = 29 * 86_400_000


async def fetch(graph: Graph, medium: str) -> Picture | None:
    """The picture a person sent, by the id of its webhook: Meta says where it lies for five minutes, then gives it."""
    if not (medium.isascii() and medium.isdigit()):
        return None
    try:
        answer = await graph.get(graph.at(medium))
        match answer.said:
            case {"url": str(where)} if answer.status == 200:
                content = await graph.download(URL(where), LARGEST_PICTURE)
                return picture_of(content) if content else None
    except (*UNREACHABLE, ValueError):
        pass
    return None


@dataclass(frozen=True, slots=True)
class Upload:
    """A picture's id at Meta. `fresh`: uploaded just now, so if it is refused another upload would be too."""

    id: str
    fresh: bool


class Uploads:
    """One account's pictures. Sends that want the same one wait for the same upload."""

    def __init__(self, graph: Graph, phone_number_id: str, clock: Clock) -> None:
        self._graph = graph
        self._url = graph.at(phone_number_id, "media")
        self._clock = clock
        self._kept: dict[str, tuple[str, int]] = {}
        self._under_way: dict[str, asyncio.Task[str | Deferred | Rejected]] = {}

    async def find(self, picture: Picture) -> Upload | Deferred | Rejected:
        """The picture's id, uploaded if need be; or why there is none."""
        name, until = self._kept.get(picture.digest, ("", 0))
        if until > self._clock.now():
            return Upload(name, fresh=False)
        upload = self._under_way.get(picture.digest)
        if upload is None:
            upload = self._under_way[picture.digest] = asyncio.create_task(self._upload(picture), name="upload")
            upload.add_done_callback(lambda _: self._under_way.pop(picture.digest, None))
        # Shielded: a send that is given up must not take the picture from the others.
        found = await asyncio.shield(upload)
        return Upload(found, fresh=True) if isinstance(found, str) else found

    def forget(self, name: str) -> None:
        """Meta does not know this id any more."""
        self._kept = {digest: kept for digest, kept in self._kept.items() if kept[0] != name}

    def forget_all(self) -> None:
        """Meta could not deliver one of them, and a late failure does not say which."""
        self._kept.clear()

    async def close(self) -> None:
        uploads = list(self._under_way.values())
        for upload in uploads:
            upload.cancel()
        await asyncio.gather(*uploads, return_exceptions=True)

    async def _upload(self, picture: Picture) -> str | Deferred | Rejected:
        form = aiohttp.FormData({"messaging_product": "whatsapp", "type": picture.mime})
        name = "picture.png" if picture.mime == "image/png" else "picture.jpg"
        # As a file: a megabyte of bytes at once would hold up the loop.
        form.add_field("file", BytesIO(picture.content), filename=name, content_type=picture.mime)
        try:
            answer = await self._graph.post(self._url, form, share=0.5)
        except UNREACHABLE:
            return Deferred("upload:no-answer")  # whatever became of it, nobody was sent anything
        match answer.said:
            case {"id": str(found) | int(found)} if answer.status == 200 and found:
                now = self._clock.now()
                self._kept = {digest: kept for digest, kept in self._kept.items() if kept[1] > now}
                self._kept[picture.digest] = str(found), now + KEPT_MS
                return str(found)
        reason = f"upload:{answer.failure.reason}"
        match result_of(answer.failure, attempt=1, retry_after=answer.asked_wait):
            case Deferred(_, retry_after, whole_account):
                return Deferred(reason, retry_after, whole_account)
            case Rejected():
                return Rejected(reason)  # the picture's fault, not the address's
            case _:
                return Deferred(reason)  # perhaps it is there; nobody was sent anything
