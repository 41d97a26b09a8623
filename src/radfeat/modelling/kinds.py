"""Names of models and biomarkers, as the tables hold them."""

from enum import StrEnum

RADIOMICS = "radiomics"
"""Name of the radiomic model among the models of the table ``performance``."""


PERMUTED = "permuted"
"""Name of the radiomic model fitted to permuted outcomes."""


class BiomarkerKind(StrEnum):
    """What a biomarker is, and so what its test can support (see ``claims``)."""

    SCORE = "score"
    """Mean out-of-fold score of one arm's radiomic model: may be claimed by permutation of the arms."""
    CANDIDATE = "candidate"
    """A feature named in the settings before the arms are read: may be claimed."""
    SCREEN = "screen"
    """Any other feature: gives hypotheses, never a claim."""
