"""One example of each call that is given something: in openapi.json, and on the page of the API. A test makes each of these calls.

They fit the map that is shipped (Zoetermeer). By the name of the handler, which is the operationId.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Example:
    """`path`: pieces of the path that are the same everywhere; other pieces are ids, which each hub makes itself."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


_ALERT: Final = {
    "info": [
        {
            "event": "Woninginbraak",
            "headline": "Woninginbraak op heterdaad, verdachte te voet gevlucht",
            "description": "Man, ongeveer 25 jaar, donkere jas, witte sportschoenen, donkere rugzak.",
            "instruction": "Bel 112. Benader de verdachte niet.",
            "area": [{"areaDesc": "Seghwaert, Zoetermeer", "circle": ["52.0655,4.5120 0.3"]}],
        }
    ]
}

EXAMPLES: Final[Mapping[str, Example]] = {
    "post_alert": Example(body=_ALERT),
    "simulate_alert": Example(body=_ALERT),
    "list_alerts": Example(query={"limit": 10}),
    "list_deliveries": Example(query={"limit": 100}),
    "decide_widening": Example(path={"number": "1"}, body={"decision": "accept"}),
    "post_outcome": Example(body={"outcome": "found", "text": "De fiets is terug bij de eigenaar."}),
    "post_agreement": Example(body={"decision": "agree"}),
    "list_audit": Example(query={"limit": 100}),
    "get_statistics": Example(query={"by": "month"}),
    "post_drill": Example(body={"district": "WK063703", "minutes": 30}),
    "list_neighbourhoods": Example(query={"bbox": "4.50,52.06,4.52,52.07"}),
    "get_neighbourhood": Example(path={"code": "BU06370300"}),
    "create_admin": Example(
        body={
            "name": "Fatima Bakker",
            "language": "nl",
            "addresses": [{"channel": "whatsapp", "handle": "+31612345678", "rank": 1}],
        }
    ),
    "update_admin": Example(body={"language": "en"}),
    "create_link": Example(body={"channel": "whatsapp"}),
    "create_group": Example(
        body={
            "name": "Buurtapp Seghwaert Oost",
            "platform": "whatsapp",
            "members": 120,
            "neighbourhoods": ["BU06370300"],
        }
    ),
    "update_group": Example(body={"members": 130}),
}
