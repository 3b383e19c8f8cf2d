"""Where the master keys come from: settings, a command of a key store, or a file beside the database, made where there is none.

Text with one key or more, each 32 bytes in base64, between white space: the first seals, the others only open. The database knows
which key it is sealed with and proves it; a wrong or missing one is refused before anything is read or written.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import secrets
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from hub.domain import Mistake, Refused
from hub.settings import Database
from hub.store.engine import Engine, StoreUnavailable
from hub.store.kept import sync
from hub.store.marks import marked
from hub.store.sealing import KEY_BYTES, Sealer, Unopened, key_id, sealer, unwrapped_lookup, use

COMMAND_SECONDS = 15
KNOWN = "SELECT number, key_id, lookup FROM sealing_key ORDER BY number"
BEGIN = (
    """INSERT INTO sealing_key (number, key_id, lookup, since) VALUES (1, ?1, ?2, ?3) ON CONFLICT (number) DO NOTHING"""
)


def given_keys(database: Database) -> list[bytes]:
    """Those that settings, command or file give; [] where there is no file yet. Blocking, so for a thread. Raises Refused."""
    if database.key.get_secret_value():
        return _read(database.key.get_secret_value(), "database.key")
    if database.key_command:
        return _read(_ask(database.key_command), "database.key_command")
    try:
        return _read(database.key_file.read_text(encoding="ascii"), str(database.key_file))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _refused(str(database.key_file), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _refused(str(database.key_file), "is no key: 32 bytes in base64") from None


def made_keys(database: Database) -> list[bytes]:
    """The same; where there is none yet a key file is made, and of several processes that do only one makes it."""
    keys = given_keys(database)
    if keys:
        return keys
    put_key_file(database.key_file, [secrets.token_bytes(KEY_BYTES)], anew=False)
    return given_keys(database)


def new_key_file(database: Database, keys: Sequence[bytes]) -> list[bytes]:
    """A new key at the head of the file; those before it stay, for reading what is not wrapped anew yet, and old backups."""
    put_key_file(database.key_file, [secrets.token_bytes(KEY_BYTES), *keys], anew=True)
    return given_keys(database)


class Keyring:
    """Looks now and then whether another process has begun to seal with a new key, and does the same from then on."""

    def __init__(self, engine: Engine, database: Database) -> None:
        self._engine = engine
        self._database = database

    async def look(self) -> None:
        """Raises StoreUnavailable where the new key is none of those this process was given."""
        rows = await self._engine.read(KNOWN)
        if not rows or rows[-1][1] == sealer().key_id:
            return
        keys = await asyncio.to_thread(given_keys, self._database)
        try:
            use(proved(self._database, [(str(name), str(lookup)) for _, name, lookup in rows], keys))
        except Refused as refused:
            raise StoreUnavailable(f"{refused}; start this hub anew with it") from None


def put_key_file(file: Path, keys: Sequence[bytes], *, anew: bool) -> None:
    """For the hub's own account only, whole or not at all. `anew`: in the place of one that is there, which stays otherwise."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        number, unnamed = tempfile.mkstemp(prefix=f"{file.name}.", dir=file.parent)  # mode 0600
        try:
            with os.fdopen(number, "w", encoding="ascii") as opened:
                opened.write("".join(f"{base64.b64encode(one).decode()}\n" for one in keys))
                opened.flush()
                os.fsync(number)
            if anew:
                Path(unnamed).replace(file)
            else:
                with suppress(FileExistsError):
                    file.hardlink_to(unnamed)
        finally:
            Path(unnamed).unlink(missing_ok=True)
        sync(file.parent)
    except OSError as error:
        raise _refused(str(file), f"cannot be written: {error.strerror}; or give database.key") from None


async def sealer_of(engine: Engine, database: Database, now: int) -> Sealer:
    """What this database is sealed with; with the first of the given keys from now on, if it has none yet. Raises Refused."""
    keys = await asyncio.to_thread(given_keys, database)
    rows = await engine.read(KNOWN)
    if not rows:
        keys = keys or await asyncio.to_thread(made_keys, database)
        new = Sealer(keys[0], secrets.token_bytes(KEY_BYTES))
        begin = marked(BEGIN, on_postgres=database.on_postgres)
        await engine.write((begin, new.key_id, new.wrapped_lookup(), now))
        rows = await engine.read(KNOWN)  # another process may have been as quick
    return proved(database, [(str(name), str(lookup)) for _, name, lookup in rows], keys)


def proved(database: Database, known: Sequence[tuple[str, str]], keys: Sequence[bytes]) -> Sealer:
    """With the newest key of (key id, look-up secret) that the database names. Raises Refused."""
    by_id = {key_id(one): one for one in keys}
    missing = [name for name, _ in known if name not in by_id]
    if missing:
        have = f"given is {', '.join(by_id)}" if by_id else "none is given"
        raise _refused(
            database.place,
            f"is sealed with key {', '.join(missing)}, and {have}: {_where(database)}. Without it nothing personal can be read",
        )
    newest, lookup = known[-1]
    older = [one for one in keys if one != by_id[newest]]
    try:
        more = partial(given_keys, database) if database.has_key_file else None
        return Sealer(by_id[newest], unwrapped_lookup(lookup, keys), older, more)
    except Unopened:
        raise _refused(database.place, "its look-up secret was changed: go back to a backup") from None


def _where(database: Database) -> str:
    if database.key.get_secret_value():
        return "put the right one first in database.key"
    if database.key_command:
        return "let database.key_command print the right one"
    return f"put the right one back as {database.key_file} (keys are kept apart from backups), or give database.key"


def _read(text: str, place: str) -> list[bytes]:
    keys: list[bytes] = []
    for word in text.split():
        try:
            key = base64.b64decode(word, altchars=b"-_" if "-" in word or "_" in word else None, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise _refused(place, "is no key: it takes 32 random bytes in base64, as `openssl rand -base64 32` prints")
        keys.append(key)
    if not keys:
        raise _refused(place, "is empty: it takes 32 random bytes in base64, as `openssl rand -base64 32` prints")
    return keys


def _ask(command: Sequence[str]) -> str:
    """What the command prints; never what it complains of, which may quote a secret."""
    try:
        done = subprocess.run(  # noqa: S603  # the operator's own, and no shell
            command, capture_output=True, timeout=COMMAND_SECONDS, check=True, stdin=subprocess.DEVNULL
        )
        return done.stdout.decode("ascii")
    except OSError as error:
        why = f"cannot be run: {error.strerror}"
    except subprocess.TimeoutExpired:
        why = f"did not end within {COMMAND_SECONDS} s"
    except subprocess.CalledProcessError as error:
        why = f"ended with {error.returncode}"
    except UnicodeDecodeError:
        why = "printed no key"
    raise _refused("database.key_command", why)


def _refused(place: str, why: str) -> Refused:
    return Refused("The database's key cannot be used", [Mistake(place, why)])
