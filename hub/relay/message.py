"""The messages of the alerts being relayed: each wording is made once and kept while it is being sent."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from hub.cap import alert_from_content
from hub.channel import Wording
from hub.relay.wording import ENDS, Told, amended_of, beside_of, kind_of, message_of, post_of, told_of
from hub.relay.words import language
from hub.store.alerts import Alerts, AlertView

__all__ = ["ENDS", "Messages", "beside_of", "kind_of"]

KEPT_ALERTS = 200
NEXT_DOOR = "next_door"


@dataclass(slots=True)
class Known:
    """An alert that is being relayed, and what was said of it so far."""

    told: Told
    kind: str
    wordings: dict[tuple[str, str, str], Wording] = field(default_factory=dict)
    posts: dict[str, Wording | None] = field(default_factory=dict)


class Messages:
    """Wordings of the alerts being relayed; `prepare` before all others."""

    def __init__(self, alerts: Alerts, public_url: str) -> None:
        self._alerts = alerts
        self._pages = f"{public_url.rstrip('/')}/a/"
        self._known: OrderedDict[str, Known] = OrderedDict()

    def knows(self, alert_id: str) -> bool:
        return alert_id in self._known

    def kind(self, alert_id: str) -> str:
        """alert, update, cancelled, all_clear or expired."""
        return self._known[alert_id].kind

    def accepted_at(self, alert_id: str) -> int:
        """When it was stored (ms)."""
        return self._known[alert_id].told.accepted_at

    async def prepare(self, alert_ids: Collection[str]) -> None:
        """Load what is not loaded yet, with the earlier alerts it is about. What is asked for together stays together."""
        for alert_id in alert_ids:
            if alert_id in self._known:
                self._known.move_to_end(alert_id)
        missing = [alert_id for alert_id in alert_ids if alert_id not in self._known]
        if not missing:
            return
        views = await self._alerts.views(missing)
        earlier = await self._earlier(views)
        for view in views:
            self._keep(view, earlier.get(view.id))
        self._forget_beyond(max(KEPT_ALERTS, 2 * len(alert_ids)))

    def know(self, view: AlertView) -> None:
        """An alert just accepted that is about no earlier one: it need not be read back before it is sent."""
        self._keep(view, None)
        self._forget_beyond(KEPT_ALERTS)

    def known(self) -> list[str]:
        """The alerts whose texts are in memory."""
        return [*self._known]

    def forget(self, alert_ids: Collection[str]) -> None:
        """Their texts were erased, here and in what followed them."""
        for alert_id in alert_ids:
            self._known.pop(alert_id, None)

    def _keep(self, view: AlertView, earlier: AlertView | None) -> None:
        told = told_of(view, earlier)
        self._known[view.id] = Known(told, kind_of(told.alert))

    def _forget_beyond(self, most: int) -> None:
        while len(self._known) > most:
            self._known.popitem(last=False)

    def wording(self, alert_id: str, language_code: str, channel: str = "", *, next_door: bool = False) -> Wording:
        """What an admin gets of this alert; `next_door`: who is asked for a neighbourhood that stayed dark."""
        return self._made(alert_id, language_code, channel, NEXT_DOOR if next_door else "")

    def amended(self, alert_id: str, language_code: str, by: str, channel: str = "") -> Wording:
        """The message they got of this alert as it should read now; `by`: the kind of what came after it (kind_of)."""
        return self._made(alert_id, language_code, channel, by)

    def post(self, alert_id: str, language_code: str) -> Wording | None:
        """What residents read in their own chat; None for an exercise or a test."""
        known, words = self._known[alert_id], language(language_code)
        if words.code not in known.posts:
            known.posts[words.code] = post_of(known.told, words, self._pages)
        return known.posts[words.code]

    def _made(self, alert_id: str, language_code: str, channel: str, by: str) -> Wording:
        known = self._known[alert_id]
        asked = language_code, channel, by
        made = known.wordings.get(asked)
        if made is None:
            words = language(language_code)
            # Where a channel has no words of its own, and for "nl-NL" as for "nl", it is the same wording, made once.
            key = words.code, channel if channel in words.own else "", by
            made = known.wordings.get(key)
            if made is None:
                told = known.told
                made = (
                    amended_of(told, words, self._pages, by, channel)
                    if by and by != NEXT_DOOR
                    else message_of(told, words, self._pages, channel, aside=by)
                )
            known.wordings[key] = known.wordings[asked] = made
        return made

    async def _earlier(self, views: Sequence[AlertView]) -> dict[str, AlertView]:
        """For each alert that refers to alerts of ours, the newest of those."""
        named = {
            view.id: [(one.sender, one.identifier) for one in alert_from_content(view.content).references]
            for view in views
            if "references" in view.content
        }
        if not named:
            return {}
        found = await self._alerts.find([name for names in named.values() for name in names])
        by_id = {view.id: view for view in await self._alerts.views(list(found.values()))}
        earlier = {}
        for alert_id, names in named.items():
            known = [by_id[found[name]] for name in names if name in found and found[name] != alert_id]
            if known:
                earlier[alert_id] = max(known, key=lambda view: view.accepted_at)
        return earlier
