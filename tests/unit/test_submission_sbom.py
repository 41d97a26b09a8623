"""The bill of materials: the same bytes each time, hashes from the lock, valid by CycloneDX's own schema."""

import json

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from radfeat.submission.lock_file import parse_lock
from radfeat.submission.sbom import Installed, build_sbom

LOCK = """numpy==2.4.6 \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
    # via scipy
Pillow==12.0 ; python_version >= "3.11" \\
    --hash=sha256:{a}
""".format(a="a" * 64, b="b" * 64)
INSTALLED = (
    Installed("numpy", "2.4.6", "BSD-3-Clause", ()),
    Installed("pillow", "11.0", "", ()),
    Installed("SciPy", "1.17", "BSD-3-Clause", ("numpy", "not-installed")),
)


def test_a_lock_gives_versions_and_hashes_by_canonical_name() -> None:
    lock = parse_lock(LOCK)
    assert {n: (p.version, len(p.sha256)) for n, p in lock.items()} == {
        "numpy": ("2.4.6", 2),
        "pillow": ("12.0", 1),
    }


def test_components_carry_the_hashes_of_their_version_and_only_those() -> None:
    bill = json.loads(build_sbom(INSTALLED, parse_lock(LOCK), ("radfeat", "0.1.0")))
    components = {c["name"]: c for c in bill["components"]}
    states = {n: {p["name"]: p["value"] for p in c["properties"]} for n, c in components.items()}
    assert {n: s["radfeat:lock"] for n, s in states.items()} == {
        "numpy": "same",
        "pillow": "other version",
        "SciPy": "absent",
    }
    hashes = components["numpy"]["externalReferences"][0]["hashes"]
    assert sorted(h["content"] for h in hashes) == ["a" * 64, "b" * 64]
    assert "externalReferences" not in components["pillow"]
    needs = {d["ref"]: d.get("dependsOn", []) for d in bill["dependencies"]}
    assert needs["scipy@1.17"] == ["numpy@2.4.6"]


def test_the_same_installation_gives_the_same_bytes_and_no_date() -> None:
    first = build_sbom(INSTALLED, parse_lock(LOCK), ("radfeat", "0.1.0"))
    again = build_sbom(tuple(reversed(INSTALLED)), parse_lock(LOCK), ("radfeat", "0.1.0"))
    assert first == again
    assert "timestamp" not in first


def test_the_schema_of_cyclonedx_accepts_it() -> None:
    text = build_sbom(INSTALLED, parse_lock(LOCK), ("radfeat", "0.1.0"))
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"library"', '"nonsense"')) is not None
