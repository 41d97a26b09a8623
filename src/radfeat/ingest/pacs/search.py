"""From requests to the series that match them. What a PACS answers is held against what was asked.

Some PACS ignore a key that they do not know, and answer with every patient's studies.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from radfeat.ingest.pacs.answers import Pacs, PacsError, SeriesAnswer, StudyAnswer
from radfeat.ingest.pacs.known import KnownSeries
from radfeat.ingest.pacs.request import Request

Tell = Callable[[str, int, int], None]
"""Hears of progress: stage, how much is done, of how much."""


@dataclass(frozen=True, slots=True)
class Sought:
    """A series that matches, with the requests that it matches."""

    answer: SeriesAnswer
    known: KnownSeries
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """What was found: series by UID, requests that nothing matches, and requests that had no answer."""

    series: dict[str, Sought]
    absent: tuple[Request, ...]
    failed: tuple[tuple[Request, PacsError], ...]


def search_pacs(pacs: Pacs, requests: Sequence[Request], tell: Tell) -> Search:
    """Find the series of all requests.

    Raises
    ------
    PacsError
        If the PACS cannot be asked at all.
    """
    series: dict[str, Sought] = {}
    absent, failed = [], []
    for number, request in enumerate(requests, start=1):
        try:
            found = list(find_matching(pacs, request))
        except PacsError as fault:
            if fault.ends:
                raise
            failed.append((request, fault))
            continue
        if not found:
            absent.append(request)
        for one in found:
            before = series.get(one.answer.series_uid)
            series[one.answer.series_uid] = one if before is None else _join(before, one)
        tell("ask", number, len(requests))
    return Search(series, tuple(absent), tuple(failed))


def find_matching(pacs: Pacs, request: Request) -> Iterator[Sought]:
    """The series that match one request.

    Raises
    ------
    PacsError
        If the PACS does not answer, or does not say enough to tell what matches.
    """
    for study in _find_studies(pacs, request):
        for answer in pacs.find_series(study.study_uid, request.series_uid):
            if _matches(answer, study, request):
                known = KnownSeries(
                    answer.study_uid,
                    answer.series_uid,
                    answer.modality,
                    study.patient_id or "",
                    study.accession or "",
                )
                yield Sought(answer, known, (request,))


def select_vanished(
    known: Iterable[KnownSeries], search: Search, requests: Sequence[Request]
) -> Iterator[tuple[KnownSeries, tuple[Request, ...]]]:
    """Series that an earlier pull was told of, that are asked for again, and that the PACS names no more."""
    failed = {request for request, _ in search.failed}
    for one in known:
        asking = tuple(r for r in requests if r not in failed and _covers(r, one))
        if asking and one.series_uid not in search.series:
            yield one, asking


def _find_studies(pacs: Pacs, request: Request) -> Iterator[StudyAnswer]:
    if not (request.patient_id or request.accession):
        yield StudyAnswer(request.study_uid, None, None)
        return
    for study in pacs.find_studies(request):
        pairs = (
            (request.patient_id, study.patient_id),
            (request.accession, study.accession),
            (request.study_uid, study.study_uid),
        )
        if any(asked and said is None for asked, said in pairs):
            raise PacsError(
                "the PACS does not say whose a study is, so that none can be chosen by it",
                remedy="Ask by study_uid or series_uid",
            )
        if all(not asked or asked == said for asked, said in pairs):
            yield study


def _matches(answer: SeriesAnswer, study: StudyAnswer, request: Request) -> bool:
    if request.modalities and not answer.modality:
        raise PacsError(
            "the PACS does not say the modality of a series, so that none can be chosen by it",
            remedy="Ask by series_uid, without a modality",
        )
    return (
        study.study_uid in ("", answer.study_uid)
        and request.series_uid in ("", answer.series_uid)
        and (not request.modalities or answer.modality in request.modalities)
    )


def _covers(request: Request, one: KnownSeries) -> bool:
    pairs = (
        (request.patient_id, one.patient_id),
        (request.accession, one.accession),
        (request.study_uid, one.study_uid),
        (request.series_uid, one.series_uid),
    )
    chosen = not request.modalities or one.modality in request.modalities
    return chosen and all(not asked or asked == said for asked, said in pairs)


def _join(before: Sought, now: Sought) -> Sought:
    """One series found by two requests; patient and accession number from whichever was told them."""
    known = KnownSeries(
        now.answer.study_uid,
        now.answer.series_uid,
        now.answer.modality,
        before.known.patient_id or now.known.patient_id,
        before.known.accession or now.known.accession,
    )
    return Sought(now.answer, known, (*before.requests, *now.requests))
