"""A PACS that speaks DICOMweb: QIDO-RS says what there is, WADO-RS gives it, as it is stored there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import requests
from dicomweb_client.web import DICOMwebClient
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset

from radfeat.ingest.dicom.headers import READ_FAULTS, read_text
from radfeat.ingest.pacs.answers import (
    InstanceAnswer,
    Keep,
    Missing,
    PacsError,
    SeriesAnswer,
    StudyAnswer,
    parse_count,
    require_uids,
)
from radfeat.ingest.pacs.patience import Patience, try_again
from radfeat.ingest.pacs.request import Request
from radfeat.ingest.pacs.store import lacks_bytes
from radfeat.ingest.pacs.web_session import WebAddress, open_session, require_address

AS_STORED = (("application/dicom", "*"),)
"""No other transfer syntax than the one an instance is stored in."""

MAX_PAGES = 10_000
_NOBODY = "2.25.0"
"""A study UID that nobody has: a question without an answer shows whether DICOMweb is spoken."""

_PASSING = (408, 429, 500, 502, 503, 504)

Answer = Mapping[str, Any]
Search = Callable[[int], Sequence[Answer]]
"""Gives the answers from an offset on."""


@dataclass(frozen=True, slots=True)
class DicomWeb:
    """A DICOMweb service."""

    client: DICOMwebClient
    patience: Patience
    connections: int

    def find_studies(self, request: Request) -> Sequence[StudyAnswer]:
        """Studies that match patient, accession number and study UID."""
        asked = {
            "PatientID": request.patient_id,
            "AccessionNumber": request.accession,
            "StudyInstanceUID": request.study_uid,
        }
        filters = {keyword: text for keyword, text in asked.items() if text}
        answers = self._search(
            lambda offset: self.client.search_for_studies(search_filters=filters, offset=offset or None),
            "StudyInstanceUID",
        )
        return [
            StudyAnswer(uid, _text(answer, "PatientID"), _text(answer, "AccessionNumber"))
            for uid, answer in answers.items()
        ]

    def find_series(self, study_uid: str, series_uid: str) -> Sequence[SeriesAnswer]:
        """Series of a study, or of any study."""
        filters = {"SeriesInstanceUID": series_uid} if series_uid else {}
        answers = self._search(
            lambda offset: self.client.search_for_series(
                study_uid or None,
                search_filters=filters,
                fields=["NumberOfSeriesRelatedInstances"],
                offset=offset or None,
            ),
            "SeriesInstanceUID",
        )
        return [
            SeriesAnswer(
                study_uid or require_uids([_text(answer, "StudyInstanceUID")])[0],
                uid,
                _text(answer, "Modality") or "",
                parse_count(_text(answer, "NumberOfSeriesRelatedInstances")),
            )
            for uid, answer in answers.items()
        ]

    def list_instances(self, series: SeriesAnswer) -> Sequence[InstanceAnswer]:
        """The instances of a series."""
        answers = self._search(
            lambda offset: self.client.search_for_instances(
                series.study_uid, series.series_uid, offset=offset or None
            ),
            "SOPInstanceUID",
        )
        return [InstanceAnswer(uid, _text(answer, "SOPClassUID") or "") for uid, answer in answers.items()]

    def fetch(self, series: SeriesAnswer, missing: Missing, keep: Keep) -> Sequence[PacsError]:
        """Fetch the listed instances, a few at a time; then the whole series where more are stated."""
        faults = self._fetch_instances(series, missing.instances, keep)
        if missing.unlisted:
            try:
                try_again(lambda: self._fetch_whole(series, keep), self.patience)
            except PacsError as fault:
                faults.append(require_passable(fault))
        return faults

    def _fetch_instances(
        self, series: SeriesAnswer, instances: Sequence[InstanceAnswer], keep: Keep
    ) -> list[PacsError]:
        faults = []
        with ThreadPoolExecutor(self.connections) as pool:
            jobs = [
                pool.submit(try_again, partial(self._fetch_instance, series, i.sop_uid, keep), self.patience)
                for i in instances
            ]
            try:
                for job in as_completed(jobs):
                    fault = job.exception()
                    if isinstance(fault, PacsError):
                        faults.append(require_passable(fault))
                    elif fault is not None:
                        raise fault
            finally:
                pool.shutdown(wait=False, cancel_futures=True)
        return faults

    def _fetch_instance(self, series: SeriesAnswer, sop_uid: str, keep: Keep) -> None:
        with telling_faults(self.patience):
            dataset = self.client.retrieve_instance(
                series.study_uid, series.series_uid, sop_uid, media_types=AS_STORED
            )
        _keep(dataset, sop_uid, keep)

    def _fetch_whole(self, series: SeriesAnswer, keep: Keep) -> None:
        with telling_faults(self.patience):
            datasets = self.client.iter_series(series.study_uid, series.series_uid, media_types=AS_STORED)
        while True:
            with telling_faults(self.patience):
                dataset = next(datasets, None)
            if dataset is None:
                return
            _keep(dataset, require_uids([read_text(dataset, "SOPInstanceUID")])[0], keep)

    def _search(self, search: Search, keyword: str) -> dict[str, Answer]:
        """Every answer by its UID: page by page, until one has nothing new: some repeat the first."""
        found: dict[str, Answer] = {}
        for _ in range(MAX_PAGES):
            answers = try_again(lambda: self._ask(search, len(found)), self.patience)
            new: dict[str, Answer] = {}
            for answer in answers:
                (uid,) = require_uids([_text(answer, keyword)])
                if uid not in found:
                    new.setdefault(uid, answer)
            if not new:
                return found
            found.update(new)
        raise PacsError("the PACS does not come to an end of its answers")

    def _ask(self, search: Search, offset: int) -> Sequence[Answer]:
        with telling_faults(self.patience):
            try:
                answers = search(offset)
            except requests.HTTPError as error:
                if read_status(error) == HTTPStatus.NOT_FOUND:
                    return []  # how some services say that there is no such study
                raise
        return _require_answers(answers)


@contextmanager
def connect_dicomweb(address: WebAddress, patience: Patience) -> Iterator[DicomWeb]:
    """Hold a session with a DICOMweb service while this lasts, once it is seen to be one.

    Raises
    ------
    SettingsError
        If the address cannot be meant.
    PacsError
        If the service cannot be reached, refuses, or does not speak DICOMweb.
    """
    require_address(address)
    with open_session(address) as session:
        client = DICOMwebClient(
            address.url.rstrip("/"),
            session=session,
            permissive_uid=True,
            timeout=(patience.connect_s, patience.answer_s),
        )
        client.set_http_retry_params(retry=False)  # we ask again ourselves, and say how often
        try_again(lambda: _probe(client, patience), patience)
        yield DicomWeb(client, patience, address.connections)


def _probe(client: DICOMwebClient, patience: Patience) -> None:
    with telling_faults(patience):
        try:
            answers = client.search_for_studies(search_filters={"StudyInstanceUID": _NOBODY}, limit=1)
        except requests.HTTPError as error:
            code = read_status(error)
            if code in (HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED):
                raise not_dicomweb(f"HTTP {code}") from None
            raise
    _require_answers(answers)


@contextmanager
def telling_faults(patience: Patience) -> Iterator[None]:
    """Turn what the HTTP and DICOM libraries raise, whose texts hold UIDs, into sentences that do not."""
    try:
        yield
    except requests.exceptions.SSLError:
        raise PacsError(
            "the certificate of the PACS is not trusted, or TLS fails",
            remedy="Name the file of the certificates to trust with --ca-file",
            ends=True,
        ) from None
    except requests.HTTPError as error:
        raise describe_status(read_status(error)) from None
    except requests.JSONDecodeError:
        raise not_dicomweb("no JSON") from None
    except requests.Timeout:
        raise PacsError(
            f"the PACS did not answer within {patience.answer_s:g} s", passes=True, ends=True
        ) from None
    except requests.RequestException:
        raise PacsError(
            "the PACS cannot be reached, or broke off",
            remedy="Check address, port and network",
            passes=True,
            ends=True,
        ) from None
    except READ_FAULTS:
        raise PacsError("the PACS sent something that is not DICOM, or is cut short", passes=True) from None


def read_status(error: requests.HTTPError) -> int:
    """The HTTP status of an answer that is an error; 0 where there is none."""
    return 0 if error.response is None else error.response.status_code


def describe_status(code: int) -> PacsError:
    """The fault of an HTTP status."""
    if code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        remedy = "Check --user with --password-env, --token-file or ~/.netrc, and the rights of that user"
        return PacsError(f"the PACS refuses access (HTTP {code})", remedy=remedy, ends=True)
    if code == HTTPStatus.NOT_FOUND:
        return PacsError("the PACS no longer has it (HTTP 404)")
    if code == HTTPStatus.NOT_ACCEPTABLE:
        return PacsError("the PACS does not give the object as it is stored (HTTP 406)")
    return PacsError(f"the PACS answers with an error (HTTP {code})", passes=code in _PASSING)


def not_dicomweb(found: str) -> PacsError:
    """The fault of a service that answers, but not in DICOMweb."""
    remedy = "Check the path of --url; often it ends in /dicom-web, /dicomweb or /rs"
    return PacsError(
        f"what answers at this address does not speak DICOMweb ({found})", remedy=remedy, ends=True
    )


def require_passable(fault: PacsError) -> PacsError:
    """The fault, unless nothing else can be fetched either.

    Raises
    ------
    PacsError
        If the fault ends everything.
    """
    if fault.ends:
        raise fault
    return fault


def _keep(dataset: Dataset, sop_uid: str, keep: Keep) -> None:
    if lacks_bytes(dataset):  # must be seen now: written anew, it would look whole
        raise PacsError("an instance came damaged", passes=True)

    def write(path: Path) -> None:
        try:
            dataset.save_as(path, enforce_file_format=True)
        except OSError:
            raise  # the disk's, not the object's
        except READ_FAULTS:
            raise PacsError("an instance came damaged", passes=True) from None

    keep(sop_uid, write)


def _require_answers(answers: object) -> Sequence[Answer]:
    if not isinstance(answers, list) or not all(isinstance(answer, dict) for answer in answers):
        raise not_dicomweb("not a list of DICOM JSON")
    return answers


def _text(answer: Answer, keyword: str) -> str | None:
    """The first value of an element in DICOM JSON, as text."""
    element = answer.get(f"{tag_for_keyword(keyword):08X}")
    values = element.get("Value") if isinstance(element, dict) else None
    if not isinstance(values, list) or not values or isinstance(values[0], dict | list | None):
        return None
    return str(values[0]).strip() or None
