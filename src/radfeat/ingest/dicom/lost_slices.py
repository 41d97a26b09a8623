"""Whether slices were lost where their positions do not show it: every second one, or an end of the stack."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from radfeat.core.findings import Finding, remark
from radfeat.ingest.dicom.frames import Frame
from radfeat.ingest.dicom.series_checks import SeriesCheck
from radfeat.ingest.source import Source

_FEWEST = 3
"""Slices, so that the step of their numbers can be constant."""
_WHOLE = 0.02
"""Share by which a spacing may miss a whole multiple of the one that the header states."""


def check_lost_slices(source: Source, frames: Sequence[Frame], spacing_mm: float) -> tuple[Finding, ...]:
    """One remark where numbers of the headers speak of more slices than there are; no value alters for it.

    Frames come in the order of slices; ``spacing_mm`` is the distance of neighbours by their positions.
    """
    signs = [*_judge_numbers(frames), *_judge_spacing(frames, spacing_mm), *_judge_count(frames)]
    if not signs:
        return ()
    what = f"slices may be missing evenly, or at an end: {'; '.join(signs)}"
    return (remark(SeriesCheck.LOST_SLICES, source.key, what, len(frames), unit="slices"),)


def _judge_numbers(frames: Sequence[Frame]) -> Iterator[str]:
    numbers = [number for frame in frames if (number := frame.number("InstanceNumber")) is not None]
    if not _FEWEST <= len(numbers) == len(frames):
        return
    steps = {after - before for before, after in pairwise(numbers)}
    step = abs(steps.pop()) if len(steps) == 1 else 0
    if step > 1:
        yield f"InstanceNumber goes in steps of {step:g}"


def _judge_spacing(frames: Sequence[Frame], spacing_mm: float) -> Iterator[str]:
    """A spacing that is a whole multiple of SpacingBetweenSlices or, where that is absent, SliceThickness."""
    keyword = (
        "SpacingBetweenSlices" if any(f.has("SpacingBetweenSlices") for f in frames) else "SliceThickness"
    )
    stated = {None if (number := frame.number(keyword)) is None else abs(number) for frame in frames}
    distance = stated.pop() if len(stated) == 1 else None
    if not distance:
        return
    factor = spacing_mm / distance
    whole = round(factor)
    if whole >= 2 and abs(factor - whole) <= _WHOLE * whole:
        yield f"slices lie {whole} times as far apart as {keyword} says"


def _judge_count(frames: Sequence[Frame]) -> Iterator[str]:
    """Fewer slices than were acquired, where all are of one acquisition."""
    counts = {frame.number("ImagesInAcquisition") for frame in frames}
    acquisitions = {frame.text("AcquisitionNumber") for frame in frames}
    count = counts.pop() if len(counts) == 1 and len(acquisitions) == 1 else None
    if count is not None and None not in acquisitions and len(frames) < count:
        yield f"ImagesInAcquisition counts {count:g}"
