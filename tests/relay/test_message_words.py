"""The texts in config/messages: all there, the same pieces in every language, and mistakes told with their file at the start."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hub.domain import Refused
from hub.relay.words import LANGUAGES, TEMPLATES, VARIABLES, read_languages
from hub.settings import CONFIG


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIG / "messages", tmp_path / "messages"))


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(Refused) as refused:
        read_languages(folder)
    return [str(one) for one in refused.value.mistakes]


def test_every_language_has_the_same_files() -> None:
    names = {frozenset(one.templates) for one in LANGUAGES.values()}
    assert names == {frozenset({*TEMPLATES, "matrix.answer"})}


def test_a_new_language_is_a_new_folder(folder: Path) -> None:
    shutil.copytree(folder / "en", folder / "fr")
    (folder / "fr" / "answer.txt").write_text("Répondez : ok · f · no", encoding="utf-8")
    languages = read_languages(folder)
    assert set(languages) == {"en", "fr", "nl"}
    assert languages["fr"].say("answer", {}) == "Répondez : ok · f · no"


@pytest.mark.parametrize("name", [*TEMPLATES, "words"])
def test_a_missing_piece_is_told_by_its_name(folder: Path, name: str) -> None:
    file = f"{name}.toml" if name == "words" else f"{name}.txt"
    (folder / "en" / file).unlink()
    assert mistakes(folder) == [f"en/{file}: this file is missing"]


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    (folder / "en" / "short.txt").unlink()
    (folder / "nl" / "forward.txt").write_text("{{ headlin }} {{ number }}", encoding="utf-8")
    (folder / "nl" / "ended.txt").write_text("{{ number }}\n{% if x %}", encoding="utf-8")
    (folder / "nl" / "messsage.txt").write_text("", encoding="utf-8")
    (folder / "nl" / "matrix.short.long.txt").write_text("", encoding="utf-8")
    (folder / "nl" / "answer.txt").write_bytes(b"\xff")
    told = mistakes(folder)
    assert "en/short.txt: this file is missing" in told
    assert "nl/forward.txt: there is no {{ headlin }}" in told
    assert any(one.startswith("nl/ended.txt, line 2: ") for one in told)
    assert any(one.startswith("nl/messsage.txt: is used nowhere") for one in told)
    assert any(one.startswith("nl/matrix.short.long.txt: is used nowhere") for one in told)
    assert "nl/answer.txt: is not UTF-8" in told
    assert len(told) == 6


def test_a_missing_word_is_told_with_its_table(folder: Path) -> None:
    words = folder / "nl" / "words.toml"
    text = words.read_text(encoding="utf-8")
    words.write_text(
        text.replace('cancelled = "INGETROKKEN"\n', "").replace("[noted]", "[genoteerd]"), encoding="utf-8"
    )
    told = mistakes(folder)
    assert 'nl/words.toml: [titles] has no cancelled = "…"' in told
    assert 'nl/words.toml: [noted] has no forwarded = "…"' in told
    words.write_text("[leads", encoding="utf-8")
    assert mistakes(folder)[0].startswith("nl/words.toml: cannot be read:")


def test_tables_of_others_are_left_alone(folder: Path) -> None:
    with (folder / "nl" / "words.toml").open("a", encoding="utf-8") as words:
        words.write('\n[later]\nx = ["y"]\n')
    assert read_languages(folder).keys() == LANGUAGES.keys()


def test_dutch_must_be_there(folder: Path) -> None:
    shutil.rmtree(folder / "nl")
    assert mistakes(folder) == ["nl: this language is missing; whoever has no other gets it"]


def test_a_text_for_one_channel_takes_the_place_of_the_common_one(folder: Path) -> None:
    (folder / "en" / "whatsapp.answer.txt").write_text("Tap a button.", encoding="utf-8")
    english = read_languages(folder)["en"]
    assert english.own == {"matrix", "whatsapp"}
    assert english.say("answer", {}, "whatsapp") == "Tap a button."
    assert english.say("answer", {}, "telegram") == english.say("answer", {}) != "Tap a button."


def test_each_name_that_the_readme_lists_can_be_used_and_the_other_way_round() -> None:
    readme = (CONFIG / "messages" / "README.md").read_text(encoding="utf-8")
    table = readme.partition("## Changing a text")[2].partition("## One channel")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    assert {name.strip(" `") for row in rows for name in row.split(",")} == VARIABLES
