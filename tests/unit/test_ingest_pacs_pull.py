"""Pulling from a PACS made of dictionaries, honest or not: what is asked, what is expected, what is said."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from dicom_phantoms import build_contours, build_series, build_structure_set
from radfeat.core.errors import TableError
from radfeat.core.vocabulary import Modality
from radfeat.ingest.dicom.headers import quiet
from radfeat.ingest.pacs.answers import (
    InstanceAnswer,
    Keep,
    Missing,
    PacsError,
    SeriesAnswer,
    StudyAnswer,
)
from radfeat.ingest.pacs.ledger import Evidence, LedgerRow, Verdict, judge
from radfeat.ingest.pacs.patience import Patience, try_again
from radfeat.ingest.pacs.pull import pull_from
from radfeat.ingest.pacs.request import Request
from radfeat.ingest.pacs.store import PullFolder, hash_series, hold_folder

CT = build_series()
PET = build_series(Modality.PT, series="2")
OTHER = build_series(subject="S002")
STUDY, SERIES = str(CT[0].StudyInstanceUID), str(CT[0].SeriesInstanceUID)


@dataclass
class FakePacs:
    """A PACS that holds datasets; what it states and lists, and where it fails, can be bent."""

    datasets: list[Dataset]
    stated: dict[str, int | None] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
    deaf: bool = False
    fail_at: str = ""
    fault: PacsError = field(default_factory=lambda: PacsError("it broke"))
    fetched: list[str] = field(default_factory=list)

    def find_studies(self, request: Request) -> Sequence[StudyAnswer]:
        """Studies of the patient; of all patients where the PACS is deaf to what is asked."""
        answers = {
            str(d.StudyInstanceUID): StudyAnswer(str(d.StudyInstanceUID), str(d.PatientID), "")
            for d in self.datasets
            if self.deaf or str(d.PatientID).startswith(request.patient_id)
        }
        return list(answers.values())

    def find_series(self, study_uid: str, series_uid: str) -> Sequence[SeriesAnswer]:
        """Series of a study, or of all."""
        found: dict[str, SeriesAnswer] = {}
        for d in self.datasets:
            uid, study = str(d.SeriesInstanceUID), str(d.StudyInstanceUID)
            asked = study_uid in ("", study) and series_uid in ("", uid)
            if asked or self.deaf:
                count = sum(str(other.SeriesInstanceUID) == uid for other in self.datasets)
                found[uid] = SeriesAnswer(study, uid, str(d.Modality), self.stated.get(uid, count))
        return list(found.values())

    def list_instances(self, series: SeriesAnswer) -> Sequence[InstanceAnswer]:
        """Instances, but for those that are not listed."""
        if self.fail_at == "list":
            raise self.fault
        return [
            InstanceAnswer(str(d.SOPInstanceUID), str(d.SOPClassUID))
            for d in self.datasets
            if str(d.SeriesInstanceUID) == series.series_uid and str(d.SOPInstanceUID) not in self.unlisted
        ]

    def fetch(self, series: SeriesAnswer, missing: Missing, keep: Keep) -> Sequence[PacsError]:
        """Give what is missing; fail at the instance of that UID."""
        faults = []
        asked = {instance.sop_uid for instance in missing.instances}
        for d in self.datasets:
            uid = str(d.SOPInstanceUID)
            if str(d.SeriesInstanceUID) != series.series_uid or not (uid in asked or missing.unlisted):
                continue
            if uid == self.fail_at:
                if self.fault.ends:
                    raise self.fault
                faults.append(self.fault)
                continue
            self.fetched.append(uid)
            keep(uid, lambda path, d=d: d.save_as(path, enforce_file_format=True))
        return faults


@pytest.fixture
def folder(tmp_path: Path) -> PullFolder:
    return PullFolder(tmp_path)


def pull(pacs: FakePacs, folder: PullFolder, *requests: Request) -> tuple[LedgerRow, ...]:
    pacs.fetched.clear()
    with quiet(), hold_folder(folder):
        return pull_from(pacs, requests or [Request(study_uid=STUDY)], folder, lambda *_: None)


def test_all_that_is_listed_is_fetched_once(folder: PullFolder) -> None:
    pacs = FakePacs([*CT, *PET])
    rows = pull(pacs, folder)
    assert {(r.modality, r.verdict, r.received, r.fetched) for r in rows} == {
        ("CT", Verdict.COMPLETE, 10, 10),
        ("PT", Verdict.COMPLETE, 10, 10),
    }
    assert {r.fetched for r in pull(pacs, folder)} == {0}
    assert pacs.fetched == []


def test_progress_is_told_up_to_the_end(folder: PullFolder) -> None:
    heard: list[tuple[str, int, int]] = []
    with hold_folder(folder):
        pull_from(FakePacs(CT), [Request(study_uid=STUDY)], folder, lambda *step: heard.append(step))
    assert heard == [("ask", 1, 1), ("check", 1, 1), *(("fetch", n, 10) for n in range(1, 11))]


def test_pacs_that_states_no_number_is_counted_by_its_list(folder: PullFolder) -> None:
    (row,) = pull(FakePacs(CT, stated={SERIES: None}), folder)
    assert (row.stated, row.listed, row.expected, row.verdict) == (None, 10, 10, Verdict.COMPLETE)


def test_pacs_that_states_more_than_it_lists_and_gives_is_flagged(folder: PullFolder) -> None:
    (row,) = pull(FakePacs(CT[:9], stated={SERIES: 10}), folder)
    assert (row.verdict, row.expected, row.received) == (Verdict.INCOMPLETE, 10, 9)
    assert row.sentence == "9 of 10 instances are here: the PACS states 10 and lists 9."


def test_pacs_that_lists_less_than_it_gives_is_asked_for_the_whole_series(folder: PullFolder) -> None:
    (row,) = pull(FakePacs(CT, unlisted={str(CT[0].SOPInstanceUID)}), folder)
    assert (row.verdict, row.listed, row.received) == (Verdict.COMPLETE, 9, 10)


def test_fewer_than_the_sheet_states_is_incomplete_and_more_is_remarked(folder: PullFolder) -> None:
    (row,) = pull(FakePacs(CT[:9]), folder, Request(series_uid=SERIES, expected=10, line=2))
    assert (row.verdict, row.asked, row.lines) == (Verdict.INCOMPLETE, 10, "2")
    (row,) = pull(FakePacs(CT), folder, Request(series_uid=SERIES, expected=8, line=2))
    assert row.verdict is Verdict.COMPLETE
    assert "The request sheet expects only 8." in row.sentence


def test_sum_over_several_series_is_held_against_the_sheet(folder: PullFolder) -> None:
    request = Request(study_uid=STUDY, expected=21, line=2)
    rows = pull(FakePacs([*CT, *PET]), folder, request)
    assert [r.verdict for r in rows] == [Verdict.COMPLETE, Verdict.COMPLETE, Verdict.INCOMPLETE]
    assert rows[-1].sentence.startswith("Line 2: 20 of 21 instances are here, in 2 series")
    assert {r.verdict for r in pull(FakePacs([*CT, *PET]), folder, replace(request, expected=20))} == {
        Verdict.COMPLETE
    }


def test_what_the_pacs_does_not_have_is_absent(folder: PullFolder) -> None:
    rows = pull(FakePacs(CT), folder, Request(series_uid="1.2.3", line=4), Request(patient_id="X", line=5))
    assert [(r.series, r.verdict, r.lines) for r in rows] == [
        (hash_series("1.2.3"), Verdict.ABSENT, "4"),
        ("", Verdict.ABSENT, "5"),
    ]


def test_only_the_modalities_that_are_asked_for_are_fetched(folder: PullFolder) -> None:
    (row,) = pull(FakePacs([*CT, *PET]), folder, Request(study_uid=STUDY, modalities=frozenset({"PT"})))
    assert row.modality == "PT"


@pytest.mark.parametrize(
    "request_",
    [Request(patient_id="S001"), Request(study_uid=STUDY), Request(series_uid=SERIES)],
)
def test_answers_that_were_not_asked_for_are_left(folder: PullFolder, request_: Request) -> None:
    pacs = FakePacs([*CT, *OTHER], deaf=True)
    (row,) = pull(pacs, folder, request_)
    assert row.series == hash_series(SERIES)
    assert set(pacs.fetched) == {str(d.SOPInstanceUID) for d in CT}


def test_pacs_that_does_not_say_whose_a_study_is_fails_the_request(folder: PullFolder) -> None:
    class Silent(FakePacs):
        def find_studies(self, request: Request) -> Sequence[StudyAnswer]:
            return [replace(study, patient_id=None) for study in super().find_studies(request)]

    (row,) = pull(Silent(CT), folder, Request(patient_id="S001"))
    assert row.verdict is Verdict.FAILED
    assert "does not say whose a study is" in row.sentence


def test_instance_that_cannot_be_fetched_fails_its_series_and_no_other(folder: PullFolder) -> None:
    pacs = FakePacs([*CT, *PET], fail_at=str(CT[3].SOPInstanceUID))
    rows = {row.modality: row for row in pull(pacs, folder)}
    assert (rows["CT"].verdict, rows["CT"].received) == (Verdict.FAILED, 9)
    assert rows["CT"].sentence == "9 of 10 instances are here: it broke."
    assert rows["PT"].verdict is Verdict.COMPLETE
    pacs.fail_at = ""
    assert {row.verdict for row in pull(pacs, folder)} == {Verdict.COMPLETE}
    assert pacs.fetched == [str(CT[3].SOPInstanceUID)]


def test_pacs_that_goes_away_fails_what_is_left_and_the_ledger_is_written(folder: PullFolder) -> None:
    first = min((CT, PET), key=lambda series: hash_series(str(series[0].SeriesInstanceUID)))
    gone = PacsError("it went away", ends=True)
    pacs = FakePacs([*CT, *PET], fail_at=str(first[4].SOPInstanceUID), fault=gone)
    rows = pull(pacs, folder)
    assert [(r.verdict, r.received) for r in rows] == [(Verdict.FAILED, 4), (Verdict.FAILED, 0)]
    with folder.ledger.open(encoding="utf-8", newline="") as stream:
        assert [row["verdict"] for row in csv.DictReader(stream)] == ["FAILED", "FAILED"]


def test_list_that_cannot_be_had_fails_a_series_whose_number_nobody_states(folder: PullFolder) -> None:
    (row,) = pull(FakePacs(CT, fail_at="list", stated={SERIES: None}), folder)
    assert (row.verdict, row.received) == (Verdict.FAILED, 0)
    assert row.sentence == "0 of 0 instances are here: it broke."


def test_list_that_cannot_be_had_is_made_up_for_by_the_whole_series(folder: PullFolder) -> None:
    (row,) = pull(FakePacs(CT, fail_at="list"), folder)
    assert (row.verdict, row.listed, row.received) == (Verdict.COMPLETE, 0, 10)


def test_series_that_holds_nothing_is_absent(folder: PullFolder) -> None:
    bare = {str(dataset.SOPInstanceUID) for dataset in CT}
    (row,) = pull(FakePacs(CT, unlisted=bare, stated={SERIES: None}), folder)
    assert row.verdict is Verdict.ABSENT


def test_series_that_vanishes_from_the_pacs_is_flagged(folder: PullFolder) -> None:
    first = pull(FakePacs([*CT, *PET]), folder)
    assert {row.verdict for row in first} == {Verdict.COMPLETE}
    for path in folder.series(SERIES).glob("*.dcm"):
        path.unlink()
    rows = {row.modality: row for row in pull(FakePacs(PET), folder)}
    assert (rows["CT"].verdict, rows["CT"].expected) == (Verdict.ABSENT, 10)
    (only,) = pull(FakePacs(PET), folder, Request(series_uid=str(PET[0].SeriesInstanceUID)))
    assert only.verdict is Verdict.COMPLETE


def test_mask_whose_image_the_pacs_lacks_is_flagged_by_a_row_of_the_image(folder: PullFolder) -> None:
    drawn = build_structure_set(CT, {"GTV": build_contours()})
    rows = pull(FakePacs([drawn]), folder)
    assert [(r.series, r.verdict, r.expected) for r in rows] == [
        (hash_series(str(drawn.SeriesInstanceUID)), Verdict.COMPLETE, 1),
        (hash_series(SERIES), Verdict.ABSENT, 10),
    ]


def test_mask_whose_image_was_not_asked_for_says_so(folder: PullFolder) -> None:
    drawn = build_structure_set(CT, {"GTV": build_contours()})
    pacs = FakePacs([*CT, drawn])
    request = Request(study_uid=STUDY, modalities=frozenset({"RTSTRUCT"}))
    (row,) = pull(pacs, folder, request)
    assert row.verdict is Verdict.COMPLETE
    assert "refers to a series that was not asked for" in row.sentence
    pull(pacs, folder)
    (row,) = pull(pacs, folder, request)
    assert "not asked for" not in row.sentence


def test_spoilt_memory_of_earlier_pulls_is_refused(folder: PullFolder) -> None:
    pull(FakePacs(CT), folder)
    folder.known_instances.write_text("series_uid,sop_uid\n1,2\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"private/instances\.csv"):
        pull(FakePacs(CT), folder)


def test_series_found_by_two_requests_is_one_row_with_both_lines(folder: PullFolder) -> None:
    requests = (Request(patient_id="S001", line=2), Request(series_uid=SERIES, expected=11, line=3))
    (row,) = pull(FakePacs(CT), folder, *requests)
    assert (row.lines, row.asked, row.verdict) == ("2 3", 11, Verdict.INCOMPLETE)
    assert "S001" in folder.known_series.read_text(encoding="utf-8")


@pytest.mark.parametrize("modality", ["Secret Zoe", "ZOE"])
def test_odd_modality_of_an_answer_does_not_reach_the_ledger(folder: PullFolder, modality: str) -> None:
    named = build_series(series="9")[:1]
    with quiet():
        named[0].Modality = modality
    pull(FakePacs(named), folder)
    assert "zoe" not in folder.ledger.read_text(encoding="utf-8").lower()


def test_verdict_on_one_instance_is_said_in_words() -> None:
    one = frozenset({"1"})
    evidence = Evidence(one, one, 1, None, frozenset(), one)
    assert judge(evidence) == (Verdict.COMPLETE, "The one instance is here.")


def test_fault_that_passes_is_tried_again_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("radfeat.ingest.pacs.patience.time.sleep", waits.append)

    def fail(times: io.StringIO, *, passes: bool) -> None:
        times.write("x")
        raise PacsError("no", passes=passes)

    for passes, count in ((True, 4), (False, 1)):
        times = io.StringIO()
        with pytest.raises(PacsError):
            try_again(lambda t=times, p=passes: fail(t, passes=p), Patience(attempts=4))
        assert len(times.getvalue()) == count
    assert waits == [1.0, 2.0, 4.0]
