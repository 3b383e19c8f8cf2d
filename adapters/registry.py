"""Which adapters there are: from the settings to channels, one for each configured sender account.

The one line to add for a new messenger is here; see README.md "Adding a channel".
"""

from __future__ import annotations

from collections.abc import Iterator

import aiohttp

from hub.channel import Channel
from hub.clock import Clock
from hub.settings import Account, Channels


def channels(
    settings: Channels, session: aiohttp.ClientSession, clock: Clock, public_url: str
) -> Iterator[tuple[Channel, Account]]:
    """Every configured account with the channel that speaks for it; accounts without a token are left out.

    A messenger's library is imported where it is used: they take half a second of a start, and tens of megabytes.
    """
    for telegram in settings.telegram.accounts:
        if telegram.configured:
            from adapters.telegram.channel import TelegramChannel

            yield TelegramChannel(telegram, session, clock, public_url), telegram
    for whatsapp in settings.whatsapp.accounts:
        if whatsapp.configured:
            from adapters.whatsapp.channel import WhatsAppChannel

            yield WhatsAppChannel(whatsapp, session, clock), whatsapp
    for matrix in settings.matrix.accounts:
        if matrix.configured:
            from adapters.matrix.channel import MatrixChannel

            yield MatrixChannel(matrix, session, clock), matrix
