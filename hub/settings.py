"""What an operator can set: config/hub.toml < config/hub.local.toml < environment HUB_A__B. Unknown keys are errors.

Every key is explained in config/hub.toml. A secret may be given as { file = "/run/secrets/…" } (environment: …__FILE).
Over 300 lines because all that can be set is to be found in one file, in the order of hub.toml.
"""

from __future__ import annotations

import base64
import os
import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from hub.domain import FlightMode, Mistake, Refused, Role

_SOURCE = Path(__file__).resolve().parents[1]
INSTALLED = not (_SOURCE / "pyproject.toml").exists()
"""From a wheel, instead of run in the project's folder."""
ROOT = Path.cwd() if INSTALLED else _SOURCE
"""Where var/ and config/hub.local.toml lie: the project's folder; of an installed hub the folder it is started in."""
CONFIG = _SOURCE / "hub" / "config" if INSTALLED else ROOT / "config"
LOCAL = ROOT / "config" / "hub.local.toml"


class FileSecret(SecretStr):
    """A secret that remembers its file, so that `check` can look who else may read it."""

    def __init__(self, secret: str, path: Path) -> None:
        super().__init__(secret)
        self.path = path


def _secret(given: Any) -> Any:
    """{ file = … } is read from that file, without the line end an editor leaves."""
    if not isinstance(given, dict):
        return given
    lowered = {key.lower(): value for key, value in given.items()}
    if set(lowered) != {"file"}:
        raise ValueError('a secret is a text, or { file = "/path" }')
    try:
        path = Path(str(lowered["file"]))
        return FileSecret(path.read_text(encoding="utf-8").rstrip("\r\n"), path)
    except OSError as error:
        raise ValueError(f"cannot read the secret's file: {error.strerror}") from None


Secret = Annotated[SecretStr, BeforeValidator(_secret)]
EMPTY = SecretStr("")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tls(_Section):
    """Files in PEM; paths from config/ on. Without a certificate the hub serves plain HTTP."""

    certificate: str = ""
    key: str = ""
    client_ca: str = ""

    @staticmethod
    def path(given: str) -> Path:
        return CONFIG / given

    @model_validator(mode="after")
    def _whole(self) -> Tls:
        if bool(self.certificate) != bool(self.key):
            raise ValueError("give both certificate and key, or neither")
        if self.client_ca and not self.certificate:
            raise ValueError("client_ca needs certificate and key: certificates of clients come with TLS")
        return self


class Web(_Section):
    """`client_cert_from`: proxies whose Client-Cert header is believed. `signed_within`: seconds either way."""

    listen: str = "127.0.0.1:8080"
    public_url: str = "http://127.0.0.1:8080"
    max_body_bytes: int = Field(1 << 20, ge=1024)
    metrics: Literal["open", "loopback", "key"] = "open"
    signed_within: int = Field(60, ge=1, le=3600)
    client_cert_from: tuple[IPvAnyNetwork, ...] = ()
    security_contact: str = Field("", pattern=r"^((https://|mailto:)[^\s@]+(@[^\s@]+)?)?$")
    hosts: tuple[str, ...] = ()
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    key_rate: float = Field(100.0, ge=0)
    key_burst: int = Field(2000, ge=1)
    address_rate: float = Field(200.0, ge=0)
    address_burst: int = Field(4000, ge=1)
    failures_a_minute: int = Field(20, ge=1)
    address_connections: int = Field(500, ge=0)
    header_seconds: float = Field(10.0, gt=0)
    body_seconds: float = Field(30.0, gt=0)
    idle_seconds: float = Field(75.0, gt=0)
    hsts_subdomains: bool = False
    tls: Tls = Tls()

    @field_validator("public_url")
    @classmethod
    def _is_begun_with(cls, given: str) -> str:
        """Paths are put behind it."""
        return given.rstrip("/")

    @property
    def by_https(self) -> bool:
        """Whether people reach us by it, whatever stands in between."""
        return self.public_url.startswith("https://")

    @property
    def host(self) -> str:
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        return int(self.listen.rpartition(":")[2])


# Who and the password before the @, which they do not contain themselves: so neither is ever taken for a host or a name.
_POSTGRES = re.compile(r"postgres(ql)?://([^@/?#]*@)?(?P<place>[^@/?#]+/[^@/?#]+)(\?[^@]*)?")


