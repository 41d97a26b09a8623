"""How many analyses were run: what multiplicity is counted over, as the table ``analyses``."""

from collections.abc import Iterator, Mapping

import pyarrow as pa

from radfeat.modelling.kinds import PERMUTED, RADIOMICS, BiomarkerKind
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import ANALYSES

_CONTRASTS = {
    BiomarkerKind.SCORE: "Interaction tests of scores, per contrast of arms; claimed by permutation of arms.",
    BiomarkerKind.CANDIDATE: "Interaction tests of named features, per contrast of arms; may be claimed.",
    BiomarkerKind.SCREEN: "Interaction tests of screened features, per contrast of arms; never claimed.",
}


def count_analyses(feasibility: pa.Table, performance: pa.Table, interactions: pa.Table) -> pa.Table:
    """Count what was planned and what was run, by endpoint and kind, from the tables of results."""
    verdicts, metrics = feasibility.to_pylist(), performance.to_pylist()
    contrasts = interactions.to_pylist()
    rows: list[Mapping[str, object]] = []
    for endpoint in sorted({row["endpoint"] for row in verdicts}):
        own = [[r for r in table if r["endpoint"] == endpoint] for table in (verdicts, metrics, contrasts)]
        counted = [*_count_models(own[0]), *_count_metrics(own[1]), *_count_contrasts(own[2])]
        rows += [
            {"endpoint": endpoint, "kind": kind, "planned": planned, "run": run, "sentence": sentence}
            for kind, planned, run, sentence in counted
        ]
    return build_table(ANALYSES, rows)


_Counted = Iterator[tuple[str, int, int, str]]
"""Kind, planned, run, and what is counted."""


def _count_models(verdicts: list[Mapping[str, object]]) -> _Counted:
    fitted = sum(bool(row["feasible"]) for row in verdicts)
    yield "models", len(verdicts), fitted, "Radiomic models, one per arm; planned: the arms."


def _count_metrics(metrics: list[Mapping[str, object]]) -> _Counted:
    others = [r for r in metrics if r["model"] not in (RADIOMICS, PERMUTED)]
    # A name with a colon is one part, such as one site, of the model before it.
    models = {(r["arm"], str(r["model"]).partition(":")[0]) for r in others}
    judged = {(r["arm"], str(r["model"]).partition(":")[0]) for r in others if r["estimate"] is not None}
    sentence = "Other models beside the radiomic ones, over all arms; sites left out in turn are one."
    yield "comparators", len(models), len(judged), sentence
    known = sum(r["estimate"] is not None for r in metrics)
    yield "metrics", len(metrics), known, "Numbers in the table performance, over all models and arms."
    tests = [r for r in metrics if str(r["metric"]).endswith("_p")]
    known = sum(r["estimate"] is not None for r in tests)
    yield "p_values", len(tests), known, "P-values among them, none adjusted: permutation and log-rank."


def _count_contrasts(contrasts: list[Mapping[str, object]]) -> _Counted:
    for kind, sentence in _CONTRASTS.items():
        rows = [r for r in contrasts if r["kind"] == kind.value]
        tested = sum(r["p"] is not None for r in rows)
        yield f"interactions_{kind.value}", len(rows), tested, sentence
