"""How often the failed cases of each chunk were asked to be measured again."""

import json

from radfeat.pipeline.folders import ResultsFolder


def read_retries(folder: ResultsFolder) -> dict[str, int]:
    """How often each bucket's failed cases were asked to be measured again; only buckets that were."""
    if not folder.retries.is_file():
        return {}
    counts: dict[str, int] = json.loads(folder.retries.read_text(encoding="utf-8"))
    return counts
