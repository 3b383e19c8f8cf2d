"""The commands on keys: made with limits and proofs, listed with how they stand, rotated, bound, revoked; nonsense is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from typer.testing import CliRunner

from hub.trust.signatures import written
from run import app
from tests.furnished import put_schema
from tests.signed import private_key
from tests.test_settings import environment
from tests.web.certificates import certificate

MAKE = ("--json", "key", "create", "--name", "A system")


Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """The command line on a database of its own."""
    put_schema(tmp_path / "hub.db")
    runner = CliRunner()
    with environment(HUB_DATABASE__URL=f"sqlite://{tmp_path}/hub.db", HUB_LOG__LEVEL="error"):
        yield lambda *arguments: runner.invoke(app, list(arguments))


def one_object(result: Any) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def listed(run: Run) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = one_object(run("--json", "key", "list"))["items"]
    return items


@pytest.fixture
def proofs(tmp_path: Path) -> tuple[str, str]:
    """(public key, certificate) as files."""
    key, cert = tmp_path / "public.pem", tmp_path / "client.crt"
    key.write_text(written(private_key("ed25519").public_key()), encoding="utf-8")
    cert.write_text(certificate(ec.generate_private_key(ec.SECP256R1())), encoding="utf-8")
    return str(key), str(cert)


def test_a_key_with_limits_and_proofs_is_listed_with_them(run: Run, proofs: tuple[str, str]) -> None:
    limits = ("--scope", "directory:read", "--scope", "statistics:read", "--municipality", "GM0637", "--expires", "90")
    bound = ("--public-key", proofs[0], "--certificate", proofs[1])
    made = one_object(run(*MAKE, "--role", "coordinator", *limits, *bound))
    assert set(made) == {"key", "id"}
    (item,) = listed(run)
    assert made["key"] not in json.dumps(item)
    assert (item["state"], item["revoked"], item["lastUsed"]) == ("active", False, "never")
    assert (item["scopes"], item["municipalities"]) == ("directory:read statistics:read", "GM0637")
    assert item["proves"] == "certificate+signature"
    days = (datetime.fromisoformat(item["expires"]) - datetime.now(UTC)).total_seconds() / 86400
    assert 89.9 < days < 90.1


def test_a_rotation_keeps_the_key_and_names_the_end_of_the_old_secret(run: Run) -> None:
    made = one_object(run(*MAKE, "--role", "police"))
    new = one_object(run("--json", "key", "rotate", made["id"], "--overlap", "2"))
    assert new["id"] == made["id"] and new["key"].startswith("bs_police_") and new["key"] != made["key"]
    hours = (datetime.fromisoformat(new["oldUntil"]) - datetime.now(UTC)).total_seconds() / 3600
    assert 1.9 < hours < 2.1
    (item,) = listed(run)
    assert (item["state"], item["oldUntil"], item["expires"]) == ("rotating", new["oldUntil"], "")
    one_object(run("--json", "key", "rotate", made["id"], "--overlap", "0", "--expires", "30"))
    assert listed(run)[0]["state"] == "active" and listed(run)[0]["expires"]
    run("key", "revoke", made["id"])
    assert run("key", "rotate", made["id"]).exit_code == 1
    assert listed(run)[0]["state"] == "revoked"


def test_proofs_come_and_go(run: Run, proofs: tuple[str, str]) -> None:
    made = one_object(run(*MAKE, "--role", "police"))["id"]
    assert one_object(run("--json", "key", "bind", made, "--public-key", proofs[0]))["proves"] == ["public_key"]
    run("key", "bind", made, "--certificate", proofs[1])
    assert listed(run)[0]["proves"] == "certificate+signature", "one does not end the other"
    run("key", "bind", made, "--unbind")
    assert listed(run)[0]["proves"] == ""
    for wrong in (
        ("bind", made),
        ("bind", made, "--unbind", "--public-key", proofs[0]),
        ("bind", "nobody", "--unbind"),
    ):
        assert run("key", *wrong).exit_code == 1


def test_what_makes_no_sense_is_refused_with_every_reason_and_nothing_is_made(
    run: Run, proofs: tuple[str, str]
) -> None:
    nonsense = ("--scope", "directory:write", "--scope", "alerts:write", "--municipality", "Zoetermeer")
    refused = one_object(run(*MAKE, "--role", "police", *nonsense))
    assert [one["place"] for one in refused["errors"]] == ["--scope", "--municipality", "--municipality"]
    assert "directory:write is nothing that the role police may do" in refused["errors"][0]["reason"]
    assert run(*MAKE, "--role", "police", "--scope", "everything").exit_code == 2
    assert run(*MAKE, "--role", "police", "--expires", "0").exit_code == 2
    swapped = one_object(run(*MAKE, "--role", "police", "--public-key", proofs[1]))
    assert swapped["errors"][0]["place"] == "--public-key"
    assert run(*MAKE, "--role", "operator", "--scope", "metrics:read").exit_code == 0
    assert len(listed(run)) == 1


def test_the_doctor_names_a_key_that_ends_soon(run: Run) -> None:
    soon = one_object(run(*MAKE, "--role", "police", "--expires", "5"))["id"]
    late = one_object(run(*MAKE, "--role", "police", "--expires", "300"))["id"]
    said = one_object(run("--json", "doctor"))
    told = {one["place"]: one["reason"] for one in said["errors"]}
    assert f"key rotate {soon} --expires DAYS" in told[f"key {soon}"] and f"key {late}" not in told


def test_the_table_of_routes_is_told_as_json(run: Run) -> None:
    routes = one_object(run("--json", "routes"))["routes"]
    (posting,) = [one for one in routes if (one["method"], one["path"]) == ("POST", "/api/v1/alerts")]
    assert (posting["roles"], posting["scopes"], posting["session"]) == (["police"], ["alerts:write"], "no")
    assert run("routes").output.startswith("# Who may call what")


def test_check_names_what_is_wrong_with_tls(run: Run, monkeypatch: pytest.MonkeyPatch, proofs: tuple[str, str]) -> None:
    monkeypatch.setenv("HUB_WEB__TLS__CERTIFICATE", proofs[1])
    monkeypatch.setenv("HUB_WEB__TLS__KEY", proofs[0])
    assert "web.tls.certificate" in run("check").output


def test_a_key_bound_to_senders_and_to_a_person(run: Run) -> None:
    police = (*MAKE, "--role", "police")
    for wrong in (("--senders", "a b"), ("--senders", "oc.a", "--sender", "oc.b")):
        refused = run(*police, *wrong)
        assert refused.exit_code == 1 and "--senders" in refused.output, wrong
    assert run(*MAKE, "--role", "coordinator", "--senders", "oc.a").exit_code == 1
    assert run(*police, "--for", "nobody@politie.example").exit_code == 1 and listed(run) == []
    anna = one_object(
        run("--json", "staff", "add", "anna@politie.example", "--name", "Anna", "--role", "police", "--senders", "oc.a")
    )
    made = one_object(run(*police, "--senders", "oc.b,oc.a", "--for", "anna@politie.example"))
    (item,) = listed(run)
    assert (item["sender"], item["senders"], item["for"]) == ("oc.b", "oc.a oc.b", anna["id"])
    assert run("key", "bind", made["id"], "--senders", "oc.c").exit_code == 1, "its own name is not among them"
    one_object(run("--json", "key", "bind", made["id"], "--senders", "", "--for", ""))
    (item,) = listed(run)
    assert (item["sender"], item["senders"], item["for"]) == ("oc.b", "", "")
    one_object(run("--json", "staff", "bind", "anna@politie.example", "--senders", "oc.a,oc.d"))
    assert one_object(run("--json", "staff", "list"))["items"][0]["senders"] == ["oc.a", "oc.d"]
