"""radfeat: radiomics features from trial scans, and per-arm models that stratify patients."""

from radfeat.core.version import VERSION

__version__ = VERSION
__all__ = ["__version__"]
