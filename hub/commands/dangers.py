"""What in a configuration would be wrong quietly: `check` refuses all of it, `serve` what is dangerous from its first second.

In production is a hub whose public_url leads to others. On this machine alone (http://127.0.0.1:8080) anything may be tried out.
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

import structlog
from pydantic import BaseModel, SecretStr

from hub.domain import Mistake, Refused
from hub.settings import CONFIG, LOCAL, ROOT, Account, FileSecret, MatrixAccount, Settings

log = structlog.get_logger()

DEMO_DATABASE = ROOT / "var" / "demo.db"

SAMPLES = frozenset({
    "changeme", "change", "default", "demo", "dummy", "emulated", "example", "fake", "geheim", "letmein",
    "password", "placeholder", "postgres", "qwerty", "sample", "secret", "test", "todo", "verify", "voorbeeld",
    "wachtwoord", "welkom", "your",
})  # fmt: skip
"""Words of secrets that stand in examples. A random secret has none of them between its signs."""

NO_SECRETS = frozenset({"handle", "signing_certificate", "url"})
"""Hidden in logs like secrets, but people's or public. A database's url is looked into by itself."""

OPENS_OUR_DOOR = frozenset({"app_secret", "secret", "verify_token", "webhook_secret"})
"""Who guesses one of these can speak to us as a messenger, or as us to the police; others are between us and a provider."""

DOOR_SIGNS, DOOR_BITS = 16, 36.0
OTHER_SIGNS, OTHER_BITS = 8, 14.0
"""Bits by how often each sign occurs (Shannon): 16 random hexadecimal digits have 36 to 60, "abababababababab" 16."""

HERE_ALONE = ("127.0.0.1", "::1", "localhost")
"""What a hub may listen on and take no calls of other machines."""

ENCRYPTED = ("require", "verify-ca", "verify-full")
"""PostgreSQL's sslmode; prefer, which is the default, falls back to plain text without a word."""

PROVES_US = frozenset({"sslcert", "passfile", "krbsrvname", "service"})
"""What stands behind a PostgreSQL's address in place of a password in it."""

RESERVED = ("example", "invalid", "localhost", "test", "example.com", "example.net", "example.org")
"""Domains that are nobody's (RFC 2606)."""


def in_production(settings: Settings) -> bool:
    return not _here(_split(settings.web.public_url).hostname or "")


