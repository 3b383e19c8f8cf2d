"""What `doctor` tells of a bot: pure functions from the Bot API's answers to findings, without secrets and addresses of others."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from telegram import User, WebhookInfo

from adapters.telegram.errors import SECOND_POLLER, reason
from hub.channel import Finding
from hub.clock import to_milliseconds

# Telegram's Date tells whole seconds, and the answer takes its time; more than this is a clock that is wrong.
MOST_SKEW_SECONDS = 30
# Telegram keeps the last error of a webhook for ever, and we that of a poll; older ones are history.
RECENT_MS = 3600 * 1000


def about_bot(me: User) -> Finding:
    text = f"bot @{me.username}"
    if me.can_join_groups is False:
        text += "; it cannot be put into groups: allow it with /setjoingroups in @BotFather if it is to post there"
    return Finding(True, text)


def about_hook(info: WebhookInfo, ours: str, now: int) -> Iterator[Finding]:
    """With updates by webhook. `now` in milliseconds."""
    if not info.url:
        yield Finding(False, "no webhook is set: the hub sets it when it starts; start it, or look in its log why not")
    elif info.url != ours:
        yield Finding(
            False,
            "the webhook points elsewhere: another program uses this bot, or web.public_url changed; restart the hub",
        )
    elif info.last_error_date is not None and now - to_milliseconds(info.last_error_date) < RECENT_MS:
        said = reason("its last error", info.last_error_message or "unknown")
        waits = f"{info.pending_update_count} updates wait"
        yield Finding(
            False,
            f"Telegram cannot deliver to the webhook ({said}; {waits}): check web.public_url, its certificate and the proxy",
        )
    else:
        yield Finding(True, f"webhook set, {info.pending_update_count} updates wait")


def about_polling(info: WebhookInfo, conflict_at: int | None, now: int) -> Iterator[Finding]:
    """With long polling. `conflict_at`: when another poller last got in our way, milliseconds."""
    if info.url:
        yield Finding(
            False,
            "a webhook is set, so polling gets nothing: the hub removes it when it starts; if it comes back, another "
            "program uses this bot: give the hub one of its own",
        )
    if conflict_at is not None and now - conflict_at < RECENT_MS:
        yield Finding(False, SECOND_POLLER)
    elif not info.url:
        yield Finding(True, f"updates by polling, {info.pending_update_count} wait")


def about_clock(date: str, now: int) -> Iterator[Finding]:
    """`date`: the HTTP header of an answer that has just come; nothing is said without one."""
    try:
        ahead = round((now - to_milliseconds(parsedate_to_datetime(date))) / 1000)
    except ValueError:
        return
    if abs(ahead) > MOST_SKEW_SECONDS:
        side = "ahead of" if ahead > 0 else "behind"
        yield Finding(
            False,
            f"this machine's clock is {abs(ahead)} s {side} Telegram's: let NTP set it (timedatectl set-ntp true)",
        )
    else:
        yield Finding(True, "the clock agrees with Telegram's")
