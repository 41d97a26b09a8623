"""The subjects of a simulated trial: site, arm, latent lesion properties, covariates, seeds."""

from dataclasses import dataclass

import numpy as np

from radfeat.core.digest import derive_seed
from radfeat.simulate.scanners import Scanner, assign_sites, build_scanners
from radfeat.simulate.settings import SimulationSettings

CONTROL = "control"
EXPERIMENTAL = "experimental"


@dataclass(frozen=True, slots=True)
class Latents:
    """Independent standard normal properties of a subject's lesions; see ``docs/simulate.md``.

    ``fine_texture`` (higher: shorter correlation length, at constant variance) is the predictive one,
    ``heterogeneity`` (higher: greater spread of intensity) the prognostic one, ``size`` noise unless a
    setting says otherwise, ``density`` (mean intensity) and ``elongation`` always noise.
    """

    fine_texture: float
    heterogeneity: float
    size: float
    density: float
    elongation: float


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject; ``number`` counts from 1 in order of entry, ``age`` is in years, ``ecog`` is 0, 1 or 2."""

    number: int
    subject_id: str
    scanner: Scanner
    arm: str
    latents: Latents
    age: int
    sex: str
    ecog: int


def list_arms(arms: int) -> tuple[str, ...]:
    """Names of the arms; one arm is experimental, further experimental arms are numbered."""
    if arms == 1:
        return (EXPERIMENTAL,)
    if arms == 2:
        return (CONTROL, EXPERIMENTAL)
    return (CONTROL, *(f"{EXPERIMENTAL}-{i}" for i in range(1, arms)))


def build_subjects(settings: SimulationSettings) -> tuple[Subject, ...]:
    """All subjects in order of entry; subject ``k`` is the same however many follow."""
    scanners = build_scanners(settings)
    sites = assign_sites(scanners, settings.subjects)
    entered = [0] * len(scanners)
    subjects = []
    for number, site in enumerate(sites, start=1):
        arm = draw_arm(settings, scanners[site].site_id, entered[site])
        entered[site] += 1
        subjects.append(_build_subject(number, scanners[site], arm, settings.seed))
    return tuple(subjects)


def draw_arm(settings: SimulationSettings, site_id: str, entered: int) -> str:
    """Arm of the next subject of a site, where ``entered`` were randomised before.

    Permuted blocks of two per arm, stratified by site; each block has its own seed.
    """
    arms = list_arms(settings.arms)
    block, place = divmod(entered, 2 * len(arms))
    rng = generator(settings.seed, "randomisation", site_id, str(block))
    return arms[int(rng.permutation(2 * len(arms))[place]) // 2]


def _build_subject(number: int, scanner: Scanner, arm: str, seed: int) -> Subject:
    latents = Latents(*(float(v) for v in generator(seed, "latents", str(number)).standard_normal(5)))
    rng = generator(seed, "covariates", str(number))
    age = int(np.clip(round(62.0 + 9.0 * rng.standard_normal()), 18, 90))
    sex = "F" if rng.random() < 0.45 else "M"
    ecog = int(np.searchsorted((0.45, 0.85), rng.random(), side="right"))
    return Subject(number, f"{scanner.site_id}-{number:04d}", scanner, arm, latents, age, sex, ecog)


def generator(seed: int, *names: str) -> np.random.Generator:
    """The random numbers of one task: PCG64 by name, so that NumPy's default may change without harm."""
    return np.random.Generator(np.random.PCG64(derive_seed(seed, "simulate", *names)))
