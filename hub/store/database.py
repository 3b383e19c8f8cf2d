"""Opening and closing the store: which database, and a watchdog over it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.exceptions import OperationalError

from hub.clock import Clock
from hub.domain import Mistake, Refused
from hub.measures import Measures
from hub.settings import Database
from hub.store.alerts import Alerts
from hub.store.applications import Applications
from hub.store.audit import AuditChain
from hub.store.challenges import Challenges
from hub.store.clocks import Clocks
from hub.store.conclusions import Conclusions
from hub.store.consents import Consents
from hub.store.contact_requests import ContactRequests
from hub.store.directory import Directory
from hub.store.directory_search import DirectorySearch
from hub.store.drafts import Drafts
from hub.store.drills import Drills
from hub.store.engine import Engine, StoreUnavailable
from hub.store.erasing import Erasing
from hub.store.escalations import Escalations
from hub.store.figures import Figures
from hub.store.first_drills import FirstDrills
from hub.store.form_keys import FormKeys
from hub.store.health import Health
from hub.store.holds import Holds
from hub.store.ids import HIGHEST, Ids
from hub.store.keys import Keys
from hub.store.leases import Leases
from hub.store.linking import Linking
from hub.store.log import Log
from hub.store.mails import Mails
from hub.store.measured import MeasuredEngine
from hub.store.names import Names
from hub.store.neighbour_reports import NeighbourReports
from hub.store.neighbourhoods import Neighbourhoods
from hub.store.outbox import Outbox
from hub.store.own import OwnPages
from hub.store.own_alerts import OwnAlerts
from hub.store.own_data import OwnData
from hub.store.own_sessions import OwnSessions
from hub.store.passkeys import Passkeys
from hub.store.postgres.engine import PostgresEngine
from hub.store.postgres.queries import POSTGRES
from hub.store.public_texts import PublicTexts
from hub.store.queries import Queries
from hub.store.receipts import Receipts
from hub.store.registry import Registry
from hub.store.results import Results
from hub.store.rotating import Rotating
from hub.store.sealing import use
from hub.store.sealing_keys import Keyring, sealer_of
from hub.store.sessions import Sessions
from hub.store.sightings import Sightings
from hub.store.sign_in_attempts import SignInAttempts
from hub.store.sign_ons import SignOns
from hub.store.signs import Signs
from hub.store.sqlite.engine import PRAGMAS, SqliteEngine
from hub.store.sqlite.lock import HubLock as HubLock
from hub.store.sqlite.queries import SQLITE
from hub.store.staff import Staff
from hub.store.visitors import Visitors
from hub.store.watching import Watching
from hub.store.widenings import Widenings

PING_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Store:
    """The verbs, by noun. `measures`: what the store, and the hub over it, count and time."""

    engine: Engine
    ids: Ids
    alerts: Alerts
    outbox: Outbox
    escalations: Escalations
    receipts: Receipts
    keys: Keys
    staff: Staff
    passkeys: Passkeys
    sign_ons: SignOns
    challenges: Challenges
    sessions: Sessions
    sign_in_attempts: SignInAttempts
    neighbourhoods: Neighbourhoods
    directory: Directory
    directory_search: DirectorySearch
    drills: Drills
    linking: Linking
    leases: Leases
    log: Log
    health: Health
    results: Results
    sightings: Sightings
    figures: Figures
    widenings: Widenings
    clocks: Clocks
    conclusions: Conclusions
    erasing: Erasing
    consents: Consents
    audit: AuditChain
    holds: Holds
    mails: Mails
    drafts: Drafts
    applications: Applications
    first_drills: FirstDrills
    neighbour_reports: NeighbourReports
    own: OwnPages
    own_alerts: OwnAlerts
    own_data: OwnData
    own_sessions: OwnSessions
    registry: Registry
    public_texts: PublicTexts
    contact_requests: ContactRequests
    form_keys: FormKeys
    signs: Signs
    visitors: Visitors
    watching: Watching
    keyring: Keyring
    rotating: Rotating
    measures: Measures

    async def ping(self) -> None:
        """The watchdog's question: do the writer, the readers and Tortoise answer in time? Raises StoreUnavailable."""
        try:
            async with asyncio.timeout(PING_SECONDS):
                await self.engine.ping()
                await self.keyring.look()
                await Tortoise.get_connection("default").execute_query("SELECT 1")
        except OperationalError as error:
            raise StoreUnavailable(f"the database cannot be read: {error}") from error
        except TimeoutError:
            raise StoreUnavailable(f"the database did not answer within {PING_SECONDS:.0f} s") from None