class Database(_Section):
    url: Secret = SecretStr("sqlite:///var/hub.db")
    programs: str = ""
    key: Secret = SecretStr("")
    key_command: tuple[str, ...] = ()

    @property
    def has_key_file(self) -> bool:
        """Settings give no master key themselves."""
        return not self.key.get_secret_value() and not self.key_command

    @property
    def key_file(self) -> Path:
        """The master key's, where settings give none: beside a SQLite file, in var/ for PostgreSQL."""
        if self.on_postgres:
            return ROOT / "var" / f"{self.place.rpartition('/')[2]}.key"
        return self.sqlite_path.with_name(f"{self.sqlite_path.name}.key")

    @property
    def on_postgres(self) -> bool:
        return self.url.get_secret_value().startswith("postgres")

    @property
    def place(self) -> str:
        """For people: the file's name, or hosts and database; nothing of who or the password."""
        if found := _POSTGRES.fullmatch(self.url.get_secret_value()):
            return found["place"]
        return self.sqlite_path.name

    @property
    def sqlite_path(self) -> Path:
        """The path after sqlite://. One exception: sqlite:///var/NAME is in the project's own var/.

        The contract gives that as the example, and nobody keeps a database in /var itself.
        """
        path = Path(self.url.get_secret_value().removeprefix("sqlite://"))
        if path.parent == Path("/var"):
            return ROOT / "var" / path.name
        return path if path.is_absolute() else ROOT / path

    @model_validator(mode="after")
    def _known(self) -> Database:
        url = self.url.get_secret_value()
        if url.startswith(("postgres://", "postgresql://")):
            if not _POSTGRES.fullmatch(url):
                raise ValueError(
                    "must be postgres://user:password@host:port/name; signs like @ : / ? in a password are written %40 %3A %2F %3F"
                )
        elif not url.startswith("sqlite://"):
            raise ValueError("must start with sqlite:// or postgres://")
        if self.key.get_secret_value() and self.key_command:
            raise ValueError("key and key_command: give one of them")
        return self


class Relay(_Section):
    """Times in seconds."""

    lease: float = Field(60.0, gt=0)
    poll: float = Field(1.0, gt=0)
    backoff_first: float = Field(1.0, gt=0)
    backoff_most: float = Field(60.0, gt=0)
    breaker_failures: int = Field(5, ge=1)
    breaker_open: float = Field(5.0, gt=0)
    breaker_open_most: float = Field(60.0, gt=0)
    turn_after: float = Field(0.0, ge=0)
    backlog: int = Field(200_000, ge=0)
    default_duration: float = Field(7200.0, gt=0)
    tell_expiry: bool = True
    shutdown: float = Field(6.0, gt=0)
    beside: tuple[Literal["picture", "location"], ...] = ("picture", "location")
    sightings: bool = False
    escalation: Path = Path("escalation.toml")

    @property
    def ladder(self) -> Path:
        """The file with the steps of the escalation."""
        return CONFIG / self.escalation


class Rings(_Section):
    """`every` in seconds, `largest` in metres, `sector` in degrees; the ways of fleeing in metres a minute, as the crow flies."""

    widen: Literal["propose", "automatic", "off"] = "propose"
    count: int = Field(4, ge=1, le=20)
    every: float = Field(300.0, ge=10)
    largest: float = Field(3000.0, gt=0, le=50_000)
    sector: float = Field(90.0, gt=0, le=360)
    foot: float = Field(83.0, gt=0)
    bike: float = Field(250.0, gt=0)
    car: float = Field(500.0, gt=0)

    def metres_a_minute(self, mode: FlightMode) -> float:
        """Nobody knows how: as on foot, for that is certain."""
        return {FlightMode.BIKE: self.bike, FlightMode.CAR: self.car}.get(mode, self.foot)

    def moments(self, accepted_at: int) -> list[int]:
        """When (ms) the rings of an alert accepted then (ms) are due: the first at once."""
        return [accepted_at + round(n * self.every * 1000) for n in range(self.count)]


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Tell(_Section):
    """Who gets the weekly summary."""

    channel: Literal["telegram", "whatsapp", "matrix"]
    handle: Secret
    language: Literal["nl", "en"] = "nl"


class Health(_Section):
    check_days: float = Field(30.0, ge=0)
    weekly: str = "monday 09:00"
    tell: tuple[Tell, ...] = ()

    @model_validator(mode="after")
    def _a_moment(self) -> Health:
        if self.weekly and not re.fullmatch(rf"({'|'.join(WEEKDAYS)}) ([01]\d|2[0-3]):[0-5]\d", self.weekly):
            raise ValueError('weekly must be a day and a time, such as "monday 09:00", or "" for never')
        return self


