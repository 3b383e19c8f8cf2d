"""An entry of an alert's log as the live stream and the police's hooks tell it: rows become objects with names."""

from __future__ import annotations

from typing import Any

from hub.clock import to_datetime
from hub.domain import DeliveryState
from hub.store.alerts import AlertEvent


def moment(milliseconds: int) -> str:
    """RFC 3339, UTC, with milliseconds."""
    return to_datetime(milliseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def event_answer(event: AlertEvent) -> dict[str, Any]:
    data: Any = event.data
    if event.kind == "deliveries":
        names = ("id", "state", "channel", "admin")
        rows = ((str(i), state_name(DeliveryState(state)), channel, str(admin)) for i, state, channel, admin in data)
        data = {"deliveries": [dict(zip(names, row, strict=True)) for row in rows]}
    elif event.kind == "acknowledgement":
        data = {**data, "at": moment(data["at"])}
    return {"at": moment(event.at), **data}


def state_name(state: DeliveryState) -> str:
    return state.name.lower()
