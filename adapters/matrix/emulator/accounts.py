"""Accounts of the server, their devices' access tokens, and what a client keeps there: account data, filters, media."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.matrix.emulator.faults import (
    DEACTIVATED,
    MISSING_TOKEN,
    SERVER_ERROR,
    UNKNOWN_TOKEN,
    Refused,
    forbidden,
    refused,
)

WRONG_PASSWORD = forbidden("Invalid username or password").refusal
WRONG_LOGIN_TOKEN = forbidden("Invalid login token").refusal


@dataclass(frozen=True, slots=True)
class Session:
    """Whose token it is."""

    user: str
    device: str

    @property
    def key(self) -> tuple[str, str]:
        return self.user, self.device


@dataclass(slots=True)
class Account:
    """`data` by room ('' for none) and type, with its place in the stream. `password` '': nobody logs in."""

    user: str
    name: str
    password: str = field(default="", repr=False)
    deactivated: bool = False
    data: dict[tuple[str, str], tuple[dict[str, Any], int]] = field(default_factory=dict)
    filters: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Media:
    content: bytes = field(repr=False)
    mime: str
    name: str


class Accounts:
    """Who may do what with which token."""

    def __init__(self, server_name: str) -> None:
        self.server_name = server_name
        self.by_user: dict[str, Account] = {}
        self.tokens: dict[str, Session] = {}
        self.login_tokens: dict[str, str] = {}
        self.media: dict[str, Media] = {}

    def make(self, user: str, name: str = "", password: str = "") -> Account:
        """`user` with or without @ and server."""
        user = self.full(user)
        return self.by_user.setdefault(user, Account(user, name or user[1:].partition(":")[0], password))

    def full(self, user: str) -> str:
        return user if user.startswith("@") else f"@{user}:{self.server_name}"

    def session(self, token: str) -> Session:
        if not token:
            raise Refused(MISSING_TOKEN)
        if token not in self.tokens:
            raise Refused(UNKNOWN_TOKEN)
        return self.tokens[token]

    def log_in(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """With a password or a login token. The same device gets a further token: Synapse lets the older ones live."""
        match given.get("type"):
            case "m.login.password":
                account = self._by_password(given)
            case "m.login.token":
                if "token" not in given:
                    raise refused(400, "M_UNKNOWN", "Missing JSON keys.")
                user = self.login_tokens.pop(str(given["token"]), None)
                if user is None:
                    raise Refused(WRONG_LOGIN_TOKEN)
                account = self.by_user[user]
            case None:
                raise refused(400, "M_UNKNOWN", "Missing JSON keys.")
            case _:
                raise refused(400, "M_INVALID_PARAM", "Invalid login submission")
        if account.deactivated:
            raise Refused(DEACTIVATED)
        device = given.get("device_id") or secrets.token_hex(5).upper()
        if not isinstance(device, str):
            raise Refused(SERVER_ERROR)  # so says Synapse
        token = self.issue(account.user, device)
        answer = {"user_id": account.user, "access_token": token, "device_id": device}
        return {**answer, "home_server": self.server_name}

    def _by_password(self, given: Mapping[str, Any]) -> Account:
        identifier = given.get("identifier", {"type": "m.id.user", "user": given.get("user")})
        if not isinstance(given.get("password"), str):
            raise refused(400, "M_INVALID_PARAM", "Bad parameter: password")
        if not isinstance(identifier, dict) or identifier.get("type") != "m.id.user":
            raise refused(400, "M_UNKNOWN", "Unknown login identifier type")
        account = self.by_user.get(self.full(str(identifier.get("user"))))
        if account is None or not account.password or account.password != given["password"]:
            raise Refused(WRONG_PASSWORD)
        return account

    def issue(self, user: str, device: str, token: str = "") -> str:
        token = token or f"syt_{secrets.token_urlsafe(24)}"
        self.tokens[token] = Session(user, device)
        return token

    def revoke(self, user: str, device: str = "") -> None:
        """All tokens, or one device's."""
        kept = {
            token: one for token, one in self.tokens.items() if one.user != user or (device and one.device != device)
        }
        self.tokens = kept
