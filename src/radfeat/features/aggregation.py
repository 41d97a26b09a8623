"""How texture matrices of directions and slices become one value per feature, by IBSI."""

from enum import StrEnum

from radfeat.features.register import Family

DIRECTIONAL_FAMILIES = frozenset({Family.GLCM, Family.GLRLM})
"""Families with one matrix per direction; the others have one per slice or per region."""


class Aggregation(StrEnum):
    """IBSI's ways from matrices to a feature; the members' codes are those of glcm and glrlm."""

    SLICES_AVERAGED = "2d_averaged"
    """BTW3: features of each direction in each slice, averaged."""
    SLICES_MERGED = "2d_slice_merged"
    """SUJT: directions merged within each slice, the slices' features averaged."""
    STACK_AVERAGED = "2.5d_direction_merged"
    """JJUI: each direction merged over the slices, the directions' features averaged."""
    STACK_MERGED = "2.5d_merged"
    """ZW7Z: directions within slices, all merged into one matrix."""
    SPACE_AVERAGED = "3d_averaged"
    """ITBB: features of each direction in space, averaged."""
    SPACE_MERGED = "3d_merged"
    """IAZD: directions in space merged into one matrix."""

    @property
    def within_slices(self) -> bool:
        """Whether neighbours lie in the same slice only (2-D and 2.5-D)."""
        return self not in {Aggregation.SPACE_AVERAGED, Aggregation.SPACE_MERGED}

    @property
    def by_slice(self) -> bool:
        """Whether each slice has features of its own, which are averaged (2-D)."""
        return self in {Aggregation.SLICES_AVERAGED, Aggregation.SLICES_MERGED}

    @property
    def merges_directions(self) -> bool:
        """Whether the directions share one matrix."""
        return self in {Aggregation.SLICES_MERGED, Aggregation.STACK_MERGED, Aggregation.SPACE_MERGED}

    def ibsi_code(self, family: Family) -> str:
        """IBSI's code of this aggregation for a texture family."""
        if family in DIRECTIONAL_FAMILIES:
            return _DIRECTIONAL_CODES[self]
        if self.by_slice:
            return "8QNN"
        return "62GR" if self.within_slices else "KOBO"


_DIRECTIONAL_CODES = {
    Aggregation.SLICES_AVERAGED: "BTW3",
    Aggregation.SLICES_MERGED: "SUJT",
    Aggregation.STACK_AVERAGED: "JJUI",
    Aggregation.STACK_MERGED: "ZW7Z",
    Aggregation.SPACE_AVERAGED: "ITBB",
    Aggregation.SPACE_MERGED: "IAZD",
}
