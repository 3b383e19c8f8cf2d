"""A mail server of the test's own, takes what it is told to take, over TLS where it has a certificate."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

USER, PASSWORD = "buurtsein", "s3kr1t-of-the-test"


@dataclass
class Desk:
    """`says`: recipient → what RCPT is answered; `data_says`: the same for the text, '' hangs up. `taken`: what it has."""

    says: dict[str, str] = field(default_factory=dict)
    data_says: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    took: asyncio.Event = field(default_factory=asyncio.Event)
    raw: list[bytes] = field(default_factory=list)
    greeted: list[str] = field(default_factory=list)
    connections: int = 0
    over_tls: list[bool] = field(default_factory=list)
    users: list[str] = field(default_factory=list)

    @property
    def recipients(self) -> list[str]:
        return [recipient for recipient, _ in self.taken]

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        self.greeted.append(hostname)
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.says.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        (recipient,) = envelope.rcpt_tos
        answer = self.data_says.get(recipient, "250 OK")
        if not answer:
            assert server.transport is not None
            server.transport.close()
            return "451 gone"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.raw.append(envelope.content)
            message = message_from_bytes(envelope.content, policy=POLICY)
            assert isinstance(message, EmailMessage)
            self.taken.append((recipient, message))
            self.took.set()
            assert server.transport is not None
            self.over_tls.append(server.transport.get_extra_info("sslcontext") is not None)
        return answer


@asynccontextmanager
async def listening(desk: Desk, tls: ssl.SSLContext | None = None, *, port: int = 0, **more: Any) -> AsyncIterator[int]:
    """Its port. `tls`: from the start of each connection; STARTTLS is `tls_context` of aiosmtpd's own settings."""

    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        desk.users.append(USER if right else "?")
        return AuthResult(success=right, handled=False)

    loop = asyncio.get_running_loop()
    made: list[SMTP] = []

    def smtp() -> SMTP:
        desk.connections += 1
        made.append(SMTP(desk, loop=loop, hostname="mail.test", enable_SMTPUTF8=False, authenticator=check, **more))
        return made[-1]

    server = await loop.create_server(smtp, "127.0.0.1", port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for one in made:
            if one.transport is not None:
                one.transport.close()
        await server.wait_closed()
        await asyncio.sleep(0)


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """For 127.0.0.1, of its own making: the server's side, and the file that says whom to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2199, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "trusted.pem", folder / "key.pem"
    trusted.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, trusted
