"""What a table's file says about itself: its key-value metadata."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Self

PREFIX = "radfeat."
ROWS_MARK = "rows"
"""Mark of a divided table: how many rows its files hold together."""


@dataclass(frozen=True, slots=True)
class TableIdentity:
    """What a table's file says about itself; ``logical_digest`` is the identity of its content."""

    schema: str
    schema_version: str
    radfeat_version: str
    run_id: str
    settings_digest: str
    logical_digest: str
    blinded: bool
    marks: Mapping[str, str] = field(default_factory=dict)
    """Further keys: of the unblinded half ``standing`` and ``lock_digest``, of features ``measurement``."""

    def to_metadata(self) -> dict[str, str]:
        """Key-value metadata of the Parquet file."""
        return {
            f"{PREFIX}schema": self.schema,
            f"{PREFIX}schema_version": self.schema_version,
            f"{PREFIX}version": self.radfeat_version,
            f"{PREFIX}run_id": self.run_id,
            f"{PREFIX}settings_digest": self.settings_digest,
            f"{PREFIX}logical_digest": self.logical_digest,
            f"{PREFIX}blinded": "yes" if self.blinded else "no",
            **{f"{PREFIX}{name}": value for name, value in self.marks.items()},
        }

    @classmethod
    def from_metadata(cls, stored: Mapping[str, str]) -> Self:
        """The identity that a file's metadata gives; KeyError where an entry is missing."""
        return cls(
            stored[f"{PREFIX}schema"],
            stored[f"{PREFIX}schema_version"],
            stored[f"{PREFIX}version"],
            stored[f"{PREFIX}run_id"],
            stored[f"{PREFIX}settings_digest"],
            stored[f"{PREFIX}logical_digest"],
            stored[f"{PREFIX}blinded"] == "yes",
            _select_marks(stored),
        )


def _select_marks(stored: Mapping[str, str]) -> dict[str, str]:
    """The keys of radfeat that are not those of every table."""
    plain = {f"{PREFIX}version", *(f"{PREFIX}{f.name}" for f in fields(TableIdentity))}
    return {
        key.removeprefix(PREFIX): value
        for key, value in stored.items()
        if key.startswith(PREFIX) and key not in plain
    }
