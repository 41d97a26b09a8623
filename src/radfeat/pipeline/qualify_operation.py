"""Operation checks: whether this installation computes known numbers, and refuses what it must."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from radfeat.core.errors import SubmissionError, TableError
from radfeat.core.vocabulary import Configuration, EndpointKind, ExitCode, PhantomSource
from radfeat.ibsi.comparison import ConfigurationResult
from radfeat.modelling.concordance import estimate_concordance
from radfeat.modelling.outcomes import Outcomes
from radfeat.pipeline.ct_phantom import PhantomFiles
from radfeat.pipeline.ibsi import measure_phantoms
from radfeat.submission.dataset import Dataset, Variable, VariableType, list_differences, require_sound
from radfeat.submission.qualification import Check, Stage
from radfeat.submission.requirements import Result
from radfeat.submission.xpt import read_xpt, render_xpt
from radfeat.tables.columns import TableSchema, count, flag, real, text
from radfeat.tables.digest import compute_logical_digest
from radfeat.tables.parquet import build_table, read_table, write_table

EXAMPLE = TableSchema(
    "example",
    "1.0",
    "The worked example of docs/tables.md.",
    (
        text("subject", "Subject."),
        count("visit", "Visit."),
        real("volume", "Volume."),
        text("note", "Note.", nullable=True),
        flag("drawn", "Whether it was drawn.", nullable=True),
    ),
    ("subject", "visit"),
    blinded=True,
)
EXAMPLE_ROWS = (
    {"subject": "S2", "visit": 1, "volume": 12.5, "note": "Größe", "drawn": True},
    {"subject": "S1", "visit": 10, "volume": None, "note": None, "drawn": False},
    {"subject": "S1", "visit": 9, "volume": -0.0, "note": "", "drawn": None},
)
EXAMPLE_DIGEST = "1db2c1db845d24d67201bac9ad6a4fb542a73c0ce5f803dbd803844215a9361f"


def check_operation(ct: Mapping[PhantomSource, PhantomFiles]) -> Iterator[Check]:
    """Every operation check, in its order; ``ct`` is IBSI's CT phantom, if it is there.

    Raises
    ------
    CaseError
        If a file of the CT phantom cannot be read.
    """
    yield from check_ibsi(ct)
    yield check_digest()
    with tempfile.TemporaryDirectory() as folder:
        yield check_flipped_byte(Path(folder))
        yield check_exit_codes(Path(folder))
    yield check_concordance()
    yield check_transport()
    yield check_refusal()


def _say(name: str, asked: str, passed: bool, found: str, *requirements: str) -> Check:
    result = Result.PASSED if passed else Result.FAILED
    return Check(name, Stage.OPERATION, asked, result, found, requirements)


def check_ibsi(ct: Mapping[PhantomSource, PhantomFiles]) -> Iterator[Check]:
    """The digital phantom, and configurations A to E where the CT phantom is there."""
    results = list(measure_phantoms(ct))
    digital = [r for r in results if r.configuration is Configuration.DIGITAL]
    asked = "Does the recipe ibsi meet every reference value of IBSI-1 on the {}?"
    yield _judge_ibsi("OQ-1", asked.format("digital phantom"), digital)
    others = [r for r in results if r.configuration is not Configuration.DIGITAL]
    asked = asked.format("CT phantom, configurations A to E")
    if others:
        yield _judge_ibsi("OQ-2", asked, others)
    else:
        found = "The CT phantom was not given (--phantom)."
        yield Check("OQ-2", Stage.OPERATION, asked, Result.NOT_RUN, found, ("R-FEAT-1",))


def _judge_ibsi(name: str, asked: str, results: list[ConfigurationResult]) -> Check:
    compared = sum(len(r.comparisons) for r in results)
    agreeing = sum(r.agreeing for r in results)
    return _say(name, asked, 0 < compared == agreeing, f"{agreeing} of {compared} values.", "R-FEAT-1")


def build_example() -> pa.Table:
    """The table of the worked example."""
    return build_table(EXAMPLE, EXAMPLE_ROWS)


def check_digest() -> Check:
    """The worked example of the documentation, computed by hand from its bytes."""
    found = compute_logical_digest(build_example(), EXAMPLE)
    asked = "Has the worked example of docs/tables.md its logical digest?"
    return _say("OQ-3", asked, found == EXAMPLE_DIGEST, f"{found[:16]}.", "R-TAB-1")


def check_flipped_byte(folder: Path) -> Check:
    """A table that was damaged after it was written must not be read."""
    path = folder / "example.parquet"
    write_table(path, build_example(), EXAMPLE, settings_digest="", run_id="")
    whole = read_table(path, EXAMPLE, verify=True).num_rows == len(EXAMPLE_ROWS)
    data = bytearray(path.read_bytes())
    data[_find_page_byte(path)] ^= 1
    path.write_bytes(bytes(data))
    seen = _is_refused(lambda: read_table(path, EXAMPLE, verify=True), TableError)
    asked = "Is one flipped bit in a table found?"
    found = f"{'Found' if seen else 'Not found'}; the whole table {'was' if whole else 'was not'} read."
    return _say("OQ-4", asked, whole and seen, found, "R-TAB-2")


def _find_page_byte(path: Path) -> int:
    """Place of the last byte of the first column's page."""
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    start = column.dictionary_page_offset or column.data_page_offset
    return int(start + column.total_compressed_size - 1)


