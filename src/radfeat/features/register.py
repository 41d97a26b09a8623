"""The register of features: every feature there is, with its frozen code. Rows are only ever appended."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType


class Family(StrEnum):
    """Feature families, as PyRadiomics names its classes, and one of IBSI's; in the order of the tables."""

    SHAPE = "shape"
    SHAPE_2D = "shape2D"
    FIRST_ORDER = "firstorder"
    HISTOGRAM = "histogram"
    """IBSI's intensity histogram, of which PyRadiomics has no class."""
    GLCM = "glcm"
    GLRLM = "glrlm"
    GLSZM = "glszm"
    GLDM = "gldm"
    NGTDM = "ngtdm"


SHAPE_FAMILIES = frozenset({Family.SHAPE, Family.SHAPE_2D})
"""Families measured on the mask alone, once per ROI, whatever the image types."""

MATRIX_FAMILIES = frozenset({Family.GLCM, Family.GLRLM, Family.GLSZM, Family.GLDM, Family.NGTDM})
"""Families measured on matrices of grey levels."""

PYRADIOMICS_FAMILIES = tuple(family for family in Family if family is not Family.HISTOGRAM)
"""The families that are classes of PyRadiomics."""


class FeatureStatus(StrEnum):
    """When a feature is measured."""

    STANDARD = "standard"
    """With its whole family, and by name."""
    BY_NAME = "by_name"
    """Only by name: a function of another feature."""
    RETIRED = "retired"
    """Never: PyRadiomics knows the name and yields no value. The code stays taken."""
    IBSI_ONLY = "ibsi_only"
    """By the recipe ibsi: exact algebra of what PyRadiomics yields, where it has no such feature."""


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One row of the register: a feature whatever the image type it is measured on.

    ``depends`` says what its value depends on besides the voxels: ``bins`` (discretisation), ``shift``
    (``voxel_array_shift``) or nothing.
    """

    family: Family
    name: str
    code: str
    status: FeatureStatus
    ibsi_code: str | None
    unit: str
    depends: str
    ibsi_deviation: str | None
    description: str


@cache
def read_register() -> Mapping[tuple[Family, str], RegisterEntry]:
    """The register that ships with the package, in its own order, by family and name."""
    text = files("radfeat.features").joinpath("register.csv").read_text(encoding="utf-8")
    entries = [_build_entry(row) for row in csv.DictReader(text.splitlines())]
    return MappingProxyType({(entry.family, entry.name): entry for entry in entries})


def _build_entry(row: Mapping[str, str]) -> RegisterEntry:
    return RegisterEntry(
        family=Family(row["family"]),
        name=row["name"],
        code=row["code"],
        status=FeatureStatus(row["status"]),
        ibsi_code=row["ibsi_code"] or None,
        unit=row["unit"],
        depends=row["depends"],
        ibsi_deviation=row["ibsi_deviation"] or None,
        description=row["description"],
    )


def family_names_by_ibsi(family: Family) -> tuple[str, ...]:
    """Names of a family's features that IBSI has and that do not deviate from it by their formula."""
    return tuple(
        entry.name
        for entry in read_register().values()
        if entry.family is family
        and entry.status is not FeatureStatus.RETIRED
        and entry.ibsi_code is not None
        and entry.ibsi_deviation is None
    )


def family_names(family: Family, status: FeatureStatus | None = None) -> tuple[str, ...]:
    """Names of a family's features in the register's order, of one status or of all."""
    return tuple(
        entry.name
        for entry in read_register().values()
        if entry.family is family and (status is None or entry.status is status)
    )
