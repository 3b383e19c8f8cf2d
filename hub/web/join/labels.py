"""What pages and mails call an application, in a sentence. In Dutch, marked; templates say `_(about)`."""

from __future__ import annotations

from typing import Final

from hub.store.applications import Kind
from hub.web.languages import N_

ABOUT: Final = {
    Kind.GROUP: N_("een groep aanmelden"),
    Kind.ADMIN: N_("beheerder worden"),
    Kind.STARTING: N_("een groep beginnen"),
}
