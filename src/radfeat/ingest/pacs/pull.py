"""From requests to instances on disk and a ledger: ask, list, write down what is expected, fetch, judge."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from radfeat.core.errors import InputError
from radfeat.core.quiet import keep_quiet
from radfeat.ingest.pacs.answers import Pacs, PacsError
from radfeat.ingest.pacs.association import AeAddress
from radfeat.ingest.pacs.dicomweb import connect_dicomweb
from radfeat.ingest.pacs.dimse import connect_dimse
from radfeat.ingest.pacs.fetch import Listing, fetch_all, list_series
from radfeat.ingest.pacs.known import Known, read_known, write_known
from radfeat.ingest.pacs.ledger import LedgerRow, write_ledger
from radfeat.ingest.pacs.patience import Patience
from radfeat.ingest.pacs.request import Request
from radfeat.ingest.pacs.search import Sought, Tell, search_pacs
from radfeat.ingest.pacs.store import PullFolder, hash_series, hold_folder
from radfeat.ingest.pacs.verdicts import gather, gather_vanished, judge_all
from radfeat.ingest.pacs.web_session import WebAddress

_TALKATIVE = ("pynetdicom", "dicomweb_client", "requests", "urllib3")
"""Libraries whose log lines hold UIDs and worse."""


def pull(
    address: WebAddress | AeAddress,
    requests: Sequence[Request],
    folder: PullFolder,
    patience: Patience,
    tell: Tell,
) -> tuple[LedgerRow, ...]:
    """Fetch what is missing of the series that match, and write the ledger.

    Raises
    ------
    SettingsError
        If the address cannot be meant, or another pull is at work in the folder.
    InputError
        If the PACS cannot be asked; no ledger is written then.
    """
    with keep_quiet("pydicom", *_TALKATIVE), hold_folder(folder):
        try:
            with _connect(address, patience) as pacs:
                return pull_from(pacs, requests, folder, tell)
        except PacsError as fault:
            raise InputError(fault.sentence, key="PACS", remedy=fault.remedy) from None


def pull_from(
    pacs: Pacs, requests: Sequence[Request], folder: PullFolder, tell: Tell
) -> tuple[LedgerRow, ...]:
    """The same, from a PACS that is connected, into a folder that is held.

    Raises
    ------
    PacsError
        If the PACS cannot be asked.
    """
    earlier = read_known(folder)
    search = search_pacs(pacs, requests, tell)
    sought = [search.series[uid] for uid in sorted(search.series, key=hash_series)]
    listings = list_series(pacs, folder, sought, tell)
    known = _extend(earlier, sought, listings)
    write_known(folder, known)  # before anything is fetched: a kill does not make us forget what was listed
    fetched = fetch_all(pacs, folder, listings, tell)
    asked = gather(sought, listings, fetched, known)
    vanished = gather_vanished(folder, known, search, requests)
    rows = judge_all(pacs, folder, [*asked, *vanished], search)
    write_ledger(folder, rows)
    return rows


@contextmanager
def _connect(address: WebAddress | AeAddress, patience: Patience) -> Iterator[Pacs]:
    if isinstance(address, AeAddress):
        with connect_dimse(address, patience) as dimse:
            yield dimse
    else:
        with connect_dicomweb(address, patience) as web:
            yield web


def _extend(earlier: Known, sought: Sequence[Sought], listings: Sequence[Listing]) -> Known:
    """What is known after the PACS was asked: nothing that it once listed is forgotten."""
    series, instances = dict(earlier.series), dict(earlier.instances)
    for one, listing in zip(sought, listings, strict=True):
        uid = one.answer.series_uid
        series[uid] = one.known
        instances[uid] = instances.get(uid, frozenset()) | listing.listed
    return Known(series, instances)
