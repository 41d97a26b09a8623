"""Which code makes the numbers: the part of every cache key and rerun that no setting holds."""

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from radfeat.core.digest import compute_json_digest
from radfeat.core.version import NUMBERS_VERSION, VERSION
from radfeat.features.engines.native.built import require_built

ENGINE_NAMES = ("pyradiomics-bhklab", "pyradiomics")
"""PyRadiomics by its name in the lock, and by its name on conda-forge."""
FEATURE_PACKAGES = ("SimpleITK", "numpy", "PyWavelets", "scipy", "scikit-image")
MODEL_PACKAGES = ("numpy", "scipy", "scikit-learn", "scikit-survival")


def compute_feature_code_digest() -> str:
    """Digest of what computes features: radfeat's numbers version, libraries and kind of processor.

    Raises
    ------
    SettingsError
        If the compiled part of radfeat is not that of its sources.
    """
    require_built()
    return _digest([NUMBERS_VERSION], (_find_engine(), *FEATURE_PACKAGES))


def compute_model_code_digest() -> str:
    """Digest of what fits models: radfeat's version, libraries and kind of processor."""
    return _digest([VERSION], MODEL_PACKAGES)


def describe_installation() -> tuple[tuple[str, str], ...]:
    """Name and version of radfeat, of what it measures with, and of the platform."""
    return (
        ("radfeat", VERSION),
        ("PyRadiomics", f"{version(_find_engine())} ({_find_engine()})"),
        ("SimpleITK", version("SimpleITK")),
        ("NumPy", version("numpy")),
        ("Python", platform.python_version()),
        ("Platform", f"{platform.system()} {platform.machine()}"),
    )


def _digest(own: list[int | str], packages: Sequence[str]) -> str:
    return compute_json_digest([own, {name: version(name) for name in packages}, platform.machine()])


def _find_engine() -> str:
    for name in ENGINE_NAMES:
        try:
            version(name)
        except PackageNotFoundError:
            continue
        return name
    raise PackageNotFoundError(" or ".join(ENGINE_NAMES))
