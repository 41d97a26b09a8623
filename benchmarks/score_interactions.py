"""Level and power of the p-value of a score's interaction, by permuting the arms of simulated trials.

`python benchmarks/score_interactions.py --kind binary --truth prognosis --trials 500`: 60 subjects an arm,
30 features, the whole procedure with 3 folds, 3 inner folds and 6 penalties. Prints the share of trials with
a p of at most `--alpha` for the score of the control and of the experimental arm: one-sided (what is used),
two-sided, and by the chi-square or F distribution, of scores of one repeat.
"""

import argparse
import math
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from scipy.stats import chi2, f
from threadpoolctl import threadpool_limits

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from radfeat.core.vocabulary import EndpointKind  # noqa: E402
from radfeat.modelling import cross_validation  # noqa: E402
from radfeat.modelling.fold_model import ElasticNetFit, FitModel  # noqa: E402
from score_trials import Design, Judged, StandIn, Truth, draw_trial, judge_trial  # noqa: E402
from studies import make_settings  # noqa: E402

FOLDS = 3


def _unlimited(limits: int) -> nullcontext[None]:
    return nullcontext()


def is_nominally_small(statistic: float, design: Design, alpha: float) -> bool:
    """Whether the regression's own p is below alpha."""
    if math.isinf(statistic):
        return False
    tail = f.sf(statistic**2, 1, design.subjects - 4) if design.kind is EndpointKind.CONTINUOUS else None
    return bool((chi2.sf(statistic**2, 1) if tail is None else tail) < alpha)


def describe(found: list[Judged], design: Design, alpha: float) -> str:
    """Shares of rejections; of control, of experimental."""
    nominal = [[is_nominally_small(t, design, alpha) for t in judged.observed] for judged in found]
    shares = {
        "one-sided": np.mean([j.one_sided for j in found], axis=0),
        "two-sided": np.mean([j.two_sided for j in found], axis=0),
        "nominal": np.mean(nominal, axis=0),
        "orders nobody": np.mean([[math.isinf(t) for t in j.observed] for j in found], axis=0),
    }
    return "; ".join(f"{name} {a:.3f} {b:.3f}" for name, (a, b) in shares.items())


def main() -> None:
    """Simulate, and print the shares every 50 trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=list(EndpointKind), type=EndpointKind, default="time_to_event")
    parser.add_argument("--truth", choices=list(Truth), type=Truth, default="nothing")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="Number of the first trial.")
    parser.add_argument("--subjects", type=int, default=120, help="In both arms together.")
    parser.add_argument("--share", type=float, default=0.5, help="Of subjects in the experimental arm.")
    parser.add_argument("--permutations", type=int, default=19)
    parser.add_argument("--alpha", type=float, default=0.05)
    parser.add_argument("--stand-in", action="store_true", help="A quick model in place of the elastic net.")
    given = parser.parse_args()
    design = Design(EndpointKind(given.kind), Truth(given.truth), given.subjects, given.share)
    net = ElasticNetFit(make_settings(folds=FOLDS, inner_folds=3, penalties=6))
    fit: FitModel = StandIn() if given.stand_in else net
    found: list[Judged] = []
    start = time.process_time()
    # Once for all, and not again in each fold: looking for the libraries takes longer than these fits.
    cross_validation.threadpool_limits = _unlimited  # type: ignore[attr-defined]
    with threadpool_limits(limits=1):
        for seed in range(given.first, given.first + given.trials):
            pair, is_experimental = draw_trial(design, fit, FOLDS, seed)
            found.append(judge_trial(pair, is_experimental, given.permutations, given.alpha, seed))
            if len(found) % 50 == 0 or len(found) == given.trials:
                spent = (time.process_time() - start) / len(found)
                words = describe(found, design, given.alpha)
                print(
                    f"{len(found)} trials, {design.kind} {design.truth}: {words}; {spent:.1f} s each",
                    flush=True,
                )


if __name__ == "__main__":
    main()
