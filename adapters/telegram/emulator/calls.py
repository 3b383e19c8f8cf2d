"""What each method does once its parameters are known to be right: parameters in, `result` out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from adapters.telegram.emulator.chats import Chat, Message, Tap, message_json
from adapters.telegram.emulator.entities import Entity, formatted, utf16_length
from adapters.telegram.emulator.faults import bad_request
from adapters.telegram.emulator.methods import Given, Upload
from adapters.telegram.emulator.updates import Updates
from hub.clock import Clock

Call = Callable[[Given], Awaitable[Any]]
# Milliseconds a tap can be answered. Telegram publishes no number; the real one is of this order.
TAP_LIFE = 60_000
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
# Bot API, getFile.
LARGEST_DOWNLOAD = 20 << 20
# sendChatAction.
ACTIONS = {"typing", "find_location", "choose_sticker"} | {
    f"{verb}_{what}"
    for verb, whats in {
        "upload": ("photo", "video", "voice", "document", "video_note"),
        "record": ("video", "voice", "video_note"),
    }.items()
    for what in whats
}


class Calls:
    """The bot's side of the chats. `open_door`: any number is the chat of somebody who has started the bot."""

    def __init__(self, bot: dict[str, Any], clock: Clock, updates: Updates, open_door: bool) -> None:
        self.chats: dict[int, Chat] = {}
        self.taps: dict[str, Tap] = {}
        self.commands: list[dict[str, Any]] = []
        # What was uploaded, by file_id.
        self.files: dict[str, Upload] = {}
        self.bot = bot
        self.open_door = open_door
        self.joins_groups = True
        self._clock = clock
        self._updates = updates
        self._last_message_id = 0
        self.by_method: Mapping[str, Call] = {
            "getMe": self._get_me,
            "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": self._get_webhook_info,
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "sendLocation": self._send_location,
            "sendVenue": self._send_location,
            "editMessageText": self._edit_text,
            "editMessageCaption": self._edit_caption,
            "editMessageReplyMarkup": self._edit_reply_markup,
            "deleteMessage": self._delete_message,
            "answerCallbackQuery": self._answer_tap,
            "getChat": self._get_chat,
            "getFile": self._get_file,
            "setMyCommands": self._set_my_commands,
            "sendChatAction": self._send_chat_action,
        }

    def find(self, chat_id: int | str) -> Chat:
        """Raises Refused: chat not found."""
        if not isinstance(chat_id, int):
            raise bad_request("chat not found")
        chat = self.chats.get(chat_id)
        if chat is None and self.open_door:
            chat = self.chats[chat_id] = Chat(chat_id, f"Beheerder {chat_id}")
        if chat is None or not chat.started:
            raise bad_request("chat not found")
        return chat

    def next_message_id(self) -> int:
        self._last_message_id += 1
        return self._last_message_id

    async def _get_me(self, given: Given) -> Any:
        return {
            **self.bot,
            "can_join_groups": self.joins_groups,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }

    async def _get_updates(self, given: Given) -> Any:
        self._updates.allow(given.get("allowed_updates"))
        return await self._updates.poll(given.get("offset", 0), given.get("limit", 100), given.get("timeout", 0))

    async def _set_webhook(self, given: Given) -> Any:
        self._updates.allow(given.get("allowed_updates"))
        self._drop_if_asked(given)
        self._updates.hook(given.get("url", ""), given.get("secret_token", ""))
        return True

    async def _delete_webhook(self, given: Given) -> Any:
        self._drop_if_asked(given)
        self._updates.hook("", "")
        return True

    def _drop_if_asked(self, given: Given) -> None:
        if given.get("drop_pending_updates"):
            self._updates.pending.clear()

    async def _get_webhook_info(self, given: Given) -> Any:
        return self._updates.hook_info()

    async def _send_message(self, given: Given) -> Any:
        return self._deliver(given, "text", _text(given, "text", 4096), {})

    async def _send_photo(self, given: Given) -> Any:
        caption = _text(given, "caption", 1024)
        photo = given["photo"]
        if isinstance(photo, Upload):
            if not photo.content.startswith(PICTURES):
                raise bad_request("IMAGE_PROCESS_FAILED")
            file_id, file = f"AgACAgQ{len(self.files) + 1:08d}", photo
        elif photo in self.files:
            file_id, file = photo[:-1], self.files[photo]
        else:
            raise bad_request("wrong file identifier/HTTP URL specified")
        # Each size has an id of its own; all lead to the same picture.
        sizes = [
            {"file_id": f"{file_id}{size}", "file_unique_id": f"u{file_id}{size}", "width": width, "height": width}
            for size, width in (("s", 90), ("x", 800))
        ]
        message = self._deliver(given, "photo", caption, {"photo": [{**one, "file_size": file.size} for one in sizes]})
        self.files |= {str(one["file_id"]): file for one in sizes}
        return message

    async def _send_location(self, given: Given) -> Any:
        location = {"latitude": given["latitude"], "longitude": given["longitude"]}
        if "title" not in given:
            return self._deliver(given, "location", ("", []), {"location": location})
        venue = {"location": location, "title": given["title"], "address": given["address"]}
        return self._deliver(given, "venue", ("", []), {"venue": venue, "location": location})

    def _deliver(self, given: Given, kind: str, text: tuple[str, list[Entity]], content: dict[str, Any]) -> Any:
        chat = self.find(given["chat_id"])
        chat.check_open()
        message = Message(self.next_message_id(), self._clock.now(), True, text[0], kind, text[1], content=content)
        message.silent = given.get("disable_notification", False)
        message.keyboard = given.get("reply_markup", {}).get("inline_keyboard", [])
        if "reply_parameters" in given:
            wanted = given["reply_parameters"]
            if wanted["message_id"] in chat.messages:
                message.reply_to = wanted["message_id"]
            elif not wanted.get("allow_sending_without_reply"):
                raise bad_request("message to be replied not found")
        chat.messages[message.message_id] = message
        chat.unread += 1
        chat.version += 1
        return message_json(chat, message, self.bot)

    async def _edit_text(self, given: Given) -> Any:
        if "text" not in given:
            raise bad_request("message text is empty")
        chat, message = self._editable(given)
        if message.kind != "text":
            raise bad_request("there is no text in the message to edit")
        return self._edit(chat, message, _text(given, "text", 4096), given)

    async def _edit_caption(self, given: Given) -> Any:
        chat, message = self._editable(given)
        if message.kind != "photo":
            raise bad_request("there is no caption in the message to edit")
        return self._edit(chat, message, _text(given, "caption", 1024), given)

    async def _edit_reply_markup(self, given: Given) -> Any:
        chat, message = self._editable(given)
        return self._edit(chat, message, (message.text, message.entities), given)

    def _editable(self, given: Given) -> tuple[Chat, Message]:
        if "inline_message_id" in given:
            raise bad_request("MESSAGE_ID_INVALID")
        if "chat_id" not in given:
            raise bad_request("chat_id is empty")
        if "message_id" not in given:
            raise bad_request("message identifier is not specified")
        chat = self.find(given["chat_id"])
        chat.check_open()
        message = chat.message(given["message_id"], "message to edit not found")
        if not message.from_bot:
            raise bad_request("message can't be edited")
        return chat, message

    def _edit(self, chat: Chat, message: Message, text: tuple[str, list[Entity]], given: Given) -> Any:
        # An edit without keyboard takes the keyboard away, as the real one does.
        rows = given.get("reply_markup", {}).get("inline_keyboard", [])
        if (*text, rows) == (message.text, message.entities, message.keyboard):
            raise bad_request(NOT_MODIFIED)
        message.text, message.entities, message.keyboard = *text, rows
        message.edited_at = self._clock.now()
        chat.version += 1
        return message_json(chat, message, self.bot)

    async def _delete_message(self, given: Given) -> Any:
        chat = self.find(given["chat_id"])
        chat.message(given["message_id"], "message to delete not found")
        del chat.messages[given["message_id"]]
        chat.version += 1
        return True

    async def _answer_tap(self, given: Given) -> Any:
        tap = self.taps.pop(given["callback_query_id"], None)
        if tap is None or self._clock.now() - tap.at > TAP_LIFE:
            raise bad_request(TOO_OLD)
        chat = self.chats[tap.chat_id]
        if tap.message_id in chat.messages:
            chat.messages[tap.message_id].toast = given.get("text", "")
            chat.version += 1
        return True

    async def _get_chat(self, given: Given) -> Any:
        # ChatFullInfo has more required fields than Chat.
        required = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": GIFTS}
        return {**self.find(given["chat_id"]).json(), **required}

    async def _get_file(self, given: Given) -> Any:
        file_id = given["file_id"]
        if file_id not in self.files:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        size = self.files[file_id].size
        if size > LARGEST_DOWNLOAD:
            raise bad_request("file is too big")
        return {
            "file_id": file_id,
            "file_unique_id": f"u{file_id}",
            "file_size": size,
            "file_path": f"photos/{file_id}",
        }

    async def _set_my_commands(self, given: Given) -> Any:
        self.commands = given["commands"]
        return True

    async def _send_chat_action(self, given: Given) -> Any:
        self.find(given["chat_id"])
        if given["action"] not in ACTIONS:
            raise bad_request("wrong parameter action in request")
        return True


# How the pictures begin that Telegram takes as a photo: JPEG, PNG.
PICTURES = (b"\xff\xd8\xff", b"\x89PNG")
GIFTS = {
    "unlimited_gifts": False,
    "limited_gifts": False,
    "unique_gifts": False,
    "premium_subscription": False,
    "gifts_from_channels": False,
}


def _text(given: Given, name: str, most: int) -> tuple[str, list[Entity]]:
    """Lengths count after entities parsing."""
    entities = given.get("entities" if name == "text" else "caption_entities", [])
    text, entities = formatted(given.get(name, ""), given.get("parse_mode"), entities)
    if name == "text" and not text.strip():
        raise bad_request("message text is empty")
    if utf16_length(text) > most:
        raise bad_request("message is too long" if name == "text" else "message caption is too long")
    return text, entities
