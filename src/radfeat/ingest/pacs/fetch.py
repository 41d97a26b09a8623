"""Fetching what is missing of each series: what is here already, whole, is not fetched again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from radfeat.ingest.pacs.answers import InstanceAnswer, Missing, Pacs, PacsError, SeriesAnswer, Write
from radfeat.ingest.pacs.search import Sought, Tell
from radfeat.ingest.pacs.store import PullFolder, keep_instance, list_here


@dataclass(frozen=True, slots=True)
class Listing:
    """What the PACS lists of a series, and what of it is here; ``fault`` says why the list cannot be had."""

    answer: SeriesAnswer
    instances: tuple[InstanceAnswer, ...]
    here: frozenset[str]
    fault: str = ""

    @property
    def listed(self) -> frozenset[str]:
        """SOPInstanceUIDs that the PACS lists."""
        return frozenset(instance.sop_uid for instance in self.instances)

    @property
    def missing(self) -> Missing:
        """What is to be fetched."""
        instances = tuple(i for i in self.instances if i.sop_uid not in self.here)
        stated = self.answer.stated or 0
        unlisted = stated > len(self.instances) and stated > len(self.here)
        return Missing(instances, unlisted, not self.here)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What is here of a series after fetching, how many came now, and why not all did (else empty)."""

    here: frozenset[str]
    count: int
    fault: str


def list_series(pacs: Pacs, folder: PullFolder, sought: Sequence[Sought], tell: Tell) -> list[Listing]:
    """What the PACS lists of each series, and what is here.

    Raises
    ------
    PacsError
        If the PACS can be asked no longer.
    """
    listings = []
    for number, one in enumerate(sought, start=1):
        instances: Sequence[InstanceAnswer] = ()
        said = ""
        try:
            instances = pacs.list_instances(one.answer)
        except PacsError as fault:
            if fault.ends:
                raise
            said = fault.text
        here = list_here(folder, one.answer.series_uid)
        listings.append(Listing(one.answer, tuple(instances), here, said))
        tell("check", number, len(sought))
    return listings


def fetch_all(pacs: Pacs, folder: PullFolder, listings: Sequence[Listing], tell: Tell) -> list[Fetched]:
    """Fetch what is missing, one series after the other, until the PACS can be asked no longer."""
    total = sum(len(listing.missing.instances) for listing in listings)
    arrived = _count_up(lambda done: tell("fetch", done, max(done, total)))
    results, ended = [], ""
    for listing in listings:
        if ended:
            results.append(Fetched(listing.here, 0, ended))
            continue
        try:
            results.append(fetch_series(pacs, folder, listing, arrived))
        except _EndedError as end:
            ended = end.fault
            results.append(end.fetched)
    return results


def fetch_series(pacs: Pacs, folder: PullFolder, listing: Listing, arrived: Callable[[], None]) -> Fetched:
    """Fetch what is missing of one series."""
    missing, series_uid = listing.missing, listing.answer.series_uid
    here = set(listing.here)

    def keep(sop_uid: str, write: Write) -> None:
        if sop_uid not in here:
            keep_instance(folder, series_uid, sop_uid, write)
            here.add(sop_uid)
            arrived()

    faults: Sequence[PacsError] = ()
    if missing.instances or missing.unlisted:
        try:
            faults = pacs.fetch(listing.answer, missing, keep)
        except PacsError as fault:
            text = fault.text
            raise _EndedError(Fetched(frozenset(here), len(here) - len(listing.here), text), text) from None
    said = listing.fault or (faults[0].text if faults else "")
    return Fetched(frozenset(here), len(here) - len(listing.here), said)


class _EndedError(Exception):
    """The PACS can be asked no longer; holds what came of the series before."""

    def __init__(self, fetched: Fetched, fault: str) -> None:
        self.fetched = fetched
        self.fault = fault
        super().__init__(fault)


def _count_up(hear: Callable[[int], None]) -> Callable[[], None]:
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        hear(done)

    return count
