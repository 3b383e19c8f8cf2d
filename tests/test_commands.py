"""The command line as an operator and a script meet it: answers, exit codes, one JSON object with --json."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.clock import SystemClock
from hub.domain import Role
from hub.settings import CONFIG, Database
from hub.store.database import HubLock, open_store
from hub.store.staff import Account
from run import app
from tests.furnished import furnish
from tests.test_settings import environment

MAP = str(CONFIG / "neighbourhoods" / "zoetermeer.geojson")
HEADER = "group,platform,members,neighbourhoods,admin,language,channel,handle,rank\n"
ANNA = "Seghwaert,whatsapp,180,BU06370300,Anna de Vries,nl,whatsapp,+31612340001,1\n"
ALERT = {
    "info": [
        {
            "event": "Woninginbraak",
            "headline": "Inbraak",
            "area": [{"areaDesc": "Seghwaert", "geocode": [{"valueName": "CBS-BU", "value": "BU06370300"}]}],
        }
    ]
}
Run = Callable[..., Any]


@pytest.fixture
def first_run(tmp_path: Path) -> Iterator[Run]:
    """The command line where no database is yet."""
    runner = CliRunner()
    with environment(
        HUB_DATABASE__URL=f"sqlite://{tmp_path}/hub.db",
        HUB_LOG__LEVEL="error",
        HUB_CHANNELS__WHATSAPP__TOKEN="token-of-the-test",
        HUB_CHANNELS__WHATSAPP__API_BASE="http://127.0.0.1:9",
    ):
        yield lambda *arguments, stdin=None: runner.invoke(app, list(arguments), input=stdin)


@pytest.fixture
def run(first_run: Run, tmp_path: Path) -> Run:
    """The command line on a database with the map of Zoetermeer."""
    furnish(tmp_path / "hub.db")
    return first_run


def one_object(result: Any) -> dict[str, Any]:
    """--json prints one object and nothing else."""
    answer: dict[str, Any] = json.loads(result.stdout)
    return answer


def test_from_nothing_to_a_report(first_run: Run, tmp_path: Path) -> None:
    directory = tmp_path / "directory.csv"
    directory.write_text(HEADER + ANNA, encoding="utf-8")
    assert one_object(first_run("--json", "import", "neighbourhoods", MAP, "--edition", "2016"))["neighbourhoods"] == 26
    assert one_object(first_run("--json", "import", "directory", str(directory)))["admins"] == 1
    made = one_object(
        first_run("--json", "key", "create", "--role", "police", "--name", "oc", "--sender", "oc@example.org")
    )
    assert made["key"].startswith("bs_police_")
    assert one_object(first_run("--json", "simulate", "-", stdin=json.dumps(ALERT)))["audience"]["admins"] == 1
    sent = one_object(first_run("--json", "send", "-", stdin=json.dumps(ALERT)))
    report = one_object(first_run("--json", "report", sent["id"]))
    assert report["state"] == "relaying"
    assert [match["code"] for match in report["matched"]] == ["BU06370300"]
    exported = one_object(first_run("--json", "export", "directory"))["csv"]
    assert "+31612340001" in exported
    listed = first_run("key", "list")
    assert made["key"] not in listed.output
    assert one_object(first_run("--json", "key", "revoke", made["id"])) == {"revoked": made["id"]}
    assert first_run("key", "revoke", made["id"]).exit_code == 1


def test_a_person_is_given_all_of_it_in_a_file_and_erased_only_when_that_is_meant(run: Run, tmp_path: Path) -> None:
    directory, file = tmp_path / "directory.csv", tmp_path / "anna.json"
    directory.write_text(HEADER + ANNA, encoding="utf-8")
    run("import", "directory", str(directory))
    rows = one_object(run("--json", "person", "export", "whatsapp:+31612340001", str(file)))["rows"]
    assert (rows["admin"], rows["address"]) == (1, 1) and "Anna de Vries" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600
    assert run("person", "export", "Anna de Vries", str(file)).exit_code == 1, "never over another file"
    assert not one_object(run("--json", "person", "erase", "anna de vries"))["erased"]
    assert one_object(run("--json", "person", "erase", "anna de vries", "--yes"))["erased"]
    for who in ("anna de vries", "whatsapp:+31612340001", "anna@voorbeeld.nl"):
        refused = run("--json", "person", "erase", who, "--yes")
        assert refused.exit_code == 1 and one_object(refused)["error"] == "Nobody was found"


def test_what_the_command_line_did_is_in_the_record(run: Run, tmp_path: Path) -> None:
    directory, record = tmp_path / "directory.csv", tmp_path / "record.jsonl"
    directory.write_text(HEADER + ANNA, encoding="utf-8")
    run("import", "directory", str(directory))
    key = one_object(run("--json", "key", "create", "--role", "auditor", "--name", "x"))["id"]
    for command in (("rotate", key), ("revoke", key)):
        assert run("key", *command).exit_code == 0
    run("export", "directory")
    run("person", "erase", "anna de vries", "--yes")
    run("staff", "add", "anna", "--name", "Anna", "--role", "auditor")
    assert run("export", "audit", str(record)).exit_code == 0
    entries = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    told = [(one["kind"], one["who"]) for one in entries if "kind" in one]
    kinds = (
        "directory.imported",
        "key.made",
        "key.rotated",
        "key.revoked",
        "directory.exported",
        "admin.erased",
        "staff.invited",
    )
    assert [one for one in told if one[0] in kinds] == [(kind, "commandline") for kind in kinds]
    assert "Anna" not in record.read_text(encoding="utf-8") and one_object(run("--json", "verify-audit"))["ok"]


def test_how_long_is_told_of_all_that_is_kept(run: Run) -> None:
    kept = {one["what"]: one["hours"] for one in one_object(run("--json", "retention"))["items"]}
    assert kept["alerts"] == kept["drafts"] == 24 and kept["contacts_passed"] == 14 * 24 and len(kept) > 12


def test_a_simulation_is_a_table_for_people_and_can_replay_an_alert_on_another_area(run: Run, tmp_path: Path) -> None:
    directory, area = tmp_path / "directory.csv", tmp_path / "area.json"
    bram = ANNA.replace("Seghwaert", "Noordoost").replace("BU06370300", "BU06370301").replace("0001", "0002")
    directory.write_text(HEADER + ANNA + bram.replace("Anna de Vries", "Bram Jansen"), encoding="utf-8")
    run("import", "directory", str(directory))
    shown = run("simulate", "-", stdin=json.dumps(ALERT)).output
    assert "0.0 s  whatsapp/main" in shown and "Anna de Vries" in shown and "overshoot: 0.00 km²" in shown
    sent = one_object(run("--json", "send", "-", stdin=json.dumps(ALERT)))["id"]
    area.write_text('{"areaDesc": "Noordoost", "geocode": [{"valueName": "CBS-BU", "value": "BU06370301"}]}')
    again = one_object(run("--json", "simulate", "--replay", sent, "--area", str(area), "--rate", "whatsapp=5"))
    assert (again["replay"]["more"], again["replay"]["less"]) == (["Bram Jansen"], ["Anna de Vries"])
    assert again["replay"]["lastSecond"] == 0 and again["warnings"] == []
    assert one_object(run("--json", "simulate", "--replay", sent))["replay"]["more"] == []


def test_what_cannot_be_simulated_is_refused_with_every_reason(run: Run, tmp_path: Path) -> None:
    wrong = ("--rate", "whatsapp", "--rate", "pigeon=3", "--rate", "whatsapp=-1")
    refused = run("--json", "simulate", "-", *wrong, stdin=json.dumps(ALERT))
    assert refused.exit_code == 1 and len(one_object(refused)["errors"]) == 3
    assert run("simulate").exit_code == run("simulate", "-", "--replay", "x").exit_code == 1
    assert run("simulate", "--replay", "0000-0000").exit_code == 1
    assert run("simulate", "-", "--area", "x.json", stdin=json.dumps(ALERT)).exit_code == 1
    sent = one_object(run("--json", "send", "-", "--allow-empty", stdin=json.dumps(ALERT)))["id"]
    (tmp_path / "area.json").write_text('{"circle": ["here"]}')
    assert run("simulate", "--replay", sent, "--area", str(tmp_path / "area.json")).exit_code == 1


def test_a_directory_with_mistakes_is_refused_whole_with_every_one_of_them(run: Run, tmp_path: Path) -> None:
    directory = tmp_path / "directory.csv"
    directory.write_text(
        HEADER + ANNA + ANNA.replace("BU06370300", "BU99999999").replace(",1\n", ",x\n"), encoding="utf-8"
    )
    refused = run("--json", "import", "directory", str(directory))
    assert refused.exit_code == 1
    assert len(one_object(refused)["errors"]) >= 2
    assert "+31612340001" not in refused.output, "a handle is personal"
    assert one_object(run("--json", "export", "directory"))["csv"].count("\n") == 1, "nothing was imported"


def test_check_tells_every_mistake_and_ends_with_one(run: Run) -> None:
    assert run("check").exit_code == 0
    with environment(HUB_WEB__LISTN="x", HUB_RELAY__LEASE="-1"):
        refused = run("--json", "check")
    assert refused.exit_code == 1
    assert len(one_object(refused)["errors"]) == 2


def test_doctor_says_what_works_and_what_does_not_without_secrets(first_run: Run) -> None:
    result = first_run("doctor")
    assert result.exit_code == 1
    assert "store: answers" in result.output
    assert "import neighbourhoods" in result.output
    assert "whatsapp/main" in result.output
    assert "token-of-the-test" not in result.output


@pytest.mark.parametrize("alert", ["{", "[]", '{"info": []}', "<alert/>", "<!DOCTYPE a><alert/>"])
def test_send_refuses_what_is_no_alert(run: Run, alert: str) -> None:
    refused = run("send", "-", stdin=alert)
    assert refused.exit_code == 1
    assert refused.output.strip()


def test_check_refuses_a_signing_key_that_cannot_be_used_and_names_the_hooks(run: Run) -> None:
    hook = {"name": "meldkamer", "url": "https://x.example/", "secret": "whsec_" + "A" * 32}
    with environment(**os.environ, HUB_POLICE__HOOKS=json.dumps([hook])):
        assert one_object(run("--json", "check"))["hooks"] == ["meldkamer"]
    wrong = {"HUB_POLICE__SIGNING_KEY": "no key", "HUB_POLICE__SIGNING_CERTIFICATE": "no certificate"}
    with environment(**os.environ, **wrong):
        refused = run("--json", "check")
    assert refused.exit_code == 1
    places = [mistake["place"] for mistake in one_object(refused)["errors"]]
    assert places == ["police.signing_key", "police.signing_certificate"]


def test_wrong_usage_ends_with_two(run: Run) -> None:
    assert run("no-such-command").exit_code == 2
    assert run("key", "create", "--role", "burglar", "--name", "x").exit_code == 2
    assert run("import", "neighbourhoods", "/no/such/file").exit_code == 2


def test_a_second_hub_on_the_same_file_is_refused_and_told_which_process_has_it(run: Run, tmp_path: Path) -> None:
    with HubLock(tmp_path / "hub.db"):
        refused = run("serve")
    assert refused.exit_code == 1
    assert "Another hub uses this database" in refused.output


def test_migrate_can_be_run_again(first_run: Run) -> None:
    assert one_object(first_run("--json", "migrate"))["applied"] == [
        "0001_start",
        "0002_channels",
        "0003_several",
        "0004_ground",
        "0005_loop",
        "0006_pictures",
        "0007_faces",
        "0008_staff",
        "0009_keys",
        "0010_audit",
        "0011_sealed",
        "0012_consent",
        "0013_challenges",
        "0014_door",
        "0015_senders",
    ]
    assert one_object(first_run("--json", "migrate"))["applied"] == []


def test_an_alert_is_concluded_and_reported_in_files(run: Run, tmp_path: Path) -> None:
    directory = tmp_path / "directory.csv"
    directory.write_text(HEADER + ANNA, encoding="utf-8")
    run("import", "directory", str(directory))
    sent = one_object(run("--json", "send", "-", stdin=json.dumps(ALERT)))["id"]
    assert one_object(run("--json", "outcome", sent, "arrest"))["outcome"] == "arrest"
    assert run("outcome", sent, "arrest").exit_code == 0
    assert run("outcome", sent, "nothing").exit_code == 1
    files = {kind: tmp_path / f"report.{kind}" for kind in ("html", "pdf", "csv")}
    options = [text for kind, file in files.items() for text in (f"--{kind}", str(file))]
    assert one_object(run("--json", "report", sent, *options)) == {kind: str(file) for kind, file in files.items()}
    assert "Aanhouding" in files["html"].read_text(encoding="utf-8")
    assert files["pdf"].read_bytes().startswith(b"%PDF-")
    assert "neighbourhood,BU06370300" in files["csv"].read_text(encoding="utf-8")
    assert all(b"31612340001" not in file.read_bytes() for file in files.values())
    assert run("report", sent, "--pdf", str(tmp_path / "no" / "such.pdf")).exit_code == 1
    (line,) = one_object(run("--json", "statistics"))["items"]
    assert (line["key"], line["alerts"], line["neighbourhoods"]) == ("WK063703", 1, 1)


def test_a_drill_from_the_command_line_and_what_came_of_it(run: Run, tmp_path: Path) -> None:
    directory = tmp_path / "directory.csv"
    directory.write_text(HEADER + ANNA, encoding="utf-8")
    run("import", "directory", str(directory))
    begun = one_object(run("--json", "drill", "--district", "WK063703", "--minutes", "5"))
    assert begun["admins"] == 1
    again = run("--json", "drill", "--municipality", "GM0637")
    assert again.exit_code == 1 and begun["id"] in one_object(again)["errors"][0]["reason"]
    (group,) = one_object(run("--json", "drill", "--results", begun["id"]))["groups"]
    assert (group["name"], group["admins"], group["forwarded"]) == ("Seghwaert", 1, 0)
    assert run("drill").exit_code == run("drill", "--district", "WK9").exit_code == 1
    assert run("drill", "--results", "0000-0000").exit_code == 1


def test_health_says_what_to_look_after(run: Run, tmp_path: Path) -> None:
    directory = tmp_path / "directory.csv"
    directory.write_text(HEADER + ANNA, encoding="utf-8")
    run("import", "directory", str(directory))
    found = one_object(run("--json", "health"))
    assert [one["name"] for one in found["oneAdmin"]] == ["Seghwaert"]
    assert "Seghwaert" in run("health").stdout and "+316" not in run("health").stdout


def test_check_names_what_is_wrong_with_the_escalation(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "steps.toml").write_text("begin = 'two'\nsteps = [{ after = 1, tell = 'nobody' }]", encoding="utf-8")
    monkeypatch.setenv("HUB_RELAY__ESCALATION", str(tmp_path / "steps.toml"))
    refused = run("--json", "check")
    assert refused.exit_code == 1
    assert [one["place"] for one in one_object(refused)["errors"]] == ["begin", "steps.0.tell"]


def test_an_account_is_made_reset_and_disabled(run: Run) -> None:
    made = one_object(run("--json", "staff", "add", "Bo@Gemeente.example", "--name", "Bo", "--role", "coordinator", "--municipality", "GM0637"))  # fmt: skip  # noqa: E501
    assert "/welcome/" in made["invitation"]
    (listed,) = one_object(run("--json", "staff", "list"))["items"]
    assert (listed["id"], listed["municipalities"], listed["invited"]) == (made["id"], ["GM0637"], True)
    wrong = run("staff", "add", "x", "--name", "X", "--role", "auditor", "--municipality", "GM0001")
    assert wrong.exit_code == 1 and "is not on the map" in wrong.output and "is for coordinators" in wrong.output
    found = run("--json", "staff", "reset", "bo@gemeente.example")
    assert found.exit_code == 0, (found.output, found.exception)
    again = one_object(found)
    assert again["id"] == made["id"] and again["invitation"] != made["invitation"]
    assert one_object(run("--json", "staff", "disable", made["id"])) == {"disabled": made["id"]}
    assert run("staff", "disable", made["id"]).exit_code == 1


def test_who_signs_in_elsewhere_is_not_reset_by_command(run: Run, tmp_path: Path) -> None:
    """A passphrase here would let in whoever has left there."""
    theirs = Account("e1ee", "Bo", "gemeente:bo", Role.AUDITOR)

    async def signed_on() -> None:
        async with open_store(Database(url=f"sqlite://{tmp_path}/hub.db"), SystemClock()) as store:
            assert await store.sign_ons.add(theirs, "https://login.example", "bo", 1)

    asyncio.run(signed_on())
    refused = run("--json", "staff", "reset", "gemeente:bo")
    assert refused.exit_code == 1 and "/welcome/" not in refused.output
    (mistake,) = one_object(refused)["errors"]
    assert mistake["place"] == "gemeente:bo" and "signs in elsewhere" in mistake["reason"]
    (listed,) = one_object(run("--json", "staff", "list"))["items"]
    assert not listed["invited"]
