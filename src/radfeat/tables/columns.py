"""What a table and its columns are made of."""

from dataclasses import dataclass
from enum import StrEnum


class ColumnType(StrEnum):
    """Logical type of a column; every number is float64 unless it counts something."""

    STRING = "string"
    FLOAT = "float64"
    INTEGER = "int64"
    BOOLEAN = "bool"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``description`` is one sentence; ``values`` lists the allowed texts, if closed."""

    name: str
    type: ColumnType
    description: str
    unit: str = ""
    nullable: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One table: rows are unique by and sorted by ``key``."""

    name: str
    version: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    blinded: bool
    feature_columns: bool = False

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the fixed columns, in order."""
        return tuple(c.name for c in self.columns)


def text(name: str, description: str, *, nullable: bool = False, values: tuple[str, ...] = ()) -> Column:
    """A column of text."""
    return Column(name, ColumnType.STRING, description, nullable=nullable, values=values)


def real(name: str, description: str, unit: str = "1", *, nullable: bool = True) -> Column:
    """A column of measured numbers."""
    return Column(name, ColumnType.FLOAT, description, unit, nullable)


def count(name: str, description: str, unit: str = "count", *, nullable: bool = False) -> Column:
    """A column of whole numbers."""
    return Column(name, ColumnType.INTEGER, description, unit, nullable)


def flag(name: str, description: str, *, nullable: bool = False) -> Column:
    """A column of yes and no."""
    return Column(name, ColumnType.BOOLEAN, description, nullable=nullable)
