"""Whether the compiled modules are those of the sources beside them: others may write beyond their arrays."""

import hashlib
from functools import cache
from pathlib import Path

from radfeat.core.errors import SettingsError
from radfeat.features.engines.native import _sources

_PACKAGE = Path(__file__).resolve().parents[3]


@cache
def require_built() -> None:
    """Refuse compiled modules that were made of other sources, as after an update without an installation.

    Raises
    ------
    SettingsError
        If the sources were changed since.
    """
    found = digest_sources(_PACKAGE)
    if found != _sources.SOURCES:
        raise SettingsError(
            "the compiled part of radfeat was made of other sources than are here",
            key=str(_PACKAGE),
            measured=f"sources {found[:8]}",
            allowed=f"sources {_sources.SOURCES[:8]}, of which it was compiled",
            remedy="Install radfeat again: `make install`, or pip as before",
        )


def digest_sources(package: Path) -> str:
    """SHA-256 (hexadecimal) of the Cython sources of a package, by name and content; as in ``setup.py``."""
    digest = hashlib.sha256()
    for source in sorted(package.rglob("*.pyx")):
        content = hashlib.sha256(source.read_bytes()).hexdigest()
        digest.update(f"{source.relative_to(package).as_posix()} {content}\n".encode())
    return digest.hexdigest()
