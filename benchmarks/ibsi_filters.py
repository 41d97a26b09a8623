"""The filters of both recipes against IBSI-2's consensus values of the CT phantom, as a table.

PYTHONPATH=src:tests/golden .venv/bin/python benchmarks/ibsi_filters.py [--summary]

PyRadiomics has no LoG within slices and no average over rotations: what stands beside the tests 3.A, 6 and 7
is what it offers under the same name.
"""

import sys

import numpy as np
from ibsi2_phantom import filter_phantom, read_references, summarise

from radfeat.features.engines import ibsi_filters, pyradiomics

TESTS = ("3.A", "3.B", "6.A", "6.B", "7.A", "7.B")


def main() -> None:
    """Print one line per value, and one per test."""
    references = [r for r in read_references() if r.test in TESTS]
    lines, totals = [], []
    for test in TESTS:
        values = filter_phantom(test, ibsi_filters.FILTERS), filter_phantom(test, pyradiomics.FILTERS)
        ours, theirs = (summarise(np.asarray(v, dtype=float)) for v in values)
        met = [0, 0]
        for r in (r for r in references if r.test == test):
            verdicts = [abs(found[r.statistic] - r.value) <= r.tolerance for found in (ours, theirs)]
            met = [m + v for m, v in zip(met, verdicts, strict=True)]
            cells = (
                f"{found[r.statistic]:.6g}{'' if v else ' *'}"
                for found, v in zip((ours, theirs), verdicts, strict=True)
            )
            lines.append(f"| {test} | {r.statistic} | {r.value:g} | {r.tolerance:g} | {' | '.join(cells)} |")
        ratio = theirs["var"] ** 0.5 / ours["var"] ** 0.5
        totals.append(f"| {test} | {met[0]} of 18 | {met[1]} of 18 | {ratio:.3g} |")
    if "--summary" not in sys.argv:
        print(
            "| Test | Statistic | Reference | Tolerance | ibsi | pyradiomics |\n| --- " + "| --- " * 5 + "|"
        )
        print(*lines, sep="\n", end="\n\n")
    print(
        "| Test | ibsi | pyradiomics | Ratio of standard deviations |\n| --- | --- | --- | --- |",
        *totals,
        sep="\n",
    )


if __name__ == "__main__":
    main()
