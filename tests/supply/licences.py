"""make check: may everything we stand on be given on with a hub under EUPL-1.2? An allow-list; what is not known is refused."""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Final

from license_expression import LicenseExpression, Licensing, get_spdx_licensing

from tests.supply.lock import DEV, RUNTIME, Pinned, read_lock

GIVEN_ON: Final = frozenset({
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Unlicense",
    "Zlib",
    # Copyleft that ends at the library's own files, which we use unchanged; also in the EUPL's own list of compatible licences.
    "LGPL-3.0-only", "MPL-2.0",
})  # fmt: skip
"""Licences of what a hub needs to run."""

BESIDE: Final = GIVEN_ON | {"AGPL-3.0-or-later", "ZPL-2.1"}
"""Of what only tests and tools need. A homeserver under AGPL runs as a process of its own in the tests; no hub comes with it."""

SAID: Final = {
    "apache 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
}
"""What packages say in words of their own."""

LOOKED_UP: Final = {
    "atheris": "Apache-2.0",
    "axe-playwright-python": "MIT",
    "colorama": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "matrix-nio": "ISC",
    "netaddr": "BSD-3-Clause",
    "pyasn1-modules": "BSD-2-Clause",
    "pyinstrument": "BSD-3-Clause",
    "segno": "BSD-3-Clause",
    "semantic-version": "BSD-2-Clause",
    "signedjson": "Apache-2.0",
    "webencodings": "BSD-3-Clause",
}
"""Where a package says none, or only "BSD": read in its licence file; colorama is for Windows alone."""


def licence_of(name: str) -> str:
    """As an SPDX expression; '' if nobody knows."""
    try:
        told = distribution(name)
    except PackageNotFoundError:
        return LOOKED_UP.get(name, "")
    return LOOKED_UP.get(name) or _field(told, "License-Expression") or _in_words(told)


def _field(told: Distribution, name: str) -> str:
    return str(told.metadata[name]) if name in told.metadata else ""


def _in_words(told: Distribution) -> str:
    free = _field(told, "License").strip()
    if free in GIVEN_ON:
        return free
    classified = [
        one.rpartition(" :: ")[2] for one in told.metadata.get_all("Classifier", []) if one.startswith("License ::")
    ]
    for words in (free, *classified):
        if found := SAID.get(words.lower()):
            return found
    return ""


def is_allowed(expression: str, allowed: frozenset[str]) -> bool:
    """Of what is offered with OR one is enough; of what comes together with AND all must be."""

    def fits(part: LicenseExpression) -> bool:
        if not part.args:
            return str(part) in allowed
        return (any if part.operator.strip() == "OR" else all)(fits(one) for one in part.args)

    return expression in allowed or (bool(expression) and fits(_spdx().parse(expression)))


@cache
def _spdx() -> Licensing:
    """The list of all licences, read once."""
    return get_spdx_licensing()


def refused(runtime: list[Pinned], dev: list[Pinned]) -> list[str]:
    """In words, everything that may not be there."""
    needed = {one.name for one in runtime}
    wrong = []
    for name in sorted({one.name for one in (*runtime, *dev)}):
        found, to_run = licence_of(name), name in needed
        if not is_allowed(found, GIVEN_ON if to_run else BESIDE):
            what = f"has the licence {found}" if found else "does not say its licence"
            why = "what a hub needs to run" if to_run else "what only tests and tools need"
            wrong.append(
                f"{name}: {what}; for {why} that is not allowed yet. Read its licence: add it to tests/supply/licences.py, "
                "or do without"
            )
    return wrong


def main() -> None:
    runtime, dev = read_lock(RUNTIME), read_lock(DEV)
    if wrong := refused(runtime, dev):
        sys.exit("\n".join(["Licences that may not be there:", *wrong]))
    names = {one.name for one in runtime}
    print(
        f"Licences: {len(names)} packages to run, {len({one.name for one in dev} - names)} for tests and tools, all allowed"
    )


if __name__ == "__main__":
    main()
