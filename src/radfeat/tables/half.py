"""What lies beside the tables of one half of the results: codebook, data package, readers."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from radfeat.tables.codebook import write_codebook
from radfeat.tables.datapackage import write_datapackage
from radfeat.tables.describe import locate_table
from radfeat.tables.parts import is_table
from radfeat.tables.readers import write_readers
from radfeat.tables.schemas import TABLES


def describe_half(folder: Path, *, blinded: bool, facts: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write codebook, data package (with what is true of all its tables) and readers beside one half."""
    schemas = [schema for schema in TABLES.values() if schema.blinded is blinded]
    present = [schema for schema in schemas if is_table(locate_table(folder, schema))]
    write_codebook(folder, present)
    write_datapackage(folder, present, facts)
    write_readers(folder)
