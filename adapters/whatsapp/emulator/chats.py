"""The people the emulator writes to: what their phones show, and what they tap, say. The server is emulator.py."""

from __future__ import annotations

import asyncio
import hashlib
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from adapters.whatsapp.emulator.faults import Course
from adapters.whatsapp.emulator.postman import Item, Postman, user_id_of
from adapters.whatsapp.emulator.strictness import Button, Content, status_error
from hub.clock import Clock

# A person's message opens the window for 24 hours (…/messages/send-messages).
WINDOW = 86_400_000


@dataclass(slots=True)
class Bubble:
    """One message in one chat. Mutable: a status, an answer or a reaction comes later. `at`: milliseconds.

    `mine`: written by the person. `request`: what was posted to /messages.
    """

    id: str
    number: str
    at: int
    mine: bool
    content: Content = field(repr=False)
    request: dict[str, Any] = field(default_factory=dict, repr=False)
    status: str = "accepted"
    answer: str = ""
    reaction: str = ""

    @property
    def arrived(self) -> bool:
        """Does the phone show it?"""
        return self.mine or self.status in ("delivered", "read")


class Chats:
    """Every chat with our number. Numbers may be given with or without the plus.

    `course` says what becomes of an accepted message, `courses` the same for one number (digits). `gone`: numbers that are not on
    WhatsApp. `daily`: how many people a day we may reach outside their window (None: no limit). Meta names no error for more
    (…/messaging-limits); here they fail late as 131048, the spam rate limit, whose words come nearest: "restrictions on how many
    messages can be sent from this phone number".
    """

    def __init__(self, postman: Postman, clock: Clock) -> None:
        self.postman = postman
        self.clock = clock
        self.messages: list[Bubble] = []
        self.course = Course()
        self.courses: dict[str, Course] = {}
        self.blocked: set[str] = set()
        self.gone: set[str] = set()
        self.daily: int | None = None
        self._chats: dict[str, list[Bubble]] = defaultdict(list)
        self._by_id: dict[str, Bubble] = {}
        self._wrote_at: dict[str, int] = {}
        self._reached_at: dict[str, int] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._made = 0

    def tap(self, number: str, label: str) -> bool:
        """Tap the newest quick reply whose label holds these words; False if there is none."""
        for bubble in reversed(self.chat(number)):
            for button in () if bubble.mine else bubble.content.buttons:
                if label.casefold() in button.label.casefold():
                    self._tap(bubble, button)
                    return True
        return False

    def say(self, number: str, text: str, reply_to_last: bool = True) -> None:
        """Write words, as a reply to the newest message or not."""
        seen = [bubble for bubble in self.chat(number) if not bubble.mine]
        replied_to = seen[-1] if seen and reply_to_last else None
        self._write(plain(number), text, {"type": "text", "text": {"body": text}}, replied_to)

    def react(self, number: str, emoji: str) -> bool:
        """React to the newest message; an empty emoji takes the reaction away. False if there is no message."""
        for bubble in reversed(self.chat(number)):
            if not bubble.mine:
                bubble.reaction = emoji
                reaction = {"message_id": bubble.id} | ({"emoji": emoji} if emoji else {})
                self._tell_message(plain(number), {"type": "reaction", "reaction": reaction})
                return True
        return False

    def photo(self, number: str, medium: str, mime: str = "image/jpeg", caption: str = "") -> None:
        """Send a picture that lies at Meta under this id (media.put)."""
        image = {"id": medium, "mime_type": mime} | ({"caption": caption} if caption else {})
        self._write(plain(number), caption, {"type": "image", "image": image}, None)

    def location(self, number: str, latitude: float, longitude: float) -> None:
        """Send a place."""
        place = {"latitude": latitude, "longitude": longitude}
        self._write(plain(number), "", {"type": "location", "location": place}, None)

    def change_number(self, old: str, new: str) -> None:
        """The person takes another number, and with it another user id; Meta tells us. The old one is on WhatsApp no more."""
        was, now = plain(old), plain(new)
        ids = {"previous_user_id": user_id_of(was), "user_id": user_id_of(now)}
        if was in self.postman.hidden:
            moved = {"body": "User changed user id", **ids, "type": "user_changed_user_id"}
        else:
            moved = {"body": f"User changed from {was} to {now}", "wa_id": now, "type": "user_changed_number"}
            moved |= {} if self.postman.meagre else ids
        self._tell_message(was, {"type": "system", "system": moved}, opens=False, contact=False)
        for held in (self.postman.hidden, self.postman.names):
            if was in held:
                held[now] = held.pop(was)
        self.gone.add(was)
        self._chats[now] = self._chats.pop(was, [])
        for bubble in self._chats[now]:
            bubble.number = now

    def hide(self, number: str, username: str) -> None:
        """The person takes a username: from now on webhooks show their user id only."""
        self.postman.hidden[plain(number)] = username

    def number_of(self, user_id: str) -> str:
        """The digits of the person with this user id (digits are themselves); the id itself if we never met them."""
        if "." not in user_id:
            return user_id
        met = (*self._chats, *self.postman.hidden, *self.postman.names)
        return next((number for number in met if user_id_of(number) == user_id), user_id)

    def block(self, number: str, blocked: bool = True) -> None:
        """A blocked sender is never told so: its messages stay at sent for ever."""
        (self.blocked.add if blocked else self.blocked.discard)(plain(number))

    def open_window(self, number: str) -> None:
        """As if the person had just written, without telling."""
        self._wrote_at[plain(number)] = self.clock.now()

    def chat(self, number: str) -> list[Bubble]:
        """What the phone shows, oldest first."""
        return [bubble for bubble in self._chats.get(plain(number), ()) if bubble.arrived]

    def quoted(self, bubble: Bubble) -> Bubble | None:
        """The message shown above this one as what it answers. WhatsApp shows none above a template (…/contextual-replies)."""
        return None if bubble.content.kind == "template" else self._by_id.get(bubble.content.reply_to or "")

    def phones(self) -> list[tuple[str, str, str]]:
        """Every phone that was written to: (number, name, last text)."""
        last = ((number, self.chat(number)) for number in self._chats)
        return [(f"+{number}", self.name_of(number), seen[-1].content.text if seen else "") for number, seen in last]

    def name_of(self, number: str) -> str:
        """The name in the person's profile; set it in `postman.names`, by digits."""
        return self.postman.names.get(plain(number), f"+{plain(number)}")

    def tap_in(self, number: str, message_id: str, label: str) -> bool:
        """Tap this very button, as the phone's page does."""
        bubble = self._by_id.get(message_id)
        if bubble is None or bubble.number != plain(number) or not bubble.arrived:
            return False
        for button in bubble.content.buttons:
            if button.label == label:
                self._tap(bubble, button)
                return True
        return False

    async def settled(self) -> None:
        """Wait until every status is told."""
        while self._running:
            await asyncio.gather(*self._running)
        await self.postman.settled()

    def accept(self, number: str, content: Content, request: dict[str, Any], course: Course | None) -> Bubble:
        """Take a message for a phone; its statuses follow. `course` overrules what the number's course is."""
        usual = self.courses.get(number, self.course)
        outside = self._wrote_at.get(number, -WINDOW) + WINDOW <= self.clock.now()
        if course is None and number in self.gone:
            course = replace(usual, statuses=("failed",), code=131026)
        elif course is None and content.free_form and outside:
            course = replace(usual, statuses=("failed",), code=131047)
        elif course is None and outside and not self._may_reach(number):
            course = replace(usual, statuses=("failed",), code=131048)
        elif course is None and number in self.blocked:
            course = replace(usual, statuses=("sent",))
        bubble = Bubble(self._new_id(number), number, self.clock.now(), False, content, request)
        self.messages.append(bubble)
        self._keep(bubble)
        task = asyncio.create_task(self._run(bubble, course or usual))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return bubble

    def _may_reach(self, number: str) -> bool:
        """Within the daily limit of people, counted over the last 24 hours?"""
        if self.daily is None:
            return True
        now = self.clock.now()
        self._reached_at = {one: at for one, at in self._reached_at.items() if at > now - WINDOW}
        if number not in self._reached_at and len(self._reached_at) >= self.daily:
            return False
        self._reached_at.setdefault(number, now)
        return True

    async def _run(self, bubble: Bubble, course: Course) -> None:
        for status in course.statuses:
            await self.clock.sleep(course.pause)
            if status == "read" or not bubble.arrived:
                bubble.status = status
            told: dict[str, Any] = {
                "id": bubble.id,
                "status": status,
                "timestamp": str(self.clock.now() // 1000),
            }
            if bubble.number not in self.postman.hidden:
                told["recipient_id"] = bubble.number
            if not self.postman.meagre:
                told["recipient_user_id"] = user_id_of(bubble.number)
            if opaque := bubble.request.get("biz_opaque_callback_data"):
                told["biz_opaque_callback_data"] = opaque
            if status == "failed":
                told["errors"] = [status_error(course.code)]
            else:
                category = "service" if bubble.content.free_form else "utility"
                told["pricing"] = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": category}
            for _ in range(2 if course.doubled else 1):
                self.postman.tell(Item("statuses", bubble.number, told))

    def _tap(self, bubble: Bubble, button: Button) -> None:
        bubble.answer = button.label
        if bubble.content.kind == "template":
            said: dict[str, Any] = {"type": "button", "button": {"payload": button.data, "text": button.label}}
        else:
            reply = {"type": "button_reply", "button_reply": {"id": button.data, "title": button.label}}
            said = {"type": "interactive", "interactive": reply}
        self._write(bubble.number, button.label, said, bubble)

    def _write(self, number: str, text: str, said: dict[str, Any], replied_to: Bubble | None) -> None:
        reply_to = replied_to.id if replied_to else None
        if reply_to:
            said["context"] = {"from": "31790000000", "id": reply_to}
        message_id = self._tell_message(number, said)
        self._keep(Bubble(message_id, number, self.clock.now(), True, Content("text", text, reply_to=reply_to)))

    def _tell_message(self, number: str, said: dict[str, Any], *, opens: bool = True, contact: bool = True) -> str:
        if opens:
            self._wrote_at[number] = self.clock.now()
        message: dict[str, Any] = {"id": self._new_id(number)}
        if number not in self.postman.hidden:
            message["from"] = number
        if not self.postman.meagre:
            message["from_user_id"] = user_id_of(number)
        message |= {"timestamp": str(self.clock.now() // 1000), **said}
        self.postman.tell(Item("messages", number, message, contact))
        return str(message["id"])

    def _keep(self, bubble: Bubble) -> None:
        self._chats[bubble.number].append(bubble)
        self._by_id[bubble.id] = bubble

    def _new_id(self, number: str) -> str:
        self._made += 1
        return "wamid." + hashlib.sha256(f"{number} {self._made}".encode()).hexdigest()[:40].upper()


def plain(number: str) -> str:
    """The digits alone, as Meta writes numbers."""
    return number.removeprefix("+")
