"""The postman: sends what waits in the store by e-mail, over one connection for all that is due.

A mail leaves the store after the server has taken it: a crash in between sends it twice, under the same Message-ID, and loses
none. Of several processes one at a time sends, by a lease. What a server answers quotes addresses, so only its code is kept.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from email.utils import format_datetime
from random import Random
from secrets import SystemRandom
from urllib.parse import urlsplit

import structlog
from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from hub.channel import Finding
from hub.clock import DAY_MS, Clock, to_datetime
from hub.measures import Measures
from hub.relay.backoff import Backoff
from hub.settings import Mail as MailSettings
from hub.store.engine import StoreUnavailable
from hub.store.leases import Leases
from hub.store.mails import Mail, Mails

log = structlog.get_logger()

LOOK_SECONDS = 2.0
"""Somebody sits waiting for the mail that confirms an address."""
AWAY_SECONDS = 15.0
"""Until the store is asked again; less than a loop may be silent (loops.py)."""
SWEEP_SECONDS = 3600.0
BATCH = 100
LEASE = ("postman", "mail")
LEASE_SECONDS = 60.0
"""Longer than a connection and one mail on it: 20 s each at most (settings.Mail)."""
LAST_SECONDS = 1.0
MAIL_PAUSES = (60.0, 3600.0)
"""First and longest pause of a mail that was not taken."""
SERVER_PAUSES = (15.0, 300.0)
"""Of a server that does not answer: asking it costs nothing, and people wait for what it would take."""
TRIED_MS = 3 * DAY_MS
"""After so long whoever asked has given up as well."""
KEPT_MS = 30 * DAY_MS
"""So long it is seen that a mail was given up, and why."""
SHUTTING_DOWN = 421

TROUBLE = (SMTPException, OSError)  # TimeoutError and ssl's are OSErrors


class Postman:
    def __init__(
        self,
        mails: Mails,
        leases: Leases,
        settings: MailSettings,
        clock: Clock,
        rng: Random | SystemRandom,
        measures: Measures,
        *,
        process: str,
        public_url: str,
    ) -> None:
        self._mails = mails
        self._leases = leases
        self._settings = settings
        self._clock = clock
        self._waiting = measures.mails_waiting
        self._process = process
        self._own_name = urlsplit(public_url).hostname or "localhost"
        self._mail_pause = Backoff(*MAIL_PAUSES, rng)
        self._server_pause = Backoff(*SERVER_PAUSES, rng)
        self._failures = 0
        self._again_at = self._sweep_at = float("-inf")

    async def run(self, beat: Callable[[], None]) -> None:
        while True:
            beat()
            pause = LOOK_SECONDS
            try:
                if self._clock.monotonic() >= self._again_at:
                    await self.deliver(beat)
                await self._sweep()
            except StoreUnavailable as error:
                log.warning("mails_wait", error=str(error))
                pause = AWAY_SECONDS
            await self._clock.sleep(pause)

    async def deliver(self, beat: Callable[[], None] = lambda: None) -> None:
        """All that is due now, unless another process is at it."""
        self._waiting.set(await self._mails.waiting())
        if not await self._mails.due(self._clock.now(), 1) or not await self._hold():
            return
        try:
            async with self._connected() as server:
                beat()
                while due := await self._mails.due(self._clock.now(), BATCH):
                    for mail in due:
                        if not await self._hold():
                            return
                        await self._send(server, mail)
                        beat()
            self._failures = 0
        except TROUBLE as error:
            self._again_at = self._clock.monotonic() + self._server_pause(self._failures)
            self._failures += 1
            log.warning("mail_server_fails", reason=reason_of(error), tries=self._failures)
        finally:
            await self._release()
        self._waiting.set(await self._mails.waiting())

    async def examine(self) -> Finding:
        """Whether the server answers, and takes our user and password."""
        place = f"{self._settings.host}:{self._settings.port}"
        try:
            async with self._connected() as server:
                async with asyncio.timeout(self._settings.timeout):
                    await server.noop()
        except TROUBLE as error:
            return Finding(False, f"{place} {_advice(error)} ({reason_of(error)})")
        user = ", and takes our user and password" if self._settings.user else ""
        return Finding(True, f"{place} answers{user}")

    async def _sweep(self) -> None:
        """Gives up what was tried for long enough, and forgets what was given up long ago."""
        if self._clock.monotonic() < self._sweep_at:
            return
        self._sweep_at = self._clock.monotonic() + SWEEP_SECONDS
        now = self._clock.now()
        late = await self._mails.give_up_late(now - TRIED_MS, now)
        if late:
            log.warning("mails_given_up", count=late)
        await self._mails.erase_given_up(now - KEPT_MS)

    async def _send(self, server: SMTP, mail: Mail) -> None:
        """Raises what is the server's trouble and not this mail's; every failure is noted at the mail, so that others go first."""
        try:
            message = written(mail, self._settings.sender, self._clock.now())
        except Exception as error:  # the mail package raises what it likes, and one mail must not hold up the others
            await self._give_up(mail, type(error).__name__)
            return
        try:
            async with asyncio.timeout(self._settings.timeout):
                await server.send_message(message, sender=self._settings.sender, recipients=[mail.recipient])
        except TROUBLE as error:
            if _is_final(error):
                await self._give_up(mail, reason_of(error))
                return
            again = self._clock.now() + round(self._mail_pause(mail.tries) * 1000)
            await self._mails.failed(mail.id, tries=mail.tries + 1, error=reason_of(error), due_at=again)
            if not _is_of_this_mail(error) or not server.is_connected:
                raise
            log.warning("mail_not_taken", reason=reason_of(error), tries=mail.tries + 1)
            return
        await self._mails.sent(mail.id)
        log.info("mail_sent", mail=mail.id)

    async def _give_up(self, mail: Mail, reason: str) -> None:
        await self._mails.give_up(mail.id, error=reason, now=self._clock.now())
        log.warning("mail_given_up", mail=mail.id, reason=reason)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[SMTP]:
        """A connection that is signed in; raises one of TROUBLE."""
        settings = self._settings
        server = SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.user or None,
            password=settings.password.get_secret_value() or None,
            local_hostname=self._own_name,
            # Time is kept around each call: its own way, wait_for, forgets a cancellation that comes with the answer (Python 3.11),
            # and a loop that was not told to stop holds up the hub's end.
            timeout=None,
            use_tls=settings.tls == "tls",
            start_tls=settings.tls == "starttls",
        )
        try:
            async with asyncio.timeout(settings.timeout):
                await server.connect()
            yield server
            with suppress(*TROUBLE):
                async with asyncio.timeout(LAST_SECONDS):
                    await server.quit()
        finally:
            server.close()

    async def _hold(self) -> bool:
        """Whether this process alone may send now, and for the next LEASE_SECONDS."""
        _, after = await self._leases.take(self._process, [LEASE], LEASE_SECONDS, self._clock.now())
        return any(one.name == LEASE and one.holder == self._process and one.left > 0 for one in after)

    async def _release(self) -> None:
        with suppress(StoreUnavailable, TimeoutError):  # then it ends by itself
            async with asyncio.timeout(LAST_SECONDS):
                await self._leases.release(self._process, [LEASE], self._clock.now())


def written(mail: Mail, sender: str, now: int) -> EmailMessage:
    """As it goes out: plain text that no machine answers, for RFC 3834 keeps away from what is generated."""
    message = EmailMessage(policy=POLICY)
    message["From"] = sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(to_datetime(now))
    message["Message-ID"] = f"<{mail.id}.buurtsein@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    # Quoted-printable passes servers that take seven bits only.
    message.set_content(mail.text, cte="quoted-printable")
    return message


def reason_of(error: BaseException) -> str:
    """The kind of failure and the server's code: what it says beside that quotes addresses."""
    if isinstance(error, SMTPRecipientsRefused) and error.recipients:
        return reason_of(error.recipients[0])
    name = type(error).__name__
    if untrusted := _untrusted(error):
        return f"{name}: {untrusted.verify_message}"
    return f"{name} {error.code}" if isinstance(error, SMTPResponseException) else name


def _is_final(error: BaseException) -> bool:
    """Whether no server will ever take it: the recipient is refused for good, or their address is none that it can write."""
    if isinstance(error, SMTPRecipientsRefused):
        return all(one.code >= 500 for one in error.recipients)
    return isinstance(error, SMTPNotSupported)


def _is_of_this_mail(error: BaseException) -> bool:
    # A text that is refused for good (5xx) is tried again all the same: mostly it is our sender that is not allowed yet.
    of_it = isinstance(error, SMTPRecipientsRefused | SMTPDataError)
    return of_it and getattr(error, "code", 0) != SHUTTING_DOWN


def _advice(error: BaseException) -> str:
    if isinstance(error, SMTPAuthenticationError):
        return "refuses our user or password: see [mail] user and password"
    if _untrusted(error):
        return "shows a certificate that this machine does not trust: add its authority to the system's"
    return "cannot be used: see [mail] host, port and tls"


def _untrusted(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error
