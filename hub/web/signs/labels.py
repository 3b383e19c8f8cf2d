"""What pages call the kinds and states of signs. In Dutch, marked; templates say `_(sign_states[…])`."""

from __future__ import annotations

from typing import Final

from hub.store.signs import Kind, State
from hub.web.languages import N_

KINDS: Final = {Kind.STREET: N_("straatbord"), Kind.STICKER: N_("deursticker")}
STATES: Final = {
    State.ASKED: N_("aangevraagd"),
    State.PLANNED: N_("gepland"),
    State.PLACED: N_("geplaatst"),
    State.REFUSED: N_("afgewezen"),
    State.REMOVED: N_("weggehaald"),
}
