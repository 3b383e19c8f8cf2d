"""A streaming replica of a server, which its primary waits for at every commit; it can be promoted to be the primary."""

from __future__ import annotations

from urllib.parse import urlsplit

from tests.postgres.server import Server

NAME = "replica"


class Replica(Server):
    """Made with pg_basebackup from a running primary. After `start` the primary commits nothing that is not on its disk too."""

    def __init__(self, primary: Server) -> None:
        super().__init__()
        self._primary = primary

    def make_data(self) -> None:
        url = self._primary.url() + f"?application_name={NAME}"
        self.run("pg_basebackup", "-D", str(self.data), "-d", url, "-R", "-X", "stream", "-c", "fast", "--no-sync")

    def start(self) -> None:
        super().start()
        self._primary.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{NAME}'")
        self._primary.sql("SELECT pg_reload_conf()")
        self._primary.wait("SELECT COUNT(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")

    def promote(self) -> None:
        """From here on it takes writes. Kill the primary first: two of them would be two truths."""
        self.sql("SELECT pg_promote()")
        self.wait("SELECT NOT pg_is_in_recovery()")

    def url_of_both(self, database: str) -> str:
        """With both hosts, of which a client takes the one that accepts writes."""
        hosts = ",".join(urlsplit(server.url()).netloc.partition("@")[2] for server in (self._primary, self))
        return f"postgres://hub@{hosts}/{database}?target_session_attrs=read-write"
