"""Buckets: how many there are, and which one a case is in."""

from radfeat.core.keys import CaseKey, bucket_of

CASES_PER_BUCKET = 8
MOST_BUCKETS = 256
"""A Slurm job costs 6-7 s of its own and 10,000 ready jobs choke Snakemake: at most 256 chunks."""


def choose_bucket_count(cases: int) -> int:
    """Number of buckets: a power of two with about eight cases in each, at most 256."""
    count = 1
    while count < MOST_BUCKETS and count * CASES_PER_BUCKET < cases:
        count *= 2
    return count


def name_bucket(case: CaseKey, count: int) -> str:
    """Name of a case's bucket, one of ``count``; all names are of one width."""
    return f"{bucket_of(case, count):0{len(f'{count - 1:x}')}x}"