class Account(_Section):
    """A sender account: what providers rate-limit. `rate` in messages a second (0: no limit), `timeout` in seconds."""

    name: str = "main"
    rate: float = Field(0.0, ge=0)
    burst: int = Field(1, ge=1)
    concurrency: int = Field(32, ge=1, le=1000)
    attempts: int = Field(6, ge=1)
    timeout: float = Field(10.0, gt=0)
    api_base: str = ""
    self_hosted: bool = False

    def seconds_for(self, sends: int) -> float:
        """How long so many sends take at least."""
        return max(0, sends - self.burst) / self.rate if self.rate else 0.0

    @property
    def configured(self) -> bool:
        raise NotImplementedError

    @property
    def people_a_day(self) -> int:
        """How many different people a day the provider lets this account write to; 0 for no such limit."""
        return 0


class TelegramAccount(Account):
    rate: float = Field(30.0, ge=0)
    burst: int = Field(30, ge=1)
    api_base: str = "https://api.telegram.org"
    token: Secret = EMPTY
    updates: Literal["polling", "webhook"] = "polling"
    webhook_secret: Secret = EMPTY

    @property
    def configured(self) -> bool:
        return bool(self.token.get_secret_value())


class WhatsAppAccount(Account):
    rate: float = Field(80.0, ge=0)
    burst: int = Field(80, ge=1)
    concurrency: int = Field(64, ge=1, le=1000)
    api_base: str = "https://graph.facebook.com"
    api_version: str = "v25.0"
    token: Secret = EMPTY
    phone_number_id: str = ""
    app_secret: Secret = EMPTY
    verify_token: Secret = EMPTY
    template_prefix: str = "buurtsein"
    business_account_id: str = ""
    display_number: str = ""
    daily_recipients: int = Field(250, ge=0)

    @property
    def configured(self) -> bool:
        return bool(self.token.get_secret_value())

    @property
    def people_a_day(self) -> int:
        return self.daily_recipients


class MatrixAccount(Account):
    rate: float = Field(10.0, ge=0)
    burst: int = Field(10, ge=1)
    homeserver: str = ""
    user_id: str = ""
    access_token: Secret = EMPTY
    password: Secret = EMPTY
    device_id: str = "BUURTSEIN"
    encryption: bool = False
    encryption_store: str = "var/matrix"

    @property
    def configured(self) -> bool:
        return bool(self.homeserver)


def _accounts(given: Any) -> Any:
    """[channels.x] is itself the account "main" unless [[channels.x.accounts]] lists accounts; its keys are then their defaults."""
    if not isinstance(given, dict):
        return given
    rest = {key: value for key, value in given.items() if key != "accounts"}
    accounts = given.get("accounts") or [{}]
    if not isinstance(accounts, list) or not all(isinstance(one, dict) for one in accounts):
        return given
    return {"accounts": [{**rest, **one} for one in accounts]}


class Telegram(_Section):
    accounts: tuple[TelegramAccount, ...] = (TelegramAccount(),)
    _fold = model_validator(mode="before")(_accounts)


class WhatsApp(_Section):
    accounts: tuple[WhatsAppAccount, ...] = (WhatsAppAccount(),)
    _fold = model_validator(mode="before")(_accounts)


class Matrix(_Section):
    accounts: tuple[MatrixAccount, ...] = (MatrixAccount(),)
    _fold = model_validator(mode="before")(_accounts)


class Channels(_Section):
    telegram: Telegram = Telegram()
    whatsapp: WhatsApp = WhatsApp()
    matrix: Matrix = Matrix()


SPARE_SECONDS = 10.0


class Hook(_Section):
    """A system of the police that is told what becomes of alerts. `timeout` in seconds, below what makes a loop look stuck."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    url: str = Field(pattern=r"^https?://[^\s/]")
    secret: Secret
    sender: str = ""
    format: Literal["json", "cap-ack"] = "json"
    deliveries: bool = False
    timeout: float = Field(10.0, gt=0, le=20)

    @property
    def signing_bytes(self) -> bytes:
        """What HMAC signs with: the secret's base64, read (Standard Webhooks). Raises ValueError."""
        return base64.b64decode(self.secret.get_secret_value().removeprefix("whsec_"), validate=True)

    @model_validator(mode="after")
    def _has_a_secret(self) -> Hook:
        try:
            enough = 24 <= len(self.signing_bytes) <= 64
        except ValueError:
            enough = False
        if not enough:
            raise ValueError(
                "secret must be whsec_ and base64 of 24 to 64 random bytes: whsec_$(openssl rand -base64 32)"
            )
        return self


