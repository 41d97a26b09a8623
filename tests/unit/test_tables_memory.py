"""Merging and writing a wide table takes a part of the memory that the table itself would."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa

from radfeat.tables.parquet import write_table
from radfeat.tables.schemas import FEATURES

ROWS, NAMES, CHUNKS = 60_000, [f"f{i:03d}" for i in range(300)], 24
TABLE_MB = ROWS * len(NAMES) * 8 / 2**20

SCRIPT = """
import json, resource, sys
from pathlib import Path
import pyarrow as pa
from radfeat.tables.conform import feature_columns
from radfeat.tables.merge import merge_tables, unite_columns
from radfeat.tables.schemas import FEATURES
from radfeat.tables.writing import Stamp, write_blocks

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

folder = Path(sys.argv[1])
paths = sorted(folder.glob("*.parquet"))
before = peak()
names = unite_columns(paths, FEATURES)
blocks = merge_tables(paths, FEATURES, names, folder / "spill", 8 << 20)
columns = (*FEATURES.columns, *feature_columns(names))
write_blocks(folder / "out" / "features.parquet", blocks, columns, FEATURES, Stamp("s", "r"), divided=True)
print(json.dumps([before, peak()]))
"""


def write_chunks(folder: Path) -> None:
    rng = np.random.default_rng(1)
    for chunk in range(CHUNKS):
        rows = range(chunk, ROWS, CHUNKS)
        cases = [f"T/s{row % 20:02d}/P{row:06d}/w0/CT" for row in rows]
        text = {
            "roi_id": [f"{case}/gtv" for case in cases],
            "case_id": cases,
            "study_id": ["T"] * len(cases),
            "site_id": [f"s{row % 20:02d}" for row in rows],
            "subject_id": [f"P{row:06d}" for row in rows],
            "timepoint": ["w0"] * len(cases),
            "image_id": ["CT"] * len(cases),
            "roi": ["gtv"] * len(cases),
            "lesion_id": pa.nulls(len(cases), pa.string()),
            "status": ["OK"] * len(cases),
            "reason": pa.nulls(len(cases), pa.string()),
        }
        values = dict(zip(NAMES, rng.random((len(NAMES), len(cases))), strict=True))
        table = pa.table(text | values)
        write_table(folder / f"{chunk:02d}.parquet", table, FEATURES, settings_digest="s", run_id="r")


def test_memory_is_bounded_by_the_range_not_by_the_table(tmp_path: Path) -> None:
    write_chunks(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    before, after = json.loads(done.stdout)
    # Held whole, the table and its sorted copy alone would take twice as much as this.
    assert after - before < TABLE_MB, f"{before:.0f} to {after:.0f} MB for a table of {TABLE_MB:.0f} MB"
    assert len(list((tmp_path / "out").rglob("part-*.parquet"))) == 20
