"""The receiver: what comes back from the messengers, from raw updates on disk to receipts, acknowledgements and addresses.

Updates are kept before they are understood (web/hooks.py for webhooks, listener.py for what a channel fetches), and dropped in the
transaction that stores their meaning. One that cannot be understood stays, with its error, for the operator.
Over 300 lines: a small method for each thing that a messenger can tell us.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import assert_never

import structlog

from hub.channel import (
    AckSeen,
    AddressChanged,
    AnswerWithdrawn,
    Channel,
    ContactSeen,
    GroupJoined,
    InvitationSeen,
    NotUnderstood,
    RawUpdate,
    ReceiptSeen,
    ReplySeen,
    SightingSeen,
    Unreadable,
)
from hub.clock import Clock
from hub.domain import AckKind, Handle, ReceiptKind
from hub.relay.answering import Answer, admit, confirm, say
from hub.relay.answers import STOP, read_action, read_words
from hub.relay.commands import Commands, Understood
from hub.relay.sightings import Sightings
from hub.relay.wakes import Wakes
from hub.settings import Account
from hub.store.alerts import Routes
from hub.store.database import Store
from hub.store.engine import Statement, StoreUnavailable
from hub.store.leases import Name
from hub.store.receipts import POSTS, Beside, KeptUpdate, Receipt

log = structlog.get_logger()

BATCH = 500
# Answers are several statements each: on PostgreSQL more of them in one transaction would keep the outcomes of their alert waiting
# (seen: seconds).
SPOKEN = 20
# In a storm of receipts it is cheaper to let some gather; where fewer came, somebody's answer may be waiting.
STORM = 10
GATHER_SECONDS = 0.05
# Words without a reply-to are taken to be about the latest alert of the last day; a bare "ok" next week is about nothing.
WORDS_MS = 24 * 3600 * 1000


@dataclass(slots=True)
class Meaning:
    """What one update comes to: what to store, what to tell people afterwards, and what in it nobody could read.

    `calm`: receipts that tell of no failure, where the update holds nothing else but the `contacts` that WhatsApp puts into each
    (what makes them known): those of many updates are stored as one.
    `settles`: it changes who somebody is or what they set, so it is stored before the next update is understood. `reports`: the
    kinds of its receipts and answers, to be counted.
    """

    update: KeptUpdate
    statements: list[Statement] = field(default_factory=list)
    calm: list[Receipt] = field(default_factory=list)
    contacts: dict[Handle, Handle] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    puzzles: list[str] = field(default_factory=list)
    settles: bool = False
    reports: list[str] = field(default_factory=list)


class Receiver:
    def __init__(
        self,
        store: Store,
        senders: Sequence[tuple[Channel, Account]],
        commands: Commands,
        wakes: Wakes,
        clock: Clock,
        routes: Routes,
        *,
        poll: float,
        beside: Sequence[str] = (),
        sightings: bool = False,
        elsewhere: Callable[[], Sequence[Name]] = tuple,
    ) -> None:
        """`sightings`: free replies are kept. `elsewhere`: the accounts whose updates another process understands."""
        self._store = store
        self._channels = {(channel.name, channel.account): channel for channel, _ in senders}
        self._attempts = {channel.name: account.attempts for channel, account in senders}
        self._beside: Beside = {
            channel.name: [part.value for part in channel.can.parts if part.value in beside] for channel, _ in senders
        }
        self._commands = commands
        self._sightings = Sightings(store, wakes, clock, keep=sightings)
        self._wakes = wakes
        self._clock = clock
        self._routes = routes
        self._poll = poll
        self._measures = store.measures
        self._elsewhere = elsewhere
        self._reading = asyncio.Lock()
        self._answering: set[asyncio.Task[None]] = set()

    async def run(self, beat: Callable[[], None]) -> None:
        try:
            while True:
                beat()
                if await self.read_all(beat) >= STORM:
                    await self._clock.sleep(GATHER_SECONDS)
                await self._clock.wait(self._wakes.receiver, self._poll)
        finally:
            for task in self._answering:
                task.cancel()
            await asyncio.gather(*self._answering, return_exceptions=True)

    async def read_all(self, beat: Callable[[], None] = lambda: None) -> int:
        """Work off what is kept, in order; a batch per transaction. How many that were."""
        count, after, more = 0, 0, True
        while more:
            beat()
            async with self._reading:
                kept = await self._store.receipts.kept(after, BATCH, self._elsewhere())
                after, more = kept[-1].id if kept else after, len(kept) == BATCH
                count += len(kept)
                await self._read(kept)
        return count

    async def acknowledge(self, channel: str, handle: Handle, delivery_id: int, kind: AckKind) -> None:
        """What a person answered on their own page, as if they had tapped a button: the escalation ends, groups are posted to.

        `handle`: any of theirs. Nothing goes beside it: that page shows all there is.
        """
        now = self._clock.now()
        first_id = self._store.ids.block(2 * POSTS)
        statements = self._store.receipts.acknowledge(
            channel, handle, delivery_id, kind, at=now, via="page", now=now, beside={}, first_id=first_id
        )
        await self._store.receipts.apply(statements, [])
        self._measures.reports.labels(channel, kind.value).inc()
        self._wakes.changed()
        self._wakes.dispatch()
        self._wakes.escalate()

    async def settled(self) -> None:
        """Wait until what is being read is stored; what was given away before is not read any more."""
        async with self._reading:
            return

    async def _read(self, kept: Sequence[KeptUpdate]) -> None:
        understood: list[Meaning] = []
        spoken = 0
        for update in kept:
            try:
                meaning = await self._understand(update)
            except Unreadable as error:
                log.error("update_unreadable", channel=update.channel, update=update.id, error=str(error))
                await self._store.receipts.mark_unreadable(update.id, str(error))
                self._measures.unreadable.labels(update.channel).inc()
            except StoreUnavailable:
                raise
            except Exception as error:  # a bug in an adapter: this update is set aside, the others go on
                await self._set_aside(update, error)
            else:
                understood.append(meaning)
                spoken += not meaning.calm
                if meaning.settles or spoken == SPOKEN:
                    await self._store_all(understood)
                    understood, spoken = [], 0
        if understood:
            await self._store_all(understood)

    async def _store_all(self, understood: Sequence[Meaning]) -> None:
        """Together; and if one of them cannot be stored one by one, so that it does not hold up the others."""
        try:
            await self._apply(understood)
        except StoreUnavailable:
            raise
        except Exception:
            for one in understood:
                try:
                    await self._apply([one])
                except StoreUnavailable:
                    raise
                except Exception as error:
                    await self._set_aside(one.update, error)

    async def _apply(self, understood: Sequence[Meaning]) -> None:
        """Store what these updates mean, in one transaction; only then tell the people."""
        statements: list[Statement] = []
        for channel, run in groupby(understood, lambda one: one.update.channel if one.calm else None):
            if channel is None:
                statements += (statement for one in run for statement in one.statements)
            else:
                calm = list(run)
                statements += self._receipts(channel, [receipt for one in calm for receipt in one.calm])
                contacts = {alias: handle for one in calm for alias, handle in one.contacts.items()}
                statements += self._store.receipts.know_aliases(channel, contacts)
        handled = [one.update.id for one in understood if not one.puzzles]
        puzzled = [(one.update.id, "; ".join(one.puzzles)) for one in understood if one.puzzles]
        # Receipts may be told as often as anybody likes, they only lift; and they are too many to remember.
        heard = [one.update.id for one in understood if not one.puzzles and not one.calm]
        dropped = await self._store.receipts.apply(statements, handled, puzzled, heard, self._clock.now())
        self._measure(understood)
        self._wakes.changed()
        if not all(one.calm for one in understood):
            self._wakes.dispatch()  # a failed receipt may have made a delivery to someone's next address
            self._wakes.escalate()
        for one in understood:
            if not one.puzzles and one.update.id not in dropped:
                continue  # who took the account over from us has told them
            for answer in one.answers:
                # Beside us: a provider that is slow to take them must not hold up what is read.
                task = asyncio.create_task(answer(), name="answer")
                self._answering.add(task)
                task.add_done_callback(self._answering.discard)

    async def _set_aside(self, update: KeptUpdate, error: Exception) -> None:
        log.error("update_failed", channel=update.channel, update=update.id, error=type(error).__name__)
        await self._store.receipts.mark_unreadable(update.id, f"failed: {type(error).__name__}")
        self._measures.unreadable.labels(update.channel).inc()

    def _measure(self, understood: Sequence[Meaning]) -> None:
        """A batch that is on disk."""
        now, measures = self._clock.now(), self._measures
        reports = Counter((one.update.channel, kind) for one in understood for kind in one.reports)
        for one in understood:
            measures.update.of(one.update.channel).add((now - one.update.received_at) / 1000)
            if one.puzzles:
                measures.unreadable.labels(one.update.channel).inc()
        for (channel, kind), count in reports.items():
            measures.reports.labels(channel, kind).inc(count)
        log.info("updates_understood", updates=len(understood), reports=reports.total())

    async def _understand(self, update: KeptUpdate) -> Meaning:
        """What to store for this update, and what to tell the person once it is stored."""
        channel = self._channels.get((update.channel, update.account))
        if channel is None:
            raise Unreadable("this sender account is not configured any more")
        meaning = Meaning(update)
        store, now = self._store.receipts, self._clock.now()
        receipts: list[Receipt] = []
        contacts: dict[Handle, Handle] = {}  # stored after the rest, which may make the address they are of
        for event in channel.parse(RawUpdate(update.body, update.key)):
            match event:
                case ReceiptSeen():
                    receipts.append(_receipt(event))
                    meaning.reports.append(event.kind.value)
                case AckSeen():
                    await self._tapped(meaning, channel, event)
                case ReplySeen():
                    await self._replied(meaning, channel, event)
                case SightingSeen():
                    await self._saw(meaning, channel, event)
                case AnswerWithdrawn(handle, answer_ref, _):
                    handle = await self._known(channel, handle)
                    meaning.statements += store.take_back(channel.name, handle, answer_ref, now)
                case AddressChanged(handle, _, reachable, moved_to, _):
                    if moved_to is None:
                        handle = await self._known(channel, handle)
                    meaning.statements += store.address_changed(channel.name, handle, reachable, moved_to)
                case ContactSeen(handle, alias):
                    contacts[alias] = handle
                case InvitationSeen(handle, room, _):
                    welcome = await self._commands.is_expected(channel.name, handle)
                    meaning.answers.append(admit(channel, room, welcome))
                case GroupJoined(group, by, title, _):
                    heard = await self._commands.joined(channel.name, channel.account, group, by, title)
                    self._heard(meaning, channel, by, heard)
                case NotUnderstood(reason):
                    log.error("update_partly_unreadable", channel=update.channel, update=update.id, error=reason)
                    meaning.puzzles.append(reason)
                case _:
                    assert_never(event)
        if (
            receipts
            and not meaning.statements
            and not any(one.kind is ReceiptKind.FAILED or one.up_to for one in receipts)
        ):
            meaning.calm, meaning.contacts = receipts, contacts
            return meaning
        meaning.statements += store.know_aliases(channel.name, contacts)
        if receipts:
            meaning.statements += self._receipts(channel.name, receipts)
        return meaning

    def _receipts(self, channel: str, receipts: Sequence[Receipt]) -> list[Statement]:
        return self._store.receipts.receipts(
            channel,
            receipts,
            self._routes,
            first_id=self._store.ids.block(len(receipts)),
            now=self._clock.now(),
            attempts=self._attempts[channel],
        )

    async def _known(self, channel: Channel, handle: Handle) -> Handle:
        """The handle we write to, where the provider named the person in another way."""
        return await self._store.receipts.resolve(channel.name, handle) or handle

    async def _tapped(self, meaning: Meaning, channel: Channel, tap: AckSeen) -> None:
        handle = await self._known(channel, tap.handle)
        answer = read_action(tap.data)
        if answer is not None:
            kind, delivery_id = answer
            moment = _finer(tap.at, meaning.update.received_at)
            meaning.reports.append(kind.value)
            meaning.statements += self._acknowledged(channel, handle, delivery_id, kind, moment, tap.via)
        meaning.statements += self._window(channel, handle, tap.at)
        if tap.token:
            meaning.answers.append(confirm(channel, tap.token, answer[0] if answer else None))

    def _heard(self, meaning: Meaning, channel: Channel, handle: Handle, heard: Understood) -> None:
        meaning.settles = True
        meaning.statements += heard.statements
        if heard.say:
            meaning.answers.append(say(channel, handle, heard.say))

    async def _replied(self, meaning: Meaning, channel: Channel, reply: ReplySeen) -> None:
        handle = await self._known(channel, reply.handle)
        if reply.via != "reaction":
            heard = await self._commands.understand(channel.name, channel.account, handle, reply.text)
            if heard is not None:
                self._heard(meaning, channel, handle, heard)
                meaning.statements += self._window(channel, handle, reply.at)  # also of an address linked just now
                return
        meaning.statements += self._window(channel, handle, reply.at)
        if reply.answer_ref:  # words that were edited: what they said before does not hold any more
            now = self._clock.now()
            meaning.statements += self._store.receipts.take_back(channel.name, handle, reply.answer_ref, now)
        kind = read_words(reply.text)
        if kind is None:
            if reply.via != "reaction":
                told = reply.provider_ref, reply.answer_ref, reply.text
                await self._remark(meaning, channel, SightingSeen(handle, "text", reply.at, *told))
            return
        if kind == STOP:
            meaning.statements += self._store.receipts.stop(channel.name, handle)
            stopped = await self._commands.stopped(channel.name, handle)
            meaning.statements += stopped.statements
            meaning.answers.append(say(channel, handle, stopped.say))
            return
        # A reply says itself what it is about, however old; but we do not know every message of ours (one that timed out and
        # arrived all the same), and then it counts like words without a reply.
        named = reply.provider_ref
        delivery_id = named and await self._store.receipts.answered_delivery(channel.name, handle, named, 0)
        if not delivery_id:
            since = self._clock.now() - WORDS_MS
            delivery_id = await self._store.receipts.answered_delivery(channel.name, handle, "", since)
        if not delivery_id:
            return
        at = _finer(reply.at, meaning.update.received_at)
        via = reply.via if named else "word"
        meaning.reports.append(kind)
        meaning.statements += self._acknowledged(channel, handle, delivery_id, AckKind(kind), at, via, reply.answer_ref)

    async def _saw(self, meaning: Meaning, channel: Channel, seen: SightingSeen) -> None:
        seen = replace(seen, handle=await self._known(channel, seen.handle))
        meaning.statements += self._window(channel, seen.handle, seen.at)
        await self._remark(meaning, channel, seen)

    async def _remark(self, meaning: Meaning, channel: Channel, seen: SightingSeen) -> None:
        remark = await self._sightings.understand(channel, seen, meaning.update)
        if remark is not None:
            meaning.reports.append("remark")
            meaning.statements += remark.statements
            meaning.answers.append(remark.answer)

    def _acknowledged(
        self, channel: Channel, handle: Handle, delivery_id: int, kind: AckKind, at: int, via: str, ref: str = ""
    ) -> list[Statement]:
        return self._store.receipts.acknowledge(
            channel.name,
            handle,
            delivery_id,
            kind,
            at=at,
            via=via,
            now=self._clock.now(),
            ref=ref,
            beside=self._beside,
            first_id=self._store.ids.block(2 * POSTS),
        )

    def _window(self, channel: Channel, handle: Handle, at: int) -> list[Statement]:
        """Hearing from a person opens their service window, on channels that have one."""
        if channel.can.service_window is None:
            return []
        return self._store.receipts.open_window(channel.name, handle, at + channel.can.service_window * 1000)


def _finer(at: int, received_at: int) -> int:
    """When a person answered (ms). WhatsApp tells whole seconds: of an answer that came at once our own clock knows more."""
    return received_at if 0 <= received_at - at < 2000 else at


def _receipt(seen: ReceiptSeen) -> Receipt:
    return Receipt(
        seen.kind,
        seen.at,
        seen.provider_ref,
        seen.delivery_id,
        seen.reason,
        seen.address_dead,
        seen.strike,
        seen.again,
        seen.up_to,
    )
