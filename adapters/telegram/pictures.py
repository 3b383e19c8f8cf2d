"""The pictures of alerts: uploaded once a bot, after that named by the file_id Telegram gave; refused ones are not tried again."""

from __future__ import annotations

from telegram import InputFile, Message

from hub.channel import Picture

# Alerts with a picture that are relayed at the same time, and room to spare. Forgetting costs one more upload.
KEPT = 1000


class Pictures:
    """By digest, in memory. A file_id holds for the bot that got it only, so each channel has its own."""

    def __init__(self) -> None:
        self._file_ids: dict[str, str] = {}
        self._refused: set[str] = set()

    def usable(self, picture: Picture | None) -> Picture | None:
        """None for a picture that Telegram does not take: the alert then goes without it."""
        return None if picture is None or picture.digest in self._refused else picture

    def file(self, picture: Picture) -> InputFile | str:
        file_id = self._file_ids.get(picture.digest)
        return file_id or InputFile(picture.content, filename=f"alert.{picture.mime.rpartition('/')[2]}")

    def sent(self, picture: Picture, message: Message) -> None:
        """Telegram tells a picture in several sizes, smallest first."""
        if message.photo:
            if len(self._file_ids) >= KEPT:
                self._file_ids.clear()
            self._file_ids[picture.digest] = message.photo[-1].file_id

    def refused(self, picture: Picture) -> None:
        """By its file_id: the next try uploads it again. Uploaded: there is no next try with it."""
        if self._file_ids.pop(picture.digest, None) is None:
            if len(self._refused) >= KEPT:
                self._refused.clear()
            self._refused.add(picture.digest)
