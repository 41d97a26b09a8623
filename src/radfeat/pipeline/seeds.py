"""The seeds of a run: two in the settings, all others derived by name, never by the order of jobs."""

from typing import Any

from radfeat.config.model import StudySettings
from radfeat.core.digest import derive_seed

RULE = (
    "seed(master, names) = the first four bytes, as a big-endian number, of the SHA-256 of the JSON text "
    "[master, name, ...] in UTF-8"
)


def describe_seeds(settings: StudySettings) -> dict[str, Any]:
    """The master seeds, the rule, and the seeds of each endpoint and arm; those of folds derive from them."""
    return {
        "rule": RULE,
        "masters": {"modelling.seed": settings.modelling.seed, "perturb.seed": settings.perturb.seed},
        "derived": [
            {
                "master": "modelling.seed",
                "names": list(names),
                "seed": derive_seed(settings.modelling.seed, *names),
            }
            for names in list_names(settings)
        ],
    }


def list_names(settings: StudySettings) -> list[tuple[str, ...]]:
    """The names of every seed that is derived from ``modelling.seed`` at once."""
    if not settings.stratifies:
        return []
    modelling = settings.modelling
    names: list[tuple[str, ...]] = []
    for endpoint in (e.name for e in modelling.endpoints):
        names += [("splits", endpoint, str(repeat)) for repeat in range(1, modelling.repeats + 1)]
        for arm in modelling.arms:
            names += [(use, endpoint, arm) for use in _USES]
        names += [("arm permutations", endpoint, arm) for arm in modelling.arms[1:]]
    return names


_USES = ("whole arm", "bootstrap", "permutations", "site left out")
