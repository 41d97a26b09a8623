"""Whether the files are there that the image sheet names."""

import json
from collections.abc import Sequence

from radfeat.core.files import write_text
from radfeat.ingest.image_sheet import check_image_files
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.manifest import read_manifest
from radfeat.pipeline.plan import read_plan


def validate_images(folder: ResultsFolder) -> Sequence[str]:
    """Look for the sheet's files and note what is missing; the run goes on, each a failed row."""
    plan = read_plan(folder)
    base = (folder.root / plan.base).resolve()
    rows = [row for bucket in plan.buckets for row in read_manifest(folder, bucket, base)]
    sentences = sorted(fault.sentence for fault in check_image_files(rows))
    write_text(folder.validated, json.dumps(sentences, indent=1, ensure_ascii=False) + "\n")
    return sentences
