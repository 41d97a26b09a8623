"""What ComBat inside the fold gains and costs: C out of fold and with each site left out, on simulated sites.

.venv/bin/python benchmarks/batch_effects.py --trials 20
"""

import argparse
import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from radfeat.modelling.concordance import estimate_concordance  # noqa: E402
from radfeat.modelling.cross_validation import Rows, Schedule, cross_validate  # noqa: E402
from radfeat.modelling.fold_model import ElasticNetFit  # noqa: E402
from radfeat.modelling.site_validation import leave_sites_out  # noqa: E402
from studies import make_settings, survival  # noqa: E402

SUBJECTS, FEATURES = 120, 60
TRUTHS = (
    ("no batch effect, prognostic features", 5, 0.0, 0.6, 0.0),
    ("batch effects, prognostic features", 5, 1.0, 0.6, 0.0),
    ("batch effects, nothing prognostic", 5, 1.0, 0.0, 0.0),
    ("batch effects, hazard differs by site", 5, 1.0, 0.0, 1.0),
    ("batch effects, prognostic features, small sites", 20, 1.0, 0.6, 0.0),
)
"""Name, sites, deviation of their shifts, log hazard ratio of two features, deviation of their hazards."""


def draw_trial(seed: int, sites: int, shift: float, effect: float, site_hazard: float) -> Rows:
    """One arm; each site shifts and stretches every feature."""
    rng = np.random.default_rng(seed)
    site = rng.integers(0, sites, SUBJECTS)
    values = rng.normal(size=(SUBJECTS, FEATURES))
    hazard = effect * (values[:, 0] + values[:, 1]) + site_hazard * rng.normal(size=sites)[site]
    offset = shift * rng.normal(size=(sites, FEATURES))
    values = values * np.exp(0.3 * shift * rng.normal(size=(sites, FEATURES)))[site] + offset[site]
    deaths, last = rng.exponential(np.exp(-hazard)), rng.uniform(1, 4, SUBJECTS)
    ids = tuple(f"S{i:03d}" for i in range(SUBJECTS))
    outcomes = survival(np.minimum(deaths, last), deaths <= last)
    return Rows(ids, ("a",) * SUBJECTS, values, outcomes, tuple(f"site{k:02d}" for k in site))


def main() -> None:
    """Print mean C of each truth, without and with ComBat."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    trials = parser.parse_args().trials
    for name, sites, shift, effect, site_hazard in TRUTHS:
        for batch_effects in ("none", "combat"):
            settings = make_settings(batch_effects=batch_effects, penalties=8, inner_folds=3, min_site=10)
            fit = ElasticNetFit(settings)
            folds, left_out = [], []
            for seed in range(trials):
                rows = draw_trial(seed, sites, shift, effect, site_hazard)
                scores = cross_validate(rows, None, fit, Schedule(5, (1,))).mean_scores
                folds.append(estimate_concordance(scores, rows.outcomes))
                if sites == 5:
                    scores = leave_sites_out(rows, rows.batches or (), fit, 1).mean_scores
                    left_out.append(estimate_concordance(scores, rows.outcomes))
            beside = f", sites left out {np.mean(left_out):.3f}" if left_out else ""
            print(f"{name}; {batch_effects}: folds {np.mean(folds):.3f}{beside}", flush=True)


if __name__ == "__main__":
    main()
