"""What must be known of an image to lay a DICOM mask on it, and what the two must agree on."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from radfeat.core.errors import GeometryError
from radfeat.core.findings import Finding, remark
from radfeat.core.grid import Grid
from radfeat.ingest.dicom.mask_checks import MaskCheck
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

NEAR = 0.25
"""Share of the slice spacing: what lies nearer to a slice cannot belong to another."""

ALL_SLICES = -1
"""Stands for the slice of an instance that holds all slices."""


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """Where an image lies, and whose it is.

    Parameters
    ----------
    grid
        Grid of the image.
    frame_of_reference
        FrameOfReferenceUID; None where it is not known, as for NIfTI.
    instances
        Slice index k of each SOPInstanceUID; -1 where one instance holds all slices; empty for NIfTI.
    identity
        Words of the image's headers that name someone; none for NIfTI.
    """

    grid: Grid
    frame_of_reference: str | None = field(default=None, repr=False)
    instances: Mapping[str, int] = field(default_factory=dict, repr=False)
    identity: frozenset[str] = field(default=frozenset(), repr=False)

    def slices_of(self, references: Iterable[str]) -> set[int]:
        """The slices of those instances that are the image's own."""
        return {self.instances[uid] for uid in references if uid in self.instances}


def choose_tolerance_mm(grid: Grid, settings: IngestSettings) -> float:
    """How far from a slice something may lie that was drawn on it; less than the setting on thin slices."""
    return min(settings.slice_tolerance_mm, NEAR * grid.spacing_xyz_mm[2])


def check_frame(source: Source, image: ImagePlace, frame: str | None) -> tuple[Finding, ...]:
    """Whether a mask is drawn in its image's frame of reference.

    Returns
    -------
    tuple of Finding
        One where one of the two does not say.

    Raises
    ------
    GeometryError
        If the frames differ.
    """
    if image.frame_of_reference is None or frame is None:
        who = "the image" if image.frame_of_reference is None else source.role
        what = f"{who} names no frame of reference: that the mask belongs to the image was not checked"
        return (remark(MaskCheck.FRAME_UNCHECKED, source.key, what),)
    if image.frame_of_reference != frame:
        raise GeometryError(
            f"{source.role} is drawn in another frame of reference than the image's",
            key=source.key,
            remedy="Take the mask that was drawn on this image, or register the two and draw it again",
        )
    return ()


def require_reference(
    source: Source, image: ImagePlace, references: Iterable[str], k: int | None, what: str
) -> None:
    """Refuse what says to be drawn on one slice of the image and lies on another, or on none.

    Parameters
    ----------
    source
        The mask file, for messages.
    image
        Where the image lies.
    references
        SOPInstanceUIDs of the images that it is drawn on.
    k
        The slice that it lies on; None where that is outside the image.
    what
        What lies there: ``"contour 3 of 20"``.

    Raises
    ------
    GeometryError
        If it refers to slices of the image, and none of them is slice ``k``.
    """
    named = image.slices_of(references)
    if named and k not in named and ALL_SLICES not in named:
        where = "outside the image" if k is None else f"on slice {k}"
        raise GeometryError(
            f"{source.role} contradicts itself: {what} lies {where} and refers to another slice",
            key=source.key,
            measured=f"slice {', '.join(str(n) for n in sorted(named))}",
            allowed="the slice on which it lies",
            remedy="Export the mask again together with its image",
        )


def check_series(
    source: Source, image: ImagePlace, each: Sequence[Collection[str]], whole: Collection[str]
) -> tuple[Finding, ...]:
    """Whether a mask refers to its image's own instances.

    Parameters
    ----------
    source
        The mask file, for the finding.
    image
        Where the image lies; nothing can be said where its instances are not known.
    each
        SOPInstanceUIDs to which each contour or frame refers.
    whole
        Those to which the mask as a whole refers; they count where no contour or frame refers to any.
    """
    speaking = [references for references in each if references] or ([whole] if whole else [])
    strange = sum(image.instances.keys().isdisjoint(references) for references in speaking)
    if not image.instances or not strange:
        return ()
    what = (
        f"{source.role} refers to instances that the image does not hold: it was drawn on another series or "
        "another copy of this one, and was placed by its coordinates"
    )
    return (remark(MaskCheck.OTHER_SERIES, source.key, what, strange, 0.0, "references"),)


def check_instances(
    source: Source, image: ImagePlace, series: Iterable[Collection[str]]
) -> tuple[Finding, ...]:
    """Whether a mask's own series is in the image as a whole: a slice lost at its end leaves no gap.

    Parameters
    ----------
    source
        The mask file, for the finding.
    image
        Where the image lies; nothing can be said where its instances are not known, or hold all slices each.
    series
        SOPInstanceUIDs to which the mask refers, by series; one of which the image holds nothing is another.
    """
    if ALL_SLICES in image.instances.values():
        return ()
    own = [listed for listed in map(frozenset, series) if not listed.isdisjoint(image.instances)]
    listed = frozenset().union(*own)
    absent = len(listed - image.instances.keys())
    if not absent:
        return ()
    what = (
        f"{absent} of the {len(listed)} instances of the image's series to which {source.role} refers are "
        "not in the image: slices may be missing, or belong to another stack of the series"
    )
    return (remark(MaskCheck.MISSING_INSTANCES, source.key, what, absent, 0.0, "instances"),)
