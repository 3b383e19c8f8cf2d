"""A configuration that would be wrong quietly is refused: by `check` always, by `serve` where nobody may be served with it."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from hub.commands.dangers import (
    advice,
    dangers,
    guessable,
    in_settings_files,
    open_to_others,
    refuse_dangers,
    refuse_demo,
    slips,
)
from hub.domain import Mistake, Refused
from hub.settings import Settings, load_settings
from tests.test_commands import Run as Command
from tests.test_commands import first_run as first_run
from tests.test_commands import one_object
from tests.test_settings import environment

HUB = "https://buurtsein.gemeente.nl"
TOKEN, OTHER = secrets.token_urlsafe(32), secrets.token_hex(16)
WHATSAPP = {"token": TOKEN, "app_secret": OTHER, "verify_token": secrets.token_hex(16)}
ON_THIS_MACHINE = ("http://127.0.0.1:8080", "http://localhost:9000", "http://[::1]:8080", "https://127.0.0.1")


def configured(public_url: str = HUB, **more: object) -> Settings:
    return Settings.model_validate({"web": {"public_url": public_url}, **more})


def places(found: object) -> set[str]:
    return {one.place.replace("channels.", "").replace("accounts.0.", "") for one in found}  # type: ignore[attr-defined]


def refused(settings: Settings) -> list[Mistake]:
    """By check."""
    return [*dangers(settings), *slips(settings)]


def test_a_whole_configuration_has_nothing_against_it() -> None:
    channels = {
        "whatsapp": WHATSAPP,
        "telegram": {"token": f"123456789:{secrets.token_urlsafe(26)}", "updates": "webhook", "webhook_secret": OTHER},
        "matrix": {"homeserver": "https://matrix.gemeente.nl", "user_id": "@hub:gemeente.nl", "password": OTHER},
    }
    mail = {"host": "mail.gemeente.nl", "sender": "hub@gemeente.nl", "password": secrets.token_urlsafe(12)}
    url = f"postgres://buurtsein:{OTHER}@db/buurtsein?sslmode=verify-full"
    settings = configured(channels=channels, mail=mail, database={"url": url})
    assert dangers(settings) == [] and slips(settings) == []
    assert [one.split()[0] for one in advice(settings)] == ["web.trusted_proxies", "web.security_contact"]


@pytest.mark.parametrize(
    "url", ["http://buurtsein.gemeente.nl", "http://192.168.1.5:8080", "buurtsein.nl", f"{HUB}?x=1", "http://[::1"]
)
def test_an_address_that_can_be_listened_in_on_or_is_none_is_refused(url: str) -> None:
    assert places(dangers(configured(url))) == {"web.public_url"}
    with pytest.raises(Refused, match=r"web\.public_url"):
        refuse_dangers(configured(url))


@pytest.mark.parametrize("url", ON_THIS_MACHINE)
def test_on_this_machine_everything_may_be_tried_out(url: str) -> None:
    emulated = {**WHATSAPP, "api_base": "http://127.0.0.1:9", "verify_token": "verify-me", "app_secret": "short"}
    assert dangers(configured(url, channels={"whatsapp": emulated}, database={"url": "sqlite:///var/demo.db"})) == []


@pytest.mark.parametrize(
    "secret",
    [
        "changeme",
        "Change-Me!",
        "app-secret-for-checks",
        "0f9a3c7b21d8e64",
        "kort",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "abababababababab",
        "wachtwoord",
    ],
)
def test_secrets_that_can_be_guessed_are_refused_and_not_shown(secret: str) -> None:
    for name in ("app_secret", "verify_token"):
        (found,) = refused(configured(channels={"whatsapp": {**WHATSAPP, name: secret}}))
        assert found.place.endswith(name) and secret not in found.reason


def test_serve_does_not_start_with_everybody_s_first_guess_and_goes_on_loudly_with_what_is_only_weak() -> None:
    def with_secret(secret: str) -> Settings:
        return configured(channels={"whatsapp": {**WHATSAPP, "app_secret": secret}})

    refuse_dangers(with_secret("kort"))
    assert places(slips(with_secret("kort"))) == {"whatsapp.app_secret"}
    with pytest.raises(Refused, match="app_secret"):
        refuse_dangers(with_secret("Change-Me!"))


def test_a_sample_secret_is_told_even_before_the_hub_is_in_service() -> None:
    tried_out = configured(ON_THIS_MACHINE[0], channels={"whatsapp": {**WHATSAPP, "verify_token": "change-me"}})
    assert dangers(tried_out) == [] and places(slips(tried_out)) == {"whatsapp.verify_token"}


def test_random_secrets_are_never_taken_for_guessable_ones() -> None:
    for _ in range(300):
        made = secrets.token_hex(8), secrets.token_urlsafe(16), secrets.token_hex(32)
        assert not [one for one in made if guessable("app_secret", one)]
        assert not guessable("token", secrets.token_urlsafe(8))


@pytest.mark.parametrize("password", ["postgres", "buurtsein", "kort"])
def test_a_database_with_a_password_of_examples_is_refused(password: str) -> None:
    settings = configured(database={"url": f"postgres://buurtsein:{password}@127.0.0.1/buurtsein"})
    assert places(refused(settings)) == {"database.url"}
    assert refused(configured(database={"url": "postgres://buurtsein@127.0.0.1/buurtsein"})) == []


@pytest.mark.parametrize(
    ("who", "behind", "said"),
    [
        ("hub:PASSWORD@db", "", ["encrypted"]),
        ("hub:PASSWORD@127.0.0.1,db2", "?sslmode=prefer", ["encrypted"]),
        ("hub@db", "", ["no password and no certificate", "encrypted"]),
        ("hub@db", "?sslmode=verify-full", ["no password and no certificate"]),
        ("hub@db", "?sslmode=verify-full&sslcert=hub.crt&sslkey=hub.key", []),
        ("hub:PASSWORD@db:5432,db2:5432", "?sslmode=require", []),
        ("hub@%2Frun%2Fpostgresql", "", []),
        ("hub@[::1]:5432", "", []),
        ("hub:PASSWORD@db", "?sslmode=disable", []),
    ],
)
def test_the_way_to_another_machines_postgres_is_encrypted_and_proves_us(
    who: str, behind: str, said: list[str]
) -> None:
    who = who.replace("PASSWORD", OTHER)  # random, which names of tests must not be
    settings = configured(database={"url": f"postgres://{who}/hub{behind}"})
    told = [one.reason for one in refused(settings)]
    assert len(told) == len(said) and all(words in one for words, one in zip(said, told, strict=True))
    assert not [one for one in told if OTHER in one]
    assert any("sslmode=disable" in one for one in advice(settings)) is ("disable" in behind)


@pytest.mark.parametrize(
    "base", ["http://127.0.0.1:8081/whatsapp", "https://localhost", "http://0.0.0.0:1", "http://proxy.gemeente.nl"]
)
def test_no_emulator_and_no_clear_text_in_production_unless_the_server_is_our_own(base: str) -> None:
    given = {**WHATSAPP, "api_base": base}
    assert places(refused(configured(channels={"whatsapp": given}))) == {"whatsapp.api_base"}
    assert refused(configured(channels={"whatsapp": {**given, "self_hosted": True}})) == []


def test_nothing_of_the_demo_is_left_in_production() -> None:
    matrix = {"homeserver": "http://127.0.0.1:8081/matrix", "user_id": "@buurtsein:hub.test", "password": OTHER}
    settings = configured(
        channels={"matrix": {**matrix, "self_hosted": True}},
        database={"url": "sqlite:///var/demo.db"},
        relay={"escalation": "demo/escalation.toml"},
    )
    assert places(refused(settings)) == {"matrix.user_id", "database.url", "relay.escalation"}


@pytest.mark.parametrize(
    "settings",
    [
        configured(),
        configured(ON_THIS_MACHINE[0], database={"url": f"postgres://hub:{OTHER}@db/hub"}),
        configured(ON_THIS_MACHINE[0], database={"url": "sqlite:///var/demo.db"}),
    ],
    ids=["public", "postgres", "its own database"],
)
def test_the_demo_does_not_run_where_a_hub_is_in_service(settings: Settings) -> None:
    with pytest.raises(Refused, match="No demo here"):
        refuse_demo(settings)
    refuse_demo(configured(ON_THIS_MACHINE[0]))


@pytest.mark.parametrize(
    ("mode", "who"), [(0o644, "everybody"), (0o606, "everybody"), (0o640, "its group"), (0o600, "")]
)
def test_what_others_can_read_is_told(tmp_path: Path, mode: int, who: str) -> None:
    secret, database = tmp_path / "token", tmp_path / "hub.db"
    secret.write_text(TOKEN)
    for file in (secret, database, tmp_path / "hub.db-wal"):
        file.touch()
        file.chmod(mode)
    with environment(
        HUB_CHANNELS__TELEGRAM__TOKEN__FILE=str(secret),
        HUB_DATABASE__URL=f"sqlite://{database}",
        HUB_WEB__PUBLIC_URL=HUB,
    ):
        settings = load_settings()
    found = slips(settings)
    assert [one.reason.startswith(who) and f"chmod 600 {tmp_path}" in one.reason for one in found] == (
        [True] * 3 if who else []
    )
    assert dangers(settings) == [], "no reason for a hub in service not to start again"


def test_a_group_may_read_a_file_that_only_so_is_readable_to_us(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.touch(0o640)
    file.chmod(0o640)
    ours = file.stat().st_uid
    assert len([*open_to_others("", file, ours)]) == 1
    assert [*open_to_others("", file, ours + 1)] == []


def test_secrets_in_settings_files_are_found(tmp_path: Path) -> None:
    shipped, local = tmp_path / "hub.toml", tmp_path / "hub.local.toml"
    shipped.write_text(
        '[mail]\npassword = "x"\n[[police.hooks]]\nsecret = "y"\n[channels.telegram]\ntoken = {file = "/z"}\n'
    )
    local.write_text('[web]\nlisten = "127.0.0.1:1"\n')
    local.chmod(0o644)
    assert places(in_settings_files(shipped, local)) == {"mail.password", "police.hooks.secret"}, "git keeps this one"
    local.write_text('[database]\nurl = "postgres://hub:word@db/hub"\n')
    assert "hub.local.toml" in places(in_settings_files(shipped, local))
    local.chmod(0o600)
    assert "hub.local.toml" not in places(in_settings_files(shipped, local))


def test_debugging_in_production_is_told() -> None:
    assert places(slips(configured(log={"level": "debug"}))) == {"log.level"}
    assert slips(configured(ON_THIS_MACHINE[0], log={"level": "debug"})) == []


def test_check_tells_all_of_it_at_once_and_serve_and_demo_refuse(first_run: Command) -> None:
    with environment(
        HUB_WEB__PUBLIC_URL=HUB,
        HUB_CHANNELS__WHATSAPP__TOKEN="token-of-the-test",
        HUB_CHANNELS__WHATSAPP__API_BASE="http://127.0.0.1:9",
        HUB_CHANNELS__WHATSAPP__VERIFY_TOKEN="changeme",
        HUB_LOG__LEVEL="debug",
    ):
        told = first_run("--json", "check")
        assert told.exit_code == 1
        assert {one["place"].rpartition(".")[2] for one in one_object(told)["errors"]} == {
            *("api_base", "token", "verify_token", "level")
        }
        for command in ("serve", "demo"):
            refused = first_run("--json", command)
            assert refused.exit_code == 1 and one_object(refused)["errors"], command


def test_what_works_and_may_not_be_meant_is_said_and_not_refused() -> None:
    tried = configured(ON_THIS_MACHINE[0], channels={"telegram": {"token": TOKEN}})
    tried = tried.model_copy(update={"web": tried.web.model_copy(update={"listen": "0.0.0.0:8080"})})
    assert dangers(tried) == [] and len(advice(tried)) == 2
    assert advice(configured(ON_THIS_MACHINE[0])) == []
