"""Pictures of ROIs as parts of the page itself."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from radfeat.report.settings import ReportSettings
from radfeat.report.summaries.montage import Picture

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class EmbeddedPicture:
    """A picture with its data URI."""

    picture: Picture
    source: str


@dataclass(frozen=True, slots=True)
class Montage:
    """The pictures shown, by site; ``total`` ROIs name a picture, ``missing`` of which is not there."""

    by_site: tuple[tuple[str, tuple[EmbeddedPicture, ...]], ...]
    shown: int
    total: int
    missing: int


def embed_pictures(pictures: Sequence[Picture], folder: Path, settings: ReportSettings) -> Montage:
    """Read pictures in the order given until one of the two limits of the settings is reached."""
    budget = settings.montage_megabytes * 1e6
    shown: list[EmbeddedPicture] = []
    missing = 0
    for picture in pictures:
        if len(shown) == settings.montage_limit:
            break
        source = _read_picture(folder, picture.file)
        if source is None:
            missing += 1
            continue
        budget -= len(source)
        if budget < 0:
            break
        shown.append(EmbeddedPicture(picture, source))
    sites = sorted({item.picture.site for item in shown})
    # Sorted by rank within a site: failed ones first, as they were chosen.
    by_site = tuple((site, tuple(i for i in shown if i.picture.site == site)) for site in sites)
    return Montage(by_site, len(shown), len(pictures), missing)


def _read_picture(folder: Path, name: str) -> str | None:
    """A PNG file as a data URI; None where there is no such file in the folder itself, or it is no PNG."""
    path = folder / name
    if path.name != name or not path.is_file():
        return None
    content = path.read_bytes()
    if not content.startswith(_PNG):
        return None
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"
