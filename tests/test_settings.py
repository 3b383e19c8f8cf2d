"""Settings: files, environment, secrets; every key explained, every mistake told, nothing secret shown."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import BaseModel

from hub.domain import Refused
from hub.settings import (
    CONFIG,
    ROOT,
    Database,
    MatrixAccount,
    Settings,
    TelegramAccount,
    WhatsAppAccount,
    load_settings,
)


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """The process's environment with these HUB_ variables and no others."""
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("HUB_")]:
        del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def test_hub_toml_names_every_setting_with_its_default() -> None:
    written = tomllib.loads((CONFIG / "hub.toml").read_text(encoding="utf-8"))
    sections: dict[str, type[BaseModel]] = {
        name: field.annotation
        for name, field in Settings.model_fields.items()
        if name != "channels" and isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }
    accounts: dict[str, type[BaseModel]] = {
        "telegram": TelegramAccount,
        "whatsapp": WhatsAppAccount,
        "matrix": MatrixAccount,
    }
    for name, model in {**sections, **{f"channels.{name}": model for name, model in accounts.items()}}.items():
        section = written
        for part in name.split("."):
            section = section[part]
        expected = set(model.model_fields) - ({"name"} if name.startswith("channels.") else set())
        if name == "channels.matrix":
            expected.discard("api_base")  # its homeserver is the address
        assert set(section) == expected, name
        assert model.model_validate(section) == model(), name


def test_every_mistake_is_told_at_once_and_no_value_is_quoted() -> None:
    with environment(
        HUB_NONSENSE="x",
        HUB_WEB__LISTN="y",
        HUB_CHANNELS__TELEGRAM__RATE="fast-secret",
        HUB_CHANNELS__WHATSAPP__TOKEN__FILE="/nowhere/at/all",
    ):
        with pytest.raises(Refused) as refused:
            load_settings()
        told = str(refused.value)
        for place in (
            "HUB_NONSENSE",
            "web.listn",
            "channels.telegram.accounts.0.rate",
            "channels.whatsapp.accounts.0.token",
        ):
            assert place in told
        assert "fast-secret" not in told


def test_a_secret_may_stand_in_a_file_and_never_shows(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("123:very-secret\n")
    with environment(
        HUB_CHANNELS__TELEGRAM__TOKEN__FILE=str(secret), HUB_CHANNELS__WHATSAPP__APP_SECRET="other-secret"
    ):
        settings = load_settings()
    assert settings.channels.telegram.accounts[0].token.get_secret_value() == "123:very-secret"
    assert "secret" not in repr(settings).replace("app_secret", "").replace("webhook_secret", "")


def test_several_accounts_share_what_the_channel_says(tmp_path: Path) -> None:
    given = {"rate": 10, "accounts": [{"name": "a", "token": "1:x"}, {"name": "b", "token": "2:x", "rate": 20}]}
    settings = Settings.model_validate({"channels": {"telegram": given}})
    assert [(one.name, one.rate) for one in settings.channels.telegram.accounts] == [("a", 10), ("b", 20)]


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///var/hub.db", ROOT / "var" / "hub.db"),
        ("sqlite:///var/lib/buurtsein/hub.db", Path("/var/lib/buurtsein/hub.db")),
        ("sqlite:///srv/hub.db", Path("/srv/hub.db")),
        ("sqlite://data/hub.db", ROOT / "data" / "hub.db"),
    ],
)
def test_where_the_database_lies(url: str, path: Path) -> None:
    assert Database(url=url).sqlite_path == path


def test_the_map_is_pdoks_unless_another_is_set_and_a_file_of_tiles_must_be_one(tmp_path: Path) -> None:
    assert (Settings().map.base, Settings().map.search) == ("pdok", True)
    good, bad = tmp_path / "here.pmtiles", tmp_path / "picture.pmtiles"
    good.write_bytes(b"PMTiles\x03" + bytes(119))
    bad.write_bytes(b"\x89PNG\r\n")
    assert Settings.model_validate({"map": {"base": "pmtiles", "tiles": str(good)}}).map.tiles_path == good
    for given, told in (("", "names no file"), ("nowhere.pmtiles", "names no file"), (str(bad), "not PMTiles")):
        with environment(HUB_MAP__BASE="pmtiles", HUB_MAP__TILES=given), pytest.raises(Refused, match=told):
            load_settings()
    with environment(HUB_MAP__BASE="google"), pytest.raises(Refused, match=r"map\.base"):
        load_settings()


SIGN_ON = {
    "name": "zoetermeer",
    "label": "Gemeente Zoetermeer",
    "issuer": "https://login.example/tenant",
    "client_id": "buurtsein",
    "client_secret": "very-secret",
    "roles": [{"value": "coordinators", "role": "coordinator", "municipalities": ["GM0637"]}],
    "second_factor": ["mfa"],
}
TWO_ROLES = [{"value": "x", "role": "auditor"}, {"value": "x", "role": "operator"}]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ([{**SIGN_ON, "issuer": "http://login.example"}], "issuer: must be the provider's issuer"),
        ([{**SIGN_ON, "issuer": "https://login.example/?a=b"}], "issuer: must be the provider's issuer"),
        ([{**SIGN_ON, "client_secret": ""}], "client_secret: is empty"),
        ([{**SIGN_ON, "scopes": ["profile"]}], 'scopes must name "openid"'),
        ([{**SIGN_ON, "roles": []}], "roles: "),
        ([{**SIGN_ON, "roles": [{"value": "x", "role": "coordinator"}]}], "a coordinator needs municipalities"),
        (
            [{**SIGN_ON, "roles": [{"value": "x", "role": "coordinator", "municipalities": ["637"]}]}],
            "municipalities.0",
        ),
        ([{**SIGN_ON, "roles": [{"value": "x", "role": "king"}]}], "roles.0.role"),
        ([{**SIGN_ON, "roles": TWO_ROLES}], "two of the roles are for one value"),
        ([{key: value for key, value in SIGN_ON.items() if key != "second_factor"}], "second_factor: "),
        ([{**SIGN_ON, "email_domains": ["@zoetermeer.example"]}], "email_domains are what stands behind the @"),
        ([SIGN_ON, {**SIGN_ON, "name": "leiden"}], "two providers have one issuer"),
        ([SIGN_ON, {**SIGN_ON, "issuer": "https://login.example/leiden"}], "two providers have one name"),
    ],
)
def test_mistakes_in_a_sign_on_are_told_and_its_secret_is_not(wrong: list[dict[str, object]], told: str) -> None:
    with environment(HUB_SIGNON__PROVIDERS=json.dumps([SIGN_ON])):
        (found,) = load_settings().signon.providers
        assert found.client_secret.get_secret_value() == "very-secret" and "very-secret" not in repr(found)
    with environment(HUB_SIGNON__PROVIDERS=json.dumps(wrong)), pytest.raises(Refused) as refused:
        load_settings()
    assert told in str(refused.value) and "very-secret" not in str(refused.value)