def tortoise_config(where: Database | Path, **pragmas: str) -> dict[str, Any]:
    """Tortoise on this database, a path being that of a SQLite file, through our own backend."""
    if isinstance(where, Database) and where.on_postgres:
        connection: dict[str, Any] = {"engine": "hub.store.postgres.backend", "credentials": {"url": where.url}}
    else:
        path = where if isinstance(where, Path) else where.sqlite_path
        connection = {
            "engine": "hub.store.sqlite.backend",
            "credentials": {"file_path": str(path), **PRAGMAS, **pragmas},
        }
    return {
        "connections": {"default": connection},
        "apps": {
            "hub": {
                "models": [
                    "hub.store.tables",
                    "hub.store.registry_tables",
                    "hub.store.staff_tables",
                    "hub.store.audit_tables",
                ],
                "migrations": "hub.store.migrations",
                "default_connection": "default",
            }
        },
    }


@asynccontextmanager
async def open_store(settings: Database, clock: Clock) -> AsyncIterator[Store]:
    """The store of these settings; its schema must be there (store/migrating.py)."""
    opened, sql, number = await _opened(settings)
    measures = Measures()
    engine = MeasuredEngine(opened, measures, clock)
    try:
        use(await sealer_of(engine, settings, clock.now()))
        EXECUTOR_CACHE.clear()  # by table only: an INSERT made for one dialect would be sent to the other
        # The fallback lets tasks that were not started by this one (aiohttp's handlers) find Tortoise's connections.
        await Tortoise.init(config=tortoise_config(settings), _enable_global_fallback=True)
        ids = Ids(clock, beyond=(await engine.read(HIGHEST))[0][0], number=number)
        mails = Mails(ids)
        consents = Consents(ids, on_postgres=settings.on_postgres)
        store = Store(
            engine=engine,
            ids=ids,
            alerts=Alerts(engine, sql),
            outbox=Outbox(engine, sql),
            escalations=Escalations(engine, sql.escalating),
            receipts=Receipts(engine, sql),
            keys=Keys(engine, sql),
            staff=Staff(),
            passkeys=Passkeys(),
            sign_ons=SignOns(),
            challenges=Challenges(),
            sessions=Sessions(),
            sign_in_attempts=SignInAttempts(),
            neighbourhoods=Neighbourhoods(engine, sql),
            directory=Directory(ids),
            directory_search=DirectorySearch(Names(engine)),
            drills=Drills(),
            linking=Linking(engine, sql, ids, consents, on_postgres=settings.on_postgres),
            leases=Leases(engine, sql),
            log=Log(engine, sql),
            health=Health(),
            results=Results(),
            sightings=Sightings(sql, on_postgres=settings.on_postgres),
            figures=Figures(engine, sql),
            widenings=Widenings(engine, sql, ids),
            clocks=Clocks(),
            conclusions=Conclusions(),
            erasing=Erasing(settings),
            consents=consents,
            audit=AuditChain(engine, sql),
            holds=Holds(engine, sql),
            drafts=Drafts(ids),
            applications=Applications(ids),
            first_drills=FirstDrills(ids),
            neighbour_reports=NeighbourReports(engine, ids, on_postgres=settings.on_postgres),
            own=OwnPages(),
            own_alerts=OwnAlerts(),
            own_data=OwnData(),
            own_sessions=OwnSessions(on_postgres=settings.on_postgres),
            registry=Registry(),
            public_texts=PublicTexts(ids),
            contact_requests=ContactRequests(ids),
            form_keys=FormKeys(),
            mails=mails,
            signs=Signs(ids, mails),
            visitors=Visitors(),
            watching=Watching(),
            keyring=Keyring(engine, settings),
            rotating=Rotating(engine, settings, clock),
            measures=measures,
        )
        await store.ping()  # connects Tortoise before anybody who may be cancelled meanwhile does
        yield store
    finally:
        await Tortoise.close_connections()
        await engine.close()


def only_hub(settings: Database) -> AbstractContextManager[object]:
    """On SQLite no other hub may run beside this one; raises Refused."""
    return nullcontext() if settings.on_postgres else HubLock(settings.sqlite_path)


async def _opened(settings: Database) -> tuple[Engine, Queries, Callable[[], int] | None]:
    """The engine, its dialect, and where this process's own number (ids.py) is found, if there can be others."""
    if settings.on_postgres:
        postgres = await PostgresEngine.open(settings.url.get_secret_value())
        return postgres, POSTGRES, lambda: postgres.number
    if sqlite3.sqlite_version_info < (3, 38):
        raise Refused("SQLite is too old", [Mistake("", f"{sqlite3.sqlite_version} found, 3.38 or newer is needed")])
    return await SqliteEngine.open(settings.sqlite_path), SQLITE, None
