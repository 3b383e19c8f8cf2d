"""Our own scripts: nothing from outside names a property of an object, and no element can take the place of what they share."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Final

import pytest

from hub.settings import ROOT

WEB: Final = ROOT / "hub" / "web"
THEIRS: Final = {
    name
    for one in tomllib.loads((WEB / "vendored.toml").read_text(encoding="utf-8")).values()
    for name in one.get("files", {})
}
OURS: Final = sorted(file for file in (WEB / "static").glob("*.js") if file.name not in THEIRS)
TEXTS: Final = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`""", re.DOTALL
)
BROWSERS: Final = {"PublicKeyCredential", "isSecureContext", "open", "print"}
"""What the window has of its own that scripts of ours ask it for."""


def code(file: Path) -> str:
    """Without comments, and with every text empty."""
    return TEXTS.sub(lambda found: "" if found[0].startswith("/") else '""', file.read_text(encoding="utf-8"))


def names(pattern: str, text: str) -> list[str]:
    return re.findall(pattern, text)


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_no_property_is_set_or_looked_for_by_a_name_from_outside(file: Path) -> None:
    """A Map has only what was put into it; an object has `constructor` and `__proto__` too (prototype pollution)."""
    text = code(file)
    assert not names(r"[\w)\]]\[[^\]]+\]\s*=(?!=)", text), "use a Map"
    assert not names(r"\bfor \((?:const|let|var) \w+ in\b|[\w)\]] in \w", text), "use Object.hasOwn, or a Map's has"


@pytest.mark.parametrize("file", OURS, ids=lambda file: file.name)
def test_what_scripts_share_is_the_windows_own(file: Path) -> None:
    """An element with that id is found by the name too, unless one asks for the window's own (DOM clobbering)."""
    text = code(file)
    assert set(names(r"\bwindow\.(\w+)", text)) <= BROWSERS | {"buurtsein"}
    asked = r"window\.buurtsein\s*(?:\|\||&&|\?)|!window\.buurtsein\b(?!\.)"
    assert not names(asked, text.replace('Object.hasOwn(window, "") && window.buurtsein', "")), "ask with Object.hasOwn"
    assert not names(r"\bdocument\.(?!title\b)\w+\s*=(?!=)", text), "nothing of ours is kept on the document"


def test_no_page_has_an_element_of_that_name() -> None:
    pages = "".join(file.read_text(encoding="utf-8") for file in (WEB / "templates").rglob("*.html"))
    assert len(pages) > 100_000 and not re.search(r"""\b(id|name)=["']?buurtsein["'\s>]""", pages)