def _split(url: str) -> SplitResult:
    """Empty for what is no URL at all, such as http://[::1 without its end."""
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def _here(host: str) -> bool:
    """Whether a name or address is this machine's own."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def refuse_dangers(settings: Settings) -> None:
    if found := dangers(settings):
        raise Refused("The hub does not start with this configuration", found)


def refuse_demo(settings: Settings) -> None:
    """The demo relays invented alerts, prints a key, and empties its database: not where a hub is in service."""
    wrong = []
    if in_production(settings):
        wrong.append(Mistake("web.public_url", "leads to others: a hub in service is configured here"))
    if settings.database.on_postgres:
        wrong.append(Mistake("database.url", "is a PostgreSQL, which a hub in service uses"))
    elif settings.database.sqlite_path == DEMO_DATABASE:
        wrong.append(
            Mistake("database.url", f"is {DEMO_DATABASE}, which the demo would empty: give the hub's own another name")
        )
    if wrong:
        raise Refused("No demo here: run it where nothing is configured", wrong)


def warn_of_slips(settings: Settings) -> None:
    """A hub that starts at night with a file too open is better than none; the log says so at each start."""
    for slip in slips(settings):
        log.warning("unsafe", place=slip.place, reason=slip.reason)


def dangers(settings: Settings) -> list[Mistake]:
    """What nobody may be served with. What is only likely to be wrong is not among it: see `slips`."""
    found = [*_public_url(settings)]
    if in_production(settings):
        found += [*_demo(settings), *_samples(settings)]
    return found


def slips(settings: Settings) -> list[Mistake]:
    """What `check` refuses besides: secrets that can be guessed or read by others, and leftovers of trying things out.

    A provider's own server may stand on this machine (`self_hosted`), so a hub that was set up so goes on, loudly.
    """
    found = [*_files(settings), *in_settings_files()]
    if not in_production(settings):
        return [*found, *_samples(settings)]
    told = {mistake.place for mistake in _samples(settings)}
    found += _emulators(settings)
    for place, secret in _secrets(settings):
        if place not in told and (wrong := guessable(place.rpartition(".")[2], secret.get_secret_value())):
            found.append(Mistake(place, wrong))
    found += _database(settings)
    if settings.log.level == "debug":
        found.append(Mistake("log.level", "debug is for looking for a fault: set info"))
    if os.environ.get("PYTHONASYNCIODEBUG") or os.environ.get("PYTHONDEVMODE"):
        found.append(Mistake("PYTHONASYNCIODEBUG, PYTHONDEVMODE", "are for looking for a fault: take them out"))
    return found


def advice(settings: Settings) -> list[str]:
    """What works, and may not be meant."""
    found = []
    real = [place for place, account in _accounts(settings) if not _here(_split(_server(account)).hostname or "")]
    if real and not in_production(settings):
        found.append(
            f"web.public_url is this machine's own, but {', '.join(real)} reaches real people: their links lead nowhere"
        )
    if settings.web.host not in HERE_ALONE and not in_production(settings):
        found.append(
            "web.listen takes calls of other machines, in plain HTTP: put a proxy with TLS before it, set web.public_url"
        )
    if (
        in_production(settings)
        and settings.web.by_https
        and not (settings.web.trusted_proxies or settings.web.tls.certificate)
    ):
        found.append(
            "web.trusted_proxies is empty: behind a proxy everybody has its address, and nobody is limited by their own"
        )
    if in_production(settings) and settings.database.on_postgres and _said(settings).get("sslmode") == "disable":
        found.append("database.url says sslmode=disable: whoever is on the way to PostgreSQL reads and changes along")
    if in_production(settings) and not settings.web.security_contact:
        found.append("web.security_contact is empty: nobody finds out where to report a weakness (security.txt)")
    return found


def _public_url(settings: Settings) -> Iterator[Mistake]:
    url = _split(settings.web.public_url)
    place = "web.public_url"
    if url.scheme not in ("http", "https") or not url.hostname:
        yield Mistake(place, "must be https:// and the name people reach the hub by")
    elif url.username or url.password or url.query or url.fragment:
        yield Mistake(place, "must be only https://, a name and perhaps a path: it stands in every link")
    elif url.scheme == "http" and not _here(url.hostname):
        yield Mistake(
            place,
            "is plain HTTP: keys, sessions and alerts could be read and changed on the way. Put a proxy with TLS before the hub "
            "and write https://",
        )


def _accounts(settings: Settings) -> Iterator[tuple[str, Account]]:
    for name, channel in settings.channels:
        for number, account in enumerate(channel.accounts):
            if account.configured:
                yield f"channels.{name}.accounts.{number}", account


def _server(account: Account) -> str:
    return account.homeserver if isinstance(account, MatrixAccount) else account.api_base


def _emulators(settings: Settings) -> Iterator[Mistake]:
    for place, account in _accounts(settings):
        url = _split(_server(account))
        here = f"{place}.{'homeserver' if isinstance(account, MatrixAccount) else 'api_base'}"
        if not account.self_hosted and _here(url.hostname or ""):
            yield Mistake(
                here,
                "is on this machine, where emulators are: nobody real would be reached. Take it out, or set self_hosted = true if "
                "a server of your own stands there",
            )
        elif not account.self_hosted and url.scheme != "https":
            yield Mistake(here, "is not https://: the account's secret would go over the net in clear")
        if isinstance(account, MatrixAccount):
            domain = account.user_id.partition(":")[2].partition(":")[0]
            if domain.endswith(tuple(f".{one}" for one in RESERVED)) or domain in RESERVED:
                yield Mistake(f"{place}.user_id", f"is of {domain}, which is nobody's: an emulator's or an example's")


def _demo(settings: Settings) -> Iterator[Mistake]:
    if not settings.database.on_postgres and settings.database.sqlite_path == DEMO_DATABASE:
        yield Mistake("database.url", "is the demo's: it is emptied whenever the demo is run")
    if settings.relay.ladder.resolve().is_relative_to(CONFIG / "demo"):
        yield Mistake("relay.escalation", "is the demo's, whose steps follow each other within seconds")


def _secrets(model: BaseModel, place: str = "") -> Iterator[tuple[str, SecretStr]]:
    """Every secret that is set, with its place."""
    for name, value in model:
        here = f"{place}.{name}" if place else name
        if isinstance(value, SecretStr):
            if value.get_secret_value() and name not in NO_SECRETS:
                yield here, value
        elif isinstance(value, BaseModel):
            yield from _secrets(value, here)
        elif isinstance(value, tuple):
            for number, one in enumerate(value):
                if isinstance(one, BaseModel):
                    yield from _secrets(one, f"{here}.{number}")


def _samples(settings: Settings) -> list[Mistake]:
    """Secrets that are nothing but a word of examples: everybody's first guess."""
    return [
        Mistake(place, "is a word of examples: make one with `openssl rand -hex 32`")
        for place, secret in _secrets(settings)
        if re.sub(r"[^a-z]", "", secret.get_secret_value().lower()) in SAMPLES
    ]


