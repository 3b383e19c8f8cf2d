"""axe-core on a page: what a program can see of WCAG 2.2 A and AA, and what axe holds to be good practice beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Page

AXE: Final[str] = AXE_SCRIPT
WCAG: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
ADVICE: Final = "best-practice"
RUN: Final = """async (tags) => {
  const found = await axe.run({ runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
  return found.violations.map(({ id, help, tags, nodes }) =>
    ({ id, help, tags, nodes: nodes.map(({ target, html, any, all, none }) =>
      ({ target: target.flat(9).join(" "), html, why: [...any, ...all, ...none].map((one) => one.message).join("; ") })) }));
}"""


@dataclass(frozen=True, slots=True)
class Violation:
    rule: str
    help: str
    target: str
    html: str
    why: str

    def __str__(self) -> str:
        return f"{self.rule} ({self.help}) at {self.target}: {self.html[:300]} · {self.why}"


async def violations(page: Page) -> tuple[list[Violation], list[Violation]]:
    """(what WCAG forbids, what is only advice). Evaluated, not added as a script: so the page's own policy stays as it is.

    Where many pages are looked at, AXE is quicker given to the window that they are opened in.
    """
    if not await page.evaluate("typeof window.axe === 'object'"):
        await page.evaluate(AXE)
    found: list[dict[str, Any]] = await page.evaluate(RUN, [*WCAG, ADVICE])
    forbidden: list[Violation] = []
    advice: list[Violation] = []
    for one in found:
        of = forbidden if ADVICE not in one["tags"] else advice
        of += [Violation(one["id"], one["help"], n["target"], n["html"], n["why"]) for n in one["nodes"]]
    return forbidden, advice
