"""What people do on their phones: start the bot, tap, write, react, block, and put the bot into their groups or out of them."""

from __future__ import annotations

import contextlib
import re
from typing import Any

from adapters.telegram.emulator.calls import Calls
from adapters.telegram.emulator.chats import Chat, Message, Phone, Tap, message_json, person_json
from adapters.telegram.emulator.faults import Refused
from adapters.telegram.emulator.methods import Upload
from adapters.telegram.emulator.updates import Updates
from hub.clock import Clock

# ReactionTypeEmoji.emoji: what people can choose from, and so the only signs that ever come.
_SIGNS = """
    ❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓
    👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡"""
REACTIONS = frozenset(_SIGNS.split())
# Bots FAQ, deep linking: at most 64 of these.
LINK = re.compile(r"(?:https?://)?t\.me/\w+\?start=(?P<token>[A-Za-z0-9_-]{1,64})")


class People:
    """The person's side of one bot. `by` is who does it, where a group has several; by default somebody named like the group."""

    def __init__(self, calls: Calls, updates: Updates, clock: Clock) -> None:
        self._calls = calls
        self.updates = updates
        self.clock = clock

    def chat(self, chat_id: int, first_name: str = "Anna", started: bool = True) -> Chat:
        """A person who has started the bot, unless told otherwise (an id below 0: a group it is in)."""
        return self._calls.chats.setdefault(chat_id, Chat(chat_id, first_name, started=started))

    def find(self, chat_id: int) -> Chat | None:
        """Also a person who has not started the bot."""
        with contextlib.suppress(Refused):
            return self._calls.chats.get(chat_id) or self._calls.find(chat_id)
        return None

    def file(self, file_id: str) -> bytes:
        """What was uploaded under this id; nothing if there is none."""
        upload = self._calls.files.get(file_id)
        return upload.content if upload else b""

    def messages(self, chat_id: int) -> list[Message]:
        """What is on that screen, oldest first."""
        chat = self._calls.chats.get(chat_id)
        return list(chat.messages.values()) if chat else []

    def phones(self) -> list[Phone]:
        """Everybody, whoever heard something last first."""
        chats = sorted(self._calls.chats.values(), key=lambda chat: chat.last.at if chat.last else 0, reverse=True)
        return [Phone(chat.id, chat.first_name, chat.unread, chat.last.brief if chat.last else "") for chat in chats]

    def start(self, chat_id: int, token: str = "", first_name: str = "Anna") -> Message:
        """Press Start, as t.me/BOT?start=TOKEN does too."""
        chat = self.chat(chat_id, first_name)
        chat.started = True
        if chat.blocked:
            self.unblock(chat_id)
        return self.reply(chat_id, f"/start {token}".strip(), to_last=False)

    def open_taps(self) -> list[str]:
        """Callback queries that wait for their answer."""
        return list(self._calls.taps)

    def tap(self, chat_id: int, label: str, message_id: int | None = None, by: Chat | None = None) -> bool:
        """Tap the newest button whose label contains these words; False if there is none."""
        wanted = label.lower()
        for message in reversed(self.messages(chat_id)):
            if message_id not in (None, message.message_id):
                continue
            buttons = [one for one in message.buttons() if wanted in one["text"].lower() and "callback_data" in one]
            if buttons:
                exact = next((one for one in buttons if one["text"].lower() == wanted), buttons[0])
                self._tapped(self.chat(chat_id), message, exact, by)
                return True
        return False

    def _tapped(self, chat: Chat, message: Message, button: dict[str, Any], by: Chat | None) -> None:
        query_id = str(4_000_000_000_000 + self._calls.next_message_id())
        self._calls.taps[query_id] = Tap(chat.id, message.message_id, self.clock.now())
        message.tapped, message.toast = button["text"], ""
        self._looked_at(chat)
        query = {
            "id": query_id,
            "from": person_json(by or chat),
            "message": message_json(chat, message, self._calls.bot),
            "chat_instance": str(chat.id * 7919),
            "data": button["callback_data"],
        }
        self.updates.push("callback_query", query)

    def reply(
        self, chat_id: int, text: str, to_last: bool = True, to: int | None = None, by: Chat | None = None
    ) -> Message:
        """Write words; `to_last` swipes on the bot's last message, `to` on that one."""
        chat = self.chat(chat_id)
        if to is None and to_last:
            to = next((one.message_id for one in reversed(chat.messages.values()) if one.from_bot), None)
        message = self._put(chat, text, reply_to=to, by=by)
        self.updates.push("message", message_json(chat, message, self._calls.bot))
        return message

    def photo(self, chat_id: int, content: bytes, caption: str = "", by: Chat | None = None) -> Message:
        """Send a picture."""
        chat = self.chat(chat_id)
        file_id = f"AgACAgQ{len(self._calls.files) + 1:08d}p"
        self._calls.files[file_id] = Upload("photo.jpg", content)
        size = {
            "file_id": file_id,
            "file_unique_id": f"u{file_id}",
            "width": 800,
            "height": 600,
            "file_size": len(content),
        }
        message = self._put(chat, caption, by=by, kind="photo", content={"photo": [size]})
        self.updates.push("message", message_json(chat, message, self._calls.bot))
        return message

    def location(self, chat_id: int, latitude: float, longitude: float, by: Chat | None = None) -> Message:
        """Send a place."""
        chat = self.chat(chat_id)
        place = {"location": {"latitude": latitude, "longitude": longitude}}
        message = self._put(chat, "", by=by, kind="location", content=place)
        self.updates.push("message", message_json(chat, message, self._calls.bot))
        return message

    def rewrite(self, chat_id: int, message_id: int, text: str) -> None:
        """Edit a message of one's own."""
        chat = self.chat(chat_id)
        message = chat.messages[message_id]
        message.text, message.edited_at = text, self.clock.now()
        chat.version += 1
        self.updates.push("edited_message", message_json(chat, message, self._calls.bot))

    def react(self, chat_id: int, sign: str, message_id: int | None = None, by: Chat | None = None) -> None:
        """Set a reaction on the bot's last message or that one, or take it back ('')."""
        if sign and sign not in REACTIONS:
            raise ValueError(f"Telegram has no reaction {sign}")
        chat = self.chat(chat_id)
        last = next(one.message_id for one in reversed(chat.messages.values()) if one.from_bot)
        message = chat.messages[message_id or last]
        before, message.reaction = message.reaction, sign
        self._looked_at(chat)
        told = {"chat": chat.json(), "message_id": message.message_id, "date": self.clock.now() // 1000}
        signs = {"old_reaction": _reactions(before), "new_reaction": _reactions(sign)}
        self.updates.push("message_reaction", {**told, "user": person_json(by or chat), **signs})

    def block(self, chat_id: int) -> None:
        self.chat(chat_id).blocked = True
        self._membership(self.chat(chat_id), "member", "kicked")

    def unblock(self, chat_id: int) -> None:
        self.chat(chat_id).blocked = False
        self._membership(self.chat(chat_id), "kicked", "member")

    # Groups.

    def let_into_groups(self, allowed: bool) -> None:
        """@BotFather's /setjoingroups."""
        self._calls.joins_groups = allowed

    def join(self, group_id: int, title: str, by: int) -> Chat:
        """Somebody puts the bot into their group."""
        group = self.chat(group_id, title)
        group.first_name, group.member = title, True
        who = self.chat(by)
        self._membership(group, "left", "member", who)
        bot = self._calls.bot
        self._service(group, f"{who.first_name} heeft {bot['first_name']} toegevoegd", who, new_chat_members=[bot])
        return group

    def put_out(self, group_id: int, by: int) -> None:
        group = self.chat(group_id)
        group.member = False
        self._membership(group, "member", "kicked", self.chat(by))

    def retitle(self, group_id: int, title: str, by: int) -> None:
        group = self.chat(group_id)
        group.first_name = title
        self._service(group, f"De groep heet nu {title}", self.chat(by), new_chat_title=title)

    def upgrade(self, group_id: int, to: int) -> Chat:
        """The group becomes a supergroup with another id; writing to the old one tells where it went."""
        old = self.chat(group_id)
        new = self.chat(to, old.first_name)
        old.moved_to = to
        self._service(old, "Deze groep is nu een supergroep", None, migrate_to_chat_id=to)
        self._service(new, "Deze groep is nu een supergroep", None, migrate_from_chat_id=group_id)
        return new

    def _service(self, group: Chat, shown: str, by: Chat | None, **content: Any) -> None:
        message = self._put(group, shown, kind="service", content=content, by=by)
        self.updates.push("message", message_json(group, message, self._calls.bot))

    def _membership(self, chat: Chat, before: str, after: str, by: Chat | None = None) -> None:
        def member(status: str) -> dict[str, Any]:
            told = {"user": self._calls.bot, "status": status}
            return {**told, "until_date": 0} if status == "kicked" else told

        change = {"chat": chat.json(), "from": person_json(by or chat), "date": self.clock.now() // 1000}
        self.updates.push(
            "my_chat_member", {**change, "old_chat_member": member(before), "new_chat_member": member(after)}
        )

    def _put(self, chat: Chat, text: str, *, by: Chat | None, **more: Any) -> Message:
        message = Message(self._calls.next_message_id(), self.clock.now(), False, text, author=by, **more)
        chat.messages[message.message_id] = message
        self._looked_at(chat)
        return message

    def _looked_at(self, chat: Chat) -> None:
        chat.version += 1
        chat.unread = 0


def _reactions(sign: str) -> list[dict[str, str]]:
    return [{"type": "emoji", "emoji": sign}] if sign else []