class Police(_Section):
    """What the police's own systems get from us."""

    signing_key: Secret = EMPTY
    signing_certificate: Secret = EMPTY
    sender: str = Field("buurtsein", pattern=r"^[^\s,<&]{1,200}$")
    hooks: tuple[Hook, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Police:
        if bool(self.signing_key.get_secret_value()) != bool(self.signing_certificate.get_secret_value()):
            raise ValueError("give both signing_key and signing_certificate, or neither")
        names = [hook.name for hook in self.hooks]
        if len(set(names)) < len(names):
            raise ValueError("two hooks have one name: how far each is, is kept under its name")
        return self


class Mapped(_Section):
    """Whoever has this value in their provider's claim has this role here; a coordinator, in these municipalities."""

    value: str = Field(min_length=1)
    role: Role
    municipalities: tuple[Annotated[str, Field(pattern=r"^GM\d{4}$")], ...] = ()
    sender: str = ""

    @model_validator(mode="after")
    def _somewhere(self) -> Mapped:
        if self.role is Role.COORDINATOR and not self.municipalities:
            raise ValueError('a coordinator needs municipalities, such as ["GM0637"]')
        return self


class SignOn(_Section):
    """An organisation's own sign-on (OpenID Connect). `second_factor`: acr or amr values of which one must be told; empty: none.

    `timeout` in seconds, of one request to the provider.
    """

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    label: str = Field(min_length=1, max_length=60)
    issuer: str
    client_id: str = Field(min_length=1)
    client_secret: Secret
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    claim: str = "roles"
    roles: tuple[Mapped, ...] = Field(min_length=1)
    second_factor: tuple[str, ...]
    require: dict[str, str] = {}
    email_domains: tuple[str, ...] = ()
    timeout: float = Field(5.0, gt=0, le=20)

    @field_validator("issuer")
    @classmethod
    def _is_safe(cls, given: str) -> str:
        """Whoever could change what a provider answers on its way could be anybody."""
        parts = urlsplit(given)
        loopback = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
        if not (parts.scheme == "https" or loopback) or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(
                "must be the provider's issuer as it writes it: https://…, without ? or # (http:// only on this machine)"
            )
        return given

    @field_validator("client_secret")
    @classmethod
    def _is_given(cls, given: SecretStr) -> SecretStr:
        if not given.get_secret_value():
            raise ValueError("is empty: give what the provider made for this client")
        return given

    @model_validator(mode="after")
    def _whole(self) -> SignOn:
        if "openid" not in self.scopes:
            raise ValueError('scopes must name "openid"')
        if any("@" in domain or domain != domain.lower() for domain in self.email_domains):
            raise ValueError("email_domains are what stands behind the @, in small letters: gemeente.example")
        values = [one.value for one in self.roles]
        if len(set(values)) < len(values):
            raise ValueError("two of the roles are for one value: only the first would count")
        return self


class SignOns(_Section):
    """The organisations whose people sign in with their own."""

    providers: tuple[SignOn, ...] = ()

    @model_validator(mode="after")
    def _each_its_own(self) -> SignOns:
        for what in ("name", "issuer"):
            if len({getattr(one, what) for one in self.providers}) < len(self.providers):
                raise ValueError(
                    f"two providers have one {what}: people come back by its name, and are known by its issuer"
                )
        return self


PMTILES = b"PMTiles\x03"
"""What such a file begins with."""


class Map(_Section):
    """What lies under our neighbourhoods on maps, and who looks addresses up."""

    base: Literal["pdok", "pmtiles", "none"] = "pdok"
    tiles: str = ""
    search: bool = True

    @property
    def tiles_path(self) -> Path:
        return CONFIG / self.tiles

    @model_validator(mode="after")
    def _has_tiles(self) -> Map:
        if self.base == "pmtiles" and not (self.tiles and self.tiles_path.is_file()):
            raise ValueError("base is pmtiles, but tiles names no file: give the path of a .pmtiles file")
        if self.base == "pmtiles":
            with self.tiles_path.open("rb") as file:
                if file.read(8) != PMTILES:
                    raise ValueError("tiles names a file that is not PMTiles (version 3)")
        return self


class Console(_Section):
    """`second_pair…`: for which alerts somebody else must agree first; `…_api`: those of the police's own systems too."""

    second_pair: Literal["never", "municipality", "always"] = "never"
    second_pair_admins: int = Field(0, ge=0)
    second_pair_neighbourhoods: int = Field(0, ge=0)
    second_pair_extreme: bool = False
    second_pair_api: bool = False

    @property
    def asks_for_two(self) -> bool:
        """Whether there are alerts that somebody else must agree to."""
        numbers = self.second_pair_admins or self.second_pair_neighbourhoods
        return self.second_pair != "never" or bool(numbers) or self.second_pair_extreme


class Staff(_Section):
    """How people of the staff sign in, and for how long. `idle`, `longest`, `confirmed` in seconds."""

    keys_sign_in: bool = True
    second_factor: bool = True
    idle: float = Field(3600.0, ge=60)
    longest: float = Field(43_200.0, ge=60)
    confirmed: float = Field(600.0, ge=60)
    invitation_hours: float = Field(72.0, gt=0, le=720)


class Registry(_Section):
    """What residents may ask for on the public pages."""

    join: bool = True
    signs: bool = True
    neighbour_reports: bool = False
    asked_a_day: int = Field(200, ge=1)


class Mail(_Section):
    """The mail server. Without a host no mail goes out, and what needs a confirmed address cannot be asked for.

    `timeout` in seconds, below what makes a loop look stuck.
    """

    host: str = ""
    port: int = Field(587, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: Secret = EMPTY
    sender: str = ""
    timeout: float = Field(20.0, gt=0, le=20)

    @model_validator(mode="after")
    def _has_a_sender(self) -> Mail:
        if self.host and not re.fullmatch(r"[^\s<>@]+@[^\s<>@]+", self.sender):
            raise ValueError("sender must be the address that mails come from, such as buurtsein@gemeente.example")
        return self


class Log(_Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["console", "json"] = "console"


class Retention(_Section):
    hours: float = Field(24.0, ge=1)


class Audit(_Section):
    """`anchor_file`: where the chain's ends are written down. `keep_days`: of entries; `content_days`: of reasons."""

    anchor_file: str = ""
    anchor_minutes: float = Field(10.0, gt=0)
    keep_days: int = Field(1826, ge=30)
    content_days: int = Field(30, ge=1)
    verify_hours: float = Field(24.0, gt=0)

    @property
    def anchor_path(self) -> Path | None:
        return ROOT / self.anchor_file if self.anchor_file else None


class Tracing(_Section):
    """`exporter`: an OpenTelemetry exporter's name; empty: no traces. See hub/tracing.py."""

    exporter: str = ""
    one_send_in: int = Field(100, ge=1)


class Settings(BaseSettings):
    """The whole configuration. Make it with `load_settings`, which reports every mistake at once."""

    model_config = SettingsConfigDict(env_prefix="HUB_", env_nested_delimiter="__", extra="forbid", frozen=True)

    web: Web = Web()
    database: Database = Database()
    relay: Relay = Relay()
    rings: Rings = Rings()
    health: Health = Health()
    channels: Channels = Channels()
    police: Police = Police()
    signon: SignOns = SignOns()
    map: Map = Map()
    console: Console = Console()
    staff: Staff = Staff()
    registry: Registry = Registry()
    mail: Mail = Mail()
    retention: Retention = Retention()
    audit: Audit = Audit()
    log: Log = Log()
    tracing: Tracing = Tracing()

    @model_validator(mode="after")
    def _leases_outlast_sends(self) -> Settings:
        """A lease that ends while its send may still be under way would be put back unsent, again and again."""
        longest = max(
            account.timeout
            for channel in (self.channels.telegram, self.channels.whatsapp, self.channels.matrix)
            for account in channel.accounts
        )
        if self.relay.lease < longest + SPARE_SECONDS:
            raise ValueError(
                f"relay.lease must be at least {longest + SPARE_SECONDS:.0f}: the longest timeout and 10 s"
            )
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        files = [LOCAL, CONFIG / "hub.toml"]
        return (init_settings, env_settings, *(TomlConfigSettingsSource(settings_cls, file) for file in files))


def load_settings() -> Settings:
    """Read the files and the environment; raises Refused with every mistake."""
    strangers = [
        Mistake(name, "no such setting (see config/hub.toml)")
        for name in sorted(os.environ)
        if name.startswith("HUB_") and name.removeprefix("HUB_").partition("__")[0].lower() not in Settings.model_fields
    ]
    try:
        settings = Settings()
    except ValidationError as error:
        # Only place and reason: pydantic's own text quotes the value, which may be a secret.
        wrong = [
            Mistake(".".join(str(part) for part in one["loc"]), one["msg"].removeprefix("Value error, "))
            for one in error.errors(include_input=False, include_url=False)
        ]
        raise Refused("The configuration has mistakes", [*strangers, *wrong]) from None
    if strangers:
        raise Refused("The configuration has mistakes", strangers)
    return settings