def check_exit_codes(folder: Path) -> Check:
    """What a user does wrong has its exit code, in one sentence without a traceback."""
    sheet = (
        "study_id,site_id,subject_id,timepoint,image_id,modality,image,mask,roi\nA,S,1,T,c,XX,a.nii,b.nii,g\n"
    )
    (folder / "images.csv").write_text(sheet, encoding="utf-8")
    cases: dict[str, tuple[str, str | None, int]] = {"no settings": ("none.yaml", None, ExitCode.SETTINGS)}
    cases["wrong setting"] = ("wrong.yaml", "features: {bin_widht: 25}\n", ExitCode.SETTINGS)
    cases["wrong sheet"] = ("sheet.yaml", "images: images.csv\n", ExitCode.DATA)
    faults = []
    for name, (file, content, expected) in cases.items():
        if content is not None:
            (folder / file).write_text(content, encoding="utf-8")
        words = [sys.executable, "-m", "radfeat", "validate", str(folder / file)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode != expected or "Traceback" in done.stderr:
            faults.append(f"{name}: exit {done.returncode}, expected {int(expected)}")
    asked = "Are wrong settings and sheets refused with the documented exit codes?"
    found = "; ".join(faults) or f"{len(cases)} of {len(cases)} as documented"
    return _say("OQ-5", asked, not faults, f"{found}.", "R-IN-1", "R-IN-2", "R-RUN-2")


def check_concordance() -> Check:
    """Four subjects, counted by hand: of five comparable pairs four are ordered rightly."""
    times, events = np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, False, True])
    scores = np.array([4.0, 1.0, 3.0, 0.5])
    found = estimate_concordance(scores, Outcomes(EndpointKind.TIME_TO_EVENT, times, events))
    asked = "Is Harrell's C of four subjects what is counted by hand (4 of 5 pairs)?"
    return _say("OQ-6", asked, found == 0.8, f"{found}.", "R-STAT-1")


def _make_dataset(value: float, name: str = "S1") -> Dataset:
    variables = (
        Variable("USUBJID", "Unique Subject Identifier", VariableType.TEXT, "", 1),
        Variable("AVAL", "Analysis Value", VariableType.FLOAT, ""),
    )
    return Dataset("ADRAD", "Example", variables, ((name, value), ("S2", None)))


def check_transport() -> Check:
    """-118.625 has a published representation: C276A00000000000."""
    dataset = _make_dataset(-118.625)
    data = render_xpt(dataset, datetime(1960, 1, 1))
    right = bytes.fromhex("C276A00000000000") in data and not list_differences(dataset, read_xpt(data))
    asked = "Does a transport file hold a number in the bytes of IBM floating point, and read back equal?"
    return _say("OQ-7", asked, right, "As published." if right else "Other bytes, or not equal.", "R-SUB-1")


def check_refusal() -> Check:
    """What a transport file cannot hold must be refused, not rounded or cut."""
    bad = (_make_dataset(1e80), _make_dataset(1e-80), _make_dataset(1.0, "Größe"))
    refused = sum(_is_refused(partial(require_sound, one), SubmissionError) for one in bad)
    asked = "Are numbers out of range and text beyond ASCII refused?"
    return _say("OQ-8", asked, refused == len(bad), f"{refused} of {len(bad)} refused.", "R-SUB-1")


def _is_refused(call: Callable[[], object], error: type[Exception]) -> bool:
    try:
        call()
    except error:
        return True
    return False
