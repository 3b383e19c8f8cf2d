"""What pages call the words of the domain: states, roles, answers. In Dutch, marked; templates say `_(labels.STATES[…])`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hub.web.languages import N_

CHANNELS: Final = {"whatsapp": "WhatsApp", "telegram": "Telegram", "matrix": "Matrix"}

PLATFORMS: Final = {
    "whatsapp": "WhatsApp",
    "signal": "Signal",
    "telegram": "Telegram",
    "matrix": "Matrix",
    "facebook": "Facebook",
    "nextdoor": "Nextdoor",
    "other": N_("een andere"),
}
"""What groups are on; any other word is shown as it is."""

ROLES: Final = {
    "police": N_("politie"),
    "coordinator": N_("coördinator"),
    "auditor": N_("toezichthouder"),
    "operator": N_("beheer"),
}

STRENGTHS: Final = {
    "key": N_("een API-sleutel"),
    "passphrase": N_("een wachtzin"),
    "passphrase+totp": N_("wachtzin en code"),
    "passphrase+recovery": N_("wachtzin en herstelcode"),
    "passkey": N_("een passkey"),
    "oidc": N_("het account van de organisatie"),
}
"""How a browser signed in."""

STATES: Final = {
    "accepted": N_("Binnengekomen"),
    "relaying": N_("Wordt verstuurd"),
    "relayed": N_("Verstuurd"),
    "ended": N_("Beëindigd"),
    "cancelled": N_("Ingetrokken"),
    "expired": N_("Verlopen"),
}
KINDS: Final = {
    "Exercise": N_("Oefening"),
    "Test": N_("Test"),
    "Update": N_("Update"),
    "Cancel": N_("Intrekking"),
}
DELIVERIES: Final = {
    "pending": N_("Wacht"),
    "sending": N_("Onderweg"),
    "sent": N_("Verzonden"),
    "delivered": N_("Afgeleverd"),
    "read": N_("Gelezen"),
    "failed": N_("Mislukt"),
    "expired": N_("Verlopen"),
    "cancelled": N_("Ingetrokken"),
}
ANSWERS: Final = {
    "received": N_("Ontvangen"),
    "forwarded": N_("Doorgestuurd"),
    "cannot": N_("Kan niet"),
}
STAGES: Final = {
    "dark": N_("Donker: niemand stuurt door"),
    "nobody": N_("Niemand bereikbaar"),
    "matched": N_("Nog niets verzonden"),
    "sent": N_("Verzonden, nog niet doorgestuurd"),
    "delivered": N_("Afgeleverd, nog niet doorgestuurd"),
    "forwarded": N_("Doorgestuurd"),
}
# What a step of the escalation does, for whom an alert is watched by.
STEPS: Final = {
    "next-channel": N_("wie zwijgt krijgt de melding op een ander kanaal"),
    "next-admin": N_("de volgende beheerder van de groep krijgt de melding"),
    "adjacent": N_("de groepen ernaast krijgen de vraag"),
    "control-room": N_("u hoort dat de buurt donker blijft"),
}
OUTCOMES: Final = {
    "arrest": N_("Aanhouding"),
    "found": N_("Gevonden"),
    "nothing": N_("Niets aangetroffen"),
    "false-alarm": N_("Loos alarm"),
}
RINGS: Final = {
    "due": N_("nog niet aan de beurt"),
    "proposed": N_("voorgesteld"),
    "accepted": N_("wordt gezet"),
    "done": N_("erbij gezet"),
    "refused": N_("geweigerd"),
    "lapsed": N_("vervallen"),
}


def platform_name(say: Callable[[str], str], name: str) -> str:
    """`say`: gives a text in the reader's language."""
    return say(PLATFORMS[name]) if name in PLATFORMS else name
