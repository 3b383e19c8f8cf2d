"""A real homeserver for the tests: one Synapse a run, in a folder and on a port of its own, with SQLite.

Federation is off, limits are far away, and it knows an application service (the bridge: its bot and its ghosts).
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

SERVER: Final = "hub.test"
BRIDGE_BOT: Final = f"@whatsappbot:{SERVER}"
# Seconds; it takes 1.5 to 4 here, and more on a machine that is busy with other tests.
START_SECONDS: Final = 90.0

_PLENTY = {"per_second": 1000, "burst_count": 1000}


class Synapse:
    """Started with `start`, ended with `stop`; `register` is the admin API with the shared secret."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.bridge_token = secrets.token_hex(16)
        self._secret = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._write_configuration()

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "synapse.app.homeserver", "-c", str(self.folder / "homeserver.yaml")],
                cwd=self.folder,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + START_SECONDS
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"Synapse did not start:\n{(self.folder / 'log').read_text()[-4000:]}")
            time.sleep(0.1)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(15)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def register(self, name: str, password: str) -> str:
        """A new person; answers their access token."""
        where = "/_synapse/admin/v1/register"
        nonce = self._call("GET", where)["nonce"]
        proof = hmac.new(
            self._secret.encode(), b"\0".join(x.encode() for x in (nonce, name, password, "notadmin")), "sha1"
        )
        given = {"nonce": nonce, "username": name, "password": password, "admin": False, "mac": proof.hexdigest()}
        return str(self._call("POST", where, given)["access_token"])

    def _write_configuration(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "bridge.yaml").write_text(
            json.dumps(
                {
                    "id": "whatsapp",
                    "url": None,
                    "as_token": self.bridge_token,
                    "hs_token": secrets.token_hex(16),
                    "sender_localpart": "whatsappbot",
                    "rate_limited": False,
                    "namespaces": {"users": [{"exclusive": True, "regex": "@whatsapp_.*"}], "rooms": [], "aliases": []},
                }
            )
        )
        configuration = {
            "server_name": SERVER,
            "pid_file": str(self.folder / "homeserver.pid"),
            "listeners": [
                {
                    "port": self.port,
                    "bind_addresses": ["127.0.0.1"],
                    "type": "http",
                    "tls": False,
                    "resources": [{"names": ["client"], "compress": False}],
                }
            ],
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "homeserver.db")}},
            "media_store_path": str(self.folder / "media"),
            "signing_key_path": str(self.folder / "signing.key"),
            "registration_shared_secret": self._secret,
            "macaroon_secret_key": secrets.token_hex(16),
            "form_secret": secrets.token_hex(16),
            "report_stats": False,
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            "federation_domain_whitelist": [],
            "caches": {"sync_response_cache_duration": "0s"},
            "app_service_config_files": [str(self.folder / "bridge.yaml")],
            # The slowest part of registering a person; these passwords keep no secret.
            "bcrypt_rounds": 4,
            "rc_message": _PLENTY,
            "rc_registration": _PLENTY,
            "rc_login": {"address": _PLENTY, "account": _PLENTY, "failed_attempts": _PLENTY},
            "rc_joins": {"local": _PLENTY, "remote": _PLENTY},
            "rc_joins_per_room": _PLENTY,
            "rc_invites": {"per_room": _PLENTY, "per_user": _PLENTY, "per_issuer": _PLENTY},
            "rc_room_creation": _PLENTY,
        }
        # JSON is YAML.
        (self.folder / "homeserver.yaml").write_text(json.dumps(configuration))
        seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        (self.folder / "signing.key").write_text(f"ed25519 a_test {seed}\n")

    def _healthy(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/health", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            given: dict[str, Any] = json.loads(answer.read())
            return given


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
