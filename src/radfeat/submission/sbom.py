"""The software bill of materials: what is installed, with the hashes of the lock (CycloneDX 1.6, JSON).

Reference: ECMA-424, CycloneDX.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cyclonedx.model import (
    ExternalReference,
    ExternalReferenceType,
    HashAlgorithm,
    HashType,
    Property,
    XsUri,
)
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from radfeat.core.digest import compute_json_digest
from radfeat.submission.lock_file import Locked, canonical_name


@dataclass(frozen=True, slots=True)
class Installed:
    """An installed package: name, version, licence as it states it, names of what it requires."""

    name: str
    version: str
    licence: str
    requires: tuple[str, ...]


IN_LOCK = "radfeat:lock"
"""Property of a component: ``same``, ``other version`` or ``absent``."""


def build_sbom(
    installed: Sequence[Installed], lock: Mapping[str, Locked], application: tuple[str, str]
) -> str:
    """The bill as JSON text, the same for the same installation: no clock, no random number.

    Parameters
    ----------
    installed
        Every installed package but radfeat.
    lock
        The packages of the lock, empty where there is none.
    application
        Name and version of radfeat.
    """
    name, version = application
    root = Component(name=name, version=version, type=ComponentType.APPLICATION, bom_ref=f"{name}@{version}")
    components = {canonical_name(i.name): _describe(i, lock.get(canonical_name(i.name))) for i in installed}
    bom = Bom(components=components.values(), serial_number=_derive_serial(installed, application))
    bom.metadata.component = root
    for package in installed:
        needed = [components[n] for n in map(canonical_name, package.requires) if n in components]
        bom.register_dependency(components[canonical_name(package.name)], needed)
    bom.register_dependency(root, components.values())
    text = json.loads(JsonV1Dot6(bom).output_as_string())
    # The library writes the time of day; the bill of one installation is to be one text.
    text["metadata"].pop("timestamp", None)
    return json.dumps(text, indent=1, sort_keys=True) + "\n"


def _describe(package: Installed, locked: Locked | None) -> Component:
    same = locked is not None and locked.version == package.version
    state = "absent" if locked is None else "same" if same else "other version"
    allowed = locked.sha256 if locked is not None and same else ()
    purl = PackageURL("pypi", None, canonical_name(package.name), package.version)
    licence = [Property(name="radfeat:licence", value=package.licence)] if package.licence else []
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{canonical_name(package.name)}@{package.version}",
        purl=purl,
        external_references=_list_files(purl, allowed),
        properties=[Property(name=IN_LOCK, value=state), *licence],
    )


def _list_files(purl: PackageURL, sha256: Iterable[str]) -> list[ExternalReference]:
    """The files of a version that the lock allows; a wheel for each platform is one of them."""
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in sha256]
    if not hashes:
        return []
    kind, url = ExternalReferenceType.DISTRIBUTION, XsUri(purl.to_string())
    return [ExternalReference(type=kind, url=url, hashes=hashes, comment="any file with one of these hashes")]


def _derive_serial(installed: Sequence[Installed], application: tuple[str, str]) -> uuid.UUID:
    """A serial number made of the content."""
    digest = compute_json_digest([list(application), sorted([i.name, i.version] for i in installed)])
    return uuid.UUID(hex=digest[:32], version=4)
