"""How long one endpoint takes in all arms: nested 5 x 5 folds, repeated, on simulated features.

.venv/bin/python benchmarks/modelling.py --kind binary --subjects 300 --features 1300 --repeats 50 --workers 2
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from radfeat.core.vocabulary import EndpointKind  # noqa: E402
from radfeat.modelling.arms import fit_arm  # noqa: E402
from radfeat.modelling.clinical import ClinicalRow, ClinicalSheet, SubjectOutcome  # noqa: E402
from radfeat.modelling.cohort import StudyTable, build_study  # noqa: E402
from radfeat.modelling.interactions import build_interactions  # noqa: E402
from radfeat.modelling.memory import Machine  # noqa: E402
from radfeat.modelling.settings import ModellingSettings  # noqa: E402
from studies import AGE, OS, RESPONSE, make_tables, roi_row  # noqa: E402

ARMS = ("control", "experimental")


def draw_study(subjects: int, features: int, settings: ModellingSettings) -> StudyTable:
    """Features in families of near-copies about latent factors, skewed as radiomic ones are; ten sites."""
    rng = np.random.default_rng(1)
    latent = rng.normal(size=(subjects, max(2, features // 5)))
    loading = rng.normal(size=(latent.shape[1], features)) * (rng.random((latent.shape[1], features)) < 0.01)
    family = np.arange(features) % latent.shape[1]
    values = np.exp(
        0.5 * (latent[:, family] + latent @ loading + 0.4 * rng.normal(size=(subjects, features)))
    )
    hazard = 0.8 * latent[:, 0] - 0.6 * latent[:, 1]
    deaths, last = rng.exponential(np.exp(-hazard)), rng.uniform(0.5, 4.0, size=subjects)
    responds = rng.random(subjects) < 1 / (1 + np.exp(-1.5 * hazard))
    names = [f"f{j:05d}" for j in range(features)]
    rows, clinical = [], []
    for i in range(subjects):
        subject = f"S{i:04d}"
        measured = dict(zip(names, values[i].tolist(), strict=True))
        rows.append(
            roi_row(subject, site=f"site{i % 10}", volume=float(values[i, 0]) * 1000, features=measured)
        )
        outcomes = {
            "os": SubjectOutcome(float(min(deaths[i], last[i])), bool(deaths[i] <= last[i])),
            "response": SubjectOutcome(float("nan"), bool(responds[i])),
        }
        clinical.append(ClinicalRow(subject, ARMS[i % 2], outcomes, {"age": float(rng.normal())}))
    return build_study(*make_tables(rows, names), ClinicalSheet(tuple(clinical)), settings)


def main() -> None:
    """Fit every arm, and print how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=["time_to_event", "binary"], default="time_to_event")
    parser.add_argument("--subjects", type=int, default=300, help="In both arms together.")
    parser.add_argument("--features", type=int, default=1300)
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--permutations", type=int, default=19)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--batch-effects", choices=["none", "combat"], default="none")
    given = parser.parse_args()
    settings = ModellingSettings(
        endpoints=(OS, RESPONSE),
        arms=ARMS,
        covariates=(AGE,),
        repeats=given.repeats,
        permutations=given.permutations,
        batch_effects=given.batch_effects,
    )
    study = draw_study(given.subjects, given.features, settings)
    endpoint = "os" if given.kind == EndpointKind.TIME_TO_EVENT else "response"
    start, began = time.perf_counter(), time.process_time()
    predictions = []
    for arm in ARMS:
        result = fit_arm(study, endpoint, arm, settings, Machine(given.workers))
        predictions.append(result.predictions)
        print(result.feasibility["sentence"].to_pylist()[0])
        for row in result.performance.to_pylist():
            if row["metric"] in ("harrell_c", "auc"):
                print(f"  {row['model']}: {row['estimate']:.3f}")
        print(f"  {time.perf_counter() - start:.0f} s since the start", flush=True)
    joined, machine = pa.concat_tables(predictions), Machine(given.workers)
    for row in build_interactions(study, endpoint, joined, settings, machine=machine).to_pylist():
        print(row["sentence"])
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    spent = f", {time.process_time() - began:.0f} s of processor" if given.workers == 1 else ""
    print(f"{time.perf_counter() - start:.0f} s in all{spent}; {max(own, child) / 1024:.0f} MiB a process")


if __name__ == "__main__":
    main()
