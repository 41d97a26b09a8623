"""From a DICOM tree to features: inventory, the drafted sheet as it is, and a run."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.phantoms import SHARED
from tests.workflow.trial_runs import read_rows, run_radfeat

pytestmark = [pytest.mark.workflow, pytest.mark.needs_shared]


def test_drafted_sheet_of_a_tree_gives_features_for_every_drawn_region(tmp_path: Path) -> None:
    study = tmp_path / "inventory"
    done = run_radfeat(
        "ingest", "inventory", str(SHARED / "sts" / "dicom"), "--to", str(study), "--study", "STS"
    )
    assert "Drafted: 24 ROIs in 24 images of 8 subjects." in done.stdout
    assert len(read_rows(study / "images.csv")) == 24
    done = run_radfeat("run", str(study))
    assert "0 of 24 ROIs failed" in done.stdout + done.stderr
    features = pq.read_table(study / "results" / "blinded" / "features.parquet")
    assert features.column("status").to_pylist() == ["OK"] * 24
    values = features.column("original_firstorder_Mean").to_pylist()
    assert None not in values
    units = pq.read_table(study / "results" / "blinded" / "series.parquet").column("unit").to_pylist()
    assert sorted(units) == ["HU"] * 8 + ["SUVbw"] * 8 + ["arbitrary"] * 8
