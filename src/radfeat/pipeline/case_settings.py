"""What the measuring of a case needs to know: the settings of the blinded half, and where pictures go."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from radfeat.config.recipes import require_one_recipe
from radfeat.core.vocabulary import Engine, Modality
from radfeat.features.settings import FeatureSettings, resolve_features
from radfeat.ingest.settings import IngestSettings
from radfeat.prepare.settings import PrepareSettings, resolve_preparation
from radfeat.qc.settings import QcSettings


@dataclass(frozen=True, slots=True)
class CaseSettings:
    """The settings that a case needs: those of the blinded half and no others."""

    ingest: IngestSettings = field(default_factory=IngestSettings)
    prepare: PrepareSettings = field(default_factory=PrepareSettings)
    features: FeatureSettings = field(default_factory=FeatureSettings)
    qc: QcSettings = field(default_factory=QcSettings)

    def __post_init__(self) -> None:
        require_one_recipe(self.prepare, self.features)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "CaseSettings":
        """From the plan's ``extraction.json``."""
        return cls(
            IngestSettings.model_validate(data["ingest"]),
            PrepareSettings.model_validate(data["prepare"]),
            FeatureSettings.model_validate(data["features"]),
            QcSettings.model_validate(data["qc"]),
        )

    @property
    def near(self) -> bool:
        """Whether preparation may look at the image near the ROI only, as the native engine puts up with."""
        return self.features.measured_by is Engine.NATIVE

    def resolve(self, modality: Modality) -> "CaseSettings":
        """The settings that hold for the images of one modality."""
        return replace(
            self,
            prepare=resolve_preparation(self.prepare, modality),
            features=resolve_features(self.features, modality),
        )


@dataclass(frozen=True, slots=True)
class CaseFolders:
    """Where a case may leave pictures and prepared crops; None: nowhere."""

    previews: Path | None = None
    prepared: Path | None = None
