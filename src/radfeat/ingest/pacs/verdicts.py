"""All that is known of each series that was asked for, brought together and judged."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from radfeat.ingest.inventory.sop_classes import KNOWN_MODALITIES
from radfeat.ingest.pacs.answers import Pacs, PacsError
from radfeat.ingest.pacs.fetch import Fetched, Listing
from radfeat.ingest.pacs.known import Known
from radfeat.ingest.pacs.ledger import Evidence, LedgerRow, Verdict, judge
from radfeat.ingest.pacs.references import DRAWN, Reference, read_references
from radfeat.ingest.pacs.request import Request
from radfeat.ingest.pacs.search import Search, Sought, select_vanished
from radfeat.ingest.pacs.store import PullFolder, hash_series, list_here

_NOT_ASKED = "It refers to a series that was not asked for and is not here whole."


@dataclass(frozen=True, slots=True)
class Asked:
    """A series, the requests that ask for it, how many instances came now, and the evidence on it."""

    series_uid: str
    modality: str
    requests: tuple[Request, ...]
    fetched: int
    evidence: Evidence


def gather(
    sought: Sequence[Sought], listings: Sequence[Listing], fetched: Sequence[Fetched], known: Known
) -> list[Asked]:
    """The series that the PACS named, with what was listed, what came, and what the request sheet states."""
    matches = Counter(request for one in sought for request in one.requests)
    gathered = []
    for one, listing, came in zip(sought, listings, fetched, strict=True):
        stated_by_sheet = [r.expected for r in one.requests if r.expected and matches[r] == 1]
        evidence = Evidence(
            listed=listing.listed,
            earlier=known.instances.get(one.answer.series_uid, frozenset()),
            stated=one.answer.stated,
            asked=max(stated_by_sheet, default=None),
            referred=frozenset(),
            here=came.here,
            fault=came.fault,
        )
        gathered.append(Asked(one.answer.series_uid, one.answer.modality, one.requests, came.count, evidence))
    return gathered


def gather_vanished(
    folder: PullFolder, known: Known, search: Search, requests: Sequence[Request]
) -> Iterator[Asked]:
    """The series that an earlier pull was told of, and that the PACS names no longer."""
    nothing: frozenset[str] = frozenset()
    for one, asking in select_vanished(known.series.values(), search, requests):
        earlier, here = known.instances.get(one.series_uid, nothing), list_here(folder, one.series_uid)
        evidence = Evidence(nothing, earlier, None, None, nothing, here)
        yield Asked(one.series_uid, one.modality, asking, 0, evidence)


def judge_all(
    pacs: Pacs, folder: PullFolder, asked: Sequence[Asked], search: Search
) -> tuple[LedgerRow, ...]:
    """The rows of the ledger: series, images that masks lack, requests without a series, sums too small."""
    drawn = {one.series_uid: _read_drawn(folder, one) for one in asked if one.modality in DRAWN}
    referred = _join(reference for references in drawn.values() for reference in references)
    outside = [r for r in referred.values() if r.series_uid not in {one.series_uid for one in asked}]
    lacking, elsewhere = _look_outside(pacs, folder, outside)
    rows = []
    for one in asked:
        reference = referred.get(one.series_uid)
        evidence = replace(one.evidence, referred=reference.instances) if reference else one.evidence
        remark = any(r.series_uid in elsewhere for r in drawn.get(one.series_uid, ()))
        rows.append(_build_row(one, evidence, _NOT_ASKED if remark else ""))
    rows += lacking
    found = {request for one in asked for request in one.requests}
    nothing = "the PACS has nothing that matches."
    rows += [_row_of_request(r, Verdict.ABSENT, nothing) for r in search.absent if r not in found]
    rows += [_row_of_request(r, Verdict.FAILED, fault.text) for r, fault in search.failed]
    return (*rows, *_check_sums(asked))


def _read_drawn(folder: PullFolder, one: Asked) -> list[Reference]:
    return [
        reference
        for sop_uid in sorted(one.evidence.here)
        for reference in read_references(folder.instance(one.series_uid, sop_uid))
    ]


def _join(references: Iterable[Reference]) -> dict[str, Reference]:
    joined: dict[str, Reference] = {}
    for one in references:
        before = joined.get(one.series_uid)
        instances = one.instances | before.instances if before else one.instances
        joined[one.series_uid] = Reference(one.study_uid, one.series_uid, instances)
    return joined


def _look_outside(
    pacs: Pacs, folder: PullFolder, references: Sequence[Reference]
) -> tuple[list[LedgerRow], set[str]]:
    """Of series that were drawn on and not asked for: rows of those the PACS lacks, UIDs of those it has."""
    rows: list[LedgerRow] = []
    elsewhere: set[str] = set()
    ended: PacsError | None = None
    for one in references:
        here = list_here(folder, one.series_uid)
        if one.instances <= here:
            continue
        fault = ended
        if fault is None:
            try:
                if pacs.find_series(one.study_uid, one.series_uid):
                    elsewhere.add(one.series_uid)
                    continue
            except PacsError as error:
                fault, ended = error, error if error.ends else None
        nothing: frozenset[str] = frozenset()
        said = fault.text if fault else ""
        evidence = Evidence(nothing, nothing, None, None, one.instances, here, said)
        rows.append(_build_row(Asked(one.series_uid, "", (), 0, evidence), evidence, ""))
    return rows, elsewhere


def _build_row(one: Asked, evidence: Evidence, remark: str) -> LedgerRow:
    verdict, sentence = judge(evidence)
    return LedgerRow(
        series=hash_series(one.series_uid),
        modality=one.modality if one.modality in KNOWN_MODALITIES else "",
        lines=_lines(one.requests),
        asked=evidence.asked,
        stated=evidence.stated,
        listed=len(evidence.listed),
        expected=evidence.expected,
        received=len(evidence.here),
        fetched=one.fetched,
        verdict=verdict,
        sentence=f"{sentence} {remark}" if remark else sentence,
    )


def _row_of_request(request: Request, verdict: Verdict, text: str, received: int = 0) -> LedgerRow:
    series = hash_series(request.series_uid) if request.series_uid else ""
    expected = request.expected or 0
    sentence = f"{request.place[0].upper()}{request.place[1:]}: {text}"
    return LedgerRow(
        series, "", _lines((request,)), request.expected, None, 0, expected, received, 0, verdict, sentence
    )


def _check_sums(asked: Sequence[Asked]) -> Iterator[LedgerRow]:
    """Requests that several series match, with fewer instances in all than the request sheet states."""
    by_request: dict[Request, list[Asked]] = {}
    for one in asked:
        for request in one.requests:
            by_request.setdefault(request, []).append(one)
    for request, series in by_request.items():
        received = sum(len(one.evidence.here) for one in series)
        if len(series) > 1 and received < (request.expected or 0):
            text = (
                f"{received} of {request.expected} instances are here, in {len(series)} series: "
                "the request sheet expects more."
            )
            yield _row_of_request(request, Verdict.INCOMPLETE, text, received)


def _lines(requests: Iterable[Request]) -> str:
    return " ".join(str(line) for line in sorted({r.line for r in requests if r.line}))
