"""A finished run in a few lines, every figure read from its tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from radfeat.config.reader import read_settings
from radfeat.pipeline.failures import count_failures
from radfeat.pipeline.folders import ResultsFolder
from radfeat.tables.parquet import read_column_names, read_table
from radfeat.tables.schemas import FEASIBILITY, FEATURES, INTERACTIONS, PERFORMANCE, ROIS


def build_digest_lines(studies: Mapping[str, Path]) -> list[str]:
    """Lines for a terminal: what was measured, what was fitted, what was found.

    Parameters
    ----------
    studies
        Configuration file by title; every study was run.
    """
    lines = []
    for title, config in studies.items():
        settings = read_settings(config)
        folder = ResultsFolder(config.parent / settings.results)
        lines.append(f"{title}: {_measured(folder)}")
        if settings.stratifies:
            lines += [_fitted(folder), _ordered(folder), _found(folder, settings.modelling.alpha)]
    return lines


def _measured(folder: ResultsFolder) -> str:
    failures = count_failures(read_table(folder.blinded / "rois.parquet", ROIS))
    columns = read_column_names(folder.blinded / "features.parquet")
    return f"{len(columns) - len(FEATURES.columns)} features; {failures.sentence}"


def _fitted(folder: ResultsFolder) -> str:
    rows = read_table(folder.unblinded / "feasibility.parquet", FEASIBILITY).to_pylist()
    fitted = sum(row["feasible"] for row in rows)
    return f"models: {fitted} of {len(rows)} (endpoint x arm) feasible and fitted"


def _ordered(folder: ResultsFolder) -> str:
    rows = read_table(folder.unblinded / "performance.parquet", PERFORMANCE).to_pylist()
    shown = [
        f"{r['endpoint']}/{r['arm']} {r['estimate']:.2f}{_limits(r)}"
        for r in rows
        if r["metric"] in ("harrell_c", "auc") and r["model"] == "radiomics" and r["estimate"] is not None
    ]
    return f"C or AUC, out of fold: {'; '.join(shown) or 'no model was fitted'}"


def _limits(row: Mapping[str, Any]) -> str:
    return "" if row["lo"] is None or row["hi"] is None else f" ({row['lo']:.2f}-{row['hi']:.2f})"


def _found(folder: ResultsFolder, alpha: float) -> str:
    rows = read_table(folder.unblinded / "interactions.parquet", INTERACTIONS).to_pylist()
    if not rows:
        return "interactions: none, there are not two arms to compare"
    claimable = [r for r in rows if r["kind"] == "candidate" or _is_fine_enough(r, rows, alpha)]
    order = ("p_adjusted", "p", "endpoint", "biomarker")
    claimed = sorted((r for r in rows if r["claim"]), key=lambda r: [r[name] for name in order])
    count = f"{len(claimed) or 'none'} claimed of {len(claimable)} prespecified"
    if not claimed:
        return f"interactions: {count}"
    first = claimed[0]
    return (
        f"interactions: {count}, first {first['endpoint']} x {first['biomarker']}, "
        f"ratio {first['ratio']:.3g} ({first['ratio_lo']:.3g}-{first['ratio_hi']:.3g})"
    )


def _is_fine_enough(row: Mapping[str, Any], rows: list[dict[str, Any]], alpha: float) -> bool:
    """Whether a score's permutations are enough for a claim: its least p, adjusted over all scores."""
    family = sum(r["kind"] == "score" and r["endpoint"] == row["endpoint"] for r in rows)
    times: int = row["permutations"] or 0
    return bool(row["kind"] == "score" and family <= alpha * (times + 1) * (1 + 1e-12))
