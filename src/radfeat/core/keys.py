"""Keys: which image of which subject, and which region in it.

A key's components are free text (Chinese names and blanks are legal); its canonical string joins them
with ``/`` after percent-encoding ``%``, ``/`` and control characters, so that two different keys never
share a string.
"""

import hashlib
import re
from dataclasses import dataclass

_SPECIAL = re.compile(r"[%/\x00-\x1f\x7f]")


def _encode(component: str) -> str:
    if _SPECIAL.search(component) is None:
        return component
    return "".join(f"%{ord(c):02X}" if c in "%/" or ord(c) < 0x20 or ord(c) == 0x7F else c for c in component)


def stem_of(identifier: str) -> str:
    """A name for files, without identity: 16 hexadecimal digits of the SHA-256 of a case's or ROI's id."""
    return hashlib.sha256(identifier.encode()).hexdigest()[:16]


@dataclass(frozen=True, order=True, slots=True)
class CaseKey:
    """One image of one subject: the unit of work, of the cache and of the buckets."""

    study_id: str
    site_id: str
    subject_id: str
    timepoint: str
    image_id: str

    @property
    def case_id(self) -> str:
        """Canonical string ``study/site/subject/timepoint/image``."""
        parts = (self.study_id, self.site_id, self.subject_id, self.timepoint, self.image_id)
        return "/".join(map(_encode, parts))

    @property
    def stem(self) -> str:
        """A name for the case's files."""
        return stem_of(self.case_id)

    def __str__(self) -> str:
        return self.case_id


@dataclass(frozen=True, order=True, slots=True)
class RoiKey:
    """One drawn region of one image; ``lesion_id`` is empty where the sheet gives none."""

    case: CaseKey
    roi: str
    lesion_id: str = ""

    @property
    def roi_id(self) -> str:
        """Canonical string ``case_id/roi`` or ``case_id/roi/lesion``."""
        tail = f"/{_encode(self.lesion_id)}" if self.lesion_id else ""
        return f"{self.case.case_id}/{_encode(self.roi)}{tail}"

    @property
    def stem(self) -> str:
        """A name for the ROI's files."""
        return stem_of(self.roi_id)

    def __str__(self) -> str:
        return self.roi_id


def bucket_of(case: CaseKey, buckets: int) -> int:
    """Bucket of a case, in ``0 .. buckets - 1``; ``buckets`` is a power of two.

    The hash does not depend on the process, the machine or the order of the sheet.
    """
    digest = hashlib.sha256(case.case_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") % buckets
