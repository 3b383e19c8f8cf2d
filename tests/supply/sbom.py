"""make sbom: what is inside a hub, as CycloneDX 1.6 JSON: every package of the runtime lock, and every file of others we ship.

The same commit gives the same bytes on the same kind of machine: no time, no random number. What a wheel of another carries within
itself (GEOS, PROJ, GDAL, libxml2) is not told by its metadata, and so not here.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tomllib
import warnings
from collections.abc import Iterable
from importlib.metadata import requires
from pathlib import Path
from typing import Any, Final

import orjson
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hub.settings import ROOT
from tests.supply.licences import licence_of
from tests.supply.lock import RUNTIME, Pinned, read_lock

TO: Final = ROOT / "var" / "dist" / "buurtsein.cdx.json"
LICENCE: Final = LicenseFactory()
FILES: Final = {
    "config/fonts/DejaVuSans.ttf": ("2.37", "Bitstream-Vera"),
    "config/fonts/DejaVuSans-Bold.ttf": ("2.37", "Bitstream-Vera"),
    "config/neighbourhoods/zoetermeer.geojson": ("2016", "CC-BY-4.0"),
}
"""Others' files beside the browser's: their READMEs say where they come from."""


def made() -> bytes:
    """The list, read from what lies here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bom = Bom()
    root = bom.metadata.component = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref="buurtsein",
        licenses=[LICENCE.make_with_id(project["license"])],
    )
    pinned = {_reference(one): one for one in read_lock(RUNTIME)}
    packages = {reference: _package(one) for reference, one in pinned.items()}
    vendored, files = [*_vendored()], [*_files()]
    for component in (*packages.values(), *vendored, *files):
        bom.components.add(component)

    def named(wanted: Iterable[str]) -> list[Component]:
        names = {canonicalize_name(Requirement(one).name) for one in wanted}
        return [packages[reference] for reference, one in pinned.items() if one.name in names]

    bom.register_dependency(root, [*named(project["dependencies"]), *vendored, *files])
    for reference, one in pinned.items():
        needs = [line for line in (requires(one.name) or ()) if "extra ==" not in line] if one.wanted_here else []
        bom.register_dependency(packages[reference], named(needs))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a component needs nothing
        written: dict[str, Any] = orjson.loads(JsonV1Dot6(bom).output_as_string())
    del written["serialNumber"], written["metadata"]["timestamp"]
    return orjson.dumps(written, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _reference(one: Pinned) -> str:
    return f"pkg:pypi/{one.name}@{one.version}"


def _package(one: Pinned) -> Component:
    url = PackageURL("pypi", None, one.name, one.version)
    sums = [HashType(alg=HashAlgorithm.SHA_256, content=each) for each in one.hashes]
    return Component(
        name=one.name,
        version=one.version,
        bom_ref=_reference(one),
        purl=url,
        licenses=[LICENCE.make_from_string(licence_of(one.name))],
        # One sum for each file that was published; which of them is installed depends on the machine.
        external_references=[
            ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(str(url)), hashes=sums)
        ],
        properties=[Property(name="buurtsein:marker", value=one.marker)] if one.marker else (),
    )


def _vendored() -> Iterable[Component]:
    """The browser's files, as hub/web/vendored.toml names them."""
    for name, package in tomllib.loads((ROOT / "hub" / "web" / "vendored.toml").read_text(encoding="utf-8")).items():
        purl = PackageURL("npm", None, name, package["version"])
        files = [
            Component(name=f"hub/web/static/{file}", type=ComponentType.FILE, bom_ref=file, hashes=[_sum(of["sha256"])])
            for file, of in package["files"].items()
        ]
        licences = [LICENCE.make_with_id(package["licence"])]
        yield Component(
            name=name, version=package["version"], bom_ref=str(purl), purl=purl, licenses=licences, components=files
        )


def _files() -> Iterable[Component]:
    for path, (version, licence) in FILES.items():
        found = hashlib.sha256((ROOT / path).read_bytes()).hexdigest()
        kind = ComponentType.DATA if path.endswith("json") else ComponentType.FILE
        licences = [LICENCE.make_with_id(licence)]
        yield Component(name=path, version=version, type=kind, bom_ref=path, hashes=[_sum(found)], licenses=licences)


def _sum(found: str) -> HashType:
    if not re.fullmatch("[0-9a-f]{64}", found):
        raise ValueError(f"{found} is no SHA-256")
    return HashType(alg=HashAlgorithm.SHA_256, content=found)


def main() -> None:
    to = Path(sys.argv[1]) if len(sys.argv) > 1 else TO
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(made())
    print(to)


if __name__ == "__main__":
    main()