def guessable(name: str, secret: str) -> str:
    """Why a secret is none; '' if nothing is known against it."""
    signs, bits = (DOOR_SIGNS, DOOR_BITS) if name in OPENS_OUR_DOOR else (OTHER_SIGNS, OTHER_BITS)
    lowered = secret.lower()
    if SAMPLES & {re.sub(r"[^a-z]", "", lowered), *re.split(r"[^a-z0-9]+", lowered)}:
        return "has a word of examples in it: make one with `openssl rand -hex 32`, or take the provider's"
    if len(secret) < signs:
        return f"is too short: {signs} signs or more"
    if _bits(secret) < bits:
        return "is too easy to guess: the same few signs again and again"
    return ""


def _bits(secret: str) -> float:
    counts = Counter(secret).values()
    return -sum(count * math.log2(count / len(secret)) for count in counts)


def _said(settings: Settings) -> dict[str, str]:
    """What stands behind a PostgreSQL's address: sslmode and the like."""
    return dict(parse_qsl(settings.database.url.get_secret_value().partition("?")[2]))


def _database(settings: Settings) -> Iterator[Mistake]:
    """A PostgreSQL's password; and, where it is on another machine, how it knows us and what others on the way read."""
    if not settings.database.on_postgres:
        return
    place, url = "database.url", settings.database.url.get_secret_value()
    first = _split(url.partition(",")[0])
    if first.password and (guessable("password", first.password) or first.password == first.username):
        yield Mistake(place, "has a password of examples, a short one, or the account's own name: give it a random one")
    hosts = settings.database.place.rpartition("/")[0].split(",")
    said = _said(settings)
    # A path (%2F…) is a socket of this machine.
    if all(one.upper().startswith("%2F") or _here(_split(f"//{one}").hostname or "") for one in hosts):
        return
    if not (first.password or said.keys() & PROVES_US):
        yield Mistake(
            place,
            "has no password and no certificate: whoever reaches that server is let in. Write sslcert= and sslkey= behind it",
        )
    if said.get("sslmode") not in ENCRYPTED and said.get("sslmode") != "disable":
        yield Mistake(
            place,
            "leads to another machine, and does not say that it must be encrypted: write ?sslmode=verify-full behind it, with "
            "sslrootcert= where its certificate is of your own; sslmode=disable only where that network is this hub's alone",
        )


def _files(settings: Settings) -> Iterator[Mistake]:
    """What others on this machine may read."""
    for place, secret in _secrets(settings):
        if isinstance(secret, FileSecret):
            yield from open_to_others(place, secret.path)
    if isinstance(settings.database.url, FileSecret):
        yield from open_to_others("database.url", settings.database.url.path)
    if not settings.database.on_postgres:
        path = settings.database.sqlite_path
        for file in sorted(path.parent.glob(f"{path.name}*")) if path.parent.is_dir() else ():
            yield from open_to_others("database.url", file)


def open_to_others(place: str, path: Path, us: int = -1) -> Iterator[Mistake]:
    """Its group may read it where it is not ours (`us`, this process's account): that is then how we may."""
    try:
        found = path.stat()
    except OSError:
        return
    who = (
        "everybody"
        if found.st_mode & 0o006
        else "its group"
        if found.st_mode & 0o060 and found.st_uid == (os.geteuid() if us < 0 else us)
        else ""
    )
    if who:
        yield Mistake(place, f"{who} on this machine may read {path}: chmod 600 {path}")


def in_settings_files(shipped: Path = CONFIG / "hub.toml", local: Path = LOCAL) -> Iterator[Mistake]:
    """Secrets in a file that git keeps, or in one that others may read."""
    for file in (shipped, local):
        try:
            written = tomllib.loads(file.read_text(encoding="utf-8"))
        except OSError:
            continue
        secrets = [*_written(written, ())]
        if secrets and file != local:
            yield from (
                Mistake(place, f"is a secret in {file.name}, which git keeps: move it to hub.local.toml")
                for place in secrets
            )
        elif secrets:
            yield from open_to_others("hub.local.toml", file)


def _written(value: Any, place: tuple[str, ...]) -> Iterator[str]:
    """Where in a file of settings secrets stand, given as text."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _written(one, (*place, name))
    elif isinstance(value, list):
        for one in value:
            yield from _written(one, place)
    elif isinstance(value, str) and value and re.search(r"(secret|token|password|signing_key)$", place[-1]):
        yield ".".join(place)
    elif isinstance(value, str) and place == ("database", "url") and re.search(r"://[^/@]*:[^/@]+@", value):
        yield "database.url"
