"""What pages call the words of the domain: states, roles, answers. In Dutch, marked; templates say `_(labels.STATES[…])`."""

from __future__ import annotations

from typing import Final

from hub.web.languages import N_

CHANNELS: Final = {"whatsapp": "WhatsApp", "telegram": "Telegram", "matrix": "Matrix"}

ROLES: Final = {
    "police": N_("politie"),
    "coordinator": N_("coördinator"),
    "auditor": N_("toezichthouder"),
    "operator": N_("beheer"),
}
