"""One pair, prepared and measured by one engine after another."""

from radfeat.core.errors import SettingsError
from radfeat.core.vocabulary import Engine, Recipe
from radfeat.features.extract import extract_features
from radfeat.features.parity import Values
from radfeat.features.settings import FeatureSettings
from radfeat.pipeline.case_settings import CaseSettings
from radfeat.pipeline.pair import ReadRoi
from radfeat.prepare.recipe import prepare_image, prepare_roi


def require_both_engines(features: FeatureSettings) -> None:
    """Refuse settings by which only one engine measures.

    Raises
    ------
    SettingsError
        If the recipe is not ``pyradiomics``.
    """
    if features.recipe is not Recipe.PYRADIOMICS:
        raise SettingsError(
            "engines are compared by one recipe only, and this one has a single engine",
            key="features.recipe",
            measured=features.recipe.value,
            allowed=Recipe.PYRADIOMICS.value,
            remedy="Leave out --config, or name a study with that recipe",
        )


def measure_by(engine: Engine, roi: ReadRoi, settings: CaseSettings) -> Values:
    """The features of an ROI by an engine, as a run with that engine has them.

    ``settings`` are those of the ROI's modality, by recipe ``pyradiomics``.

    Raises
    ------
    CaseError
        If there is too little ROI, or it cannot be resampled or measured.
    """
    image = prepare_image(roi.image.volume, settings.prepare)
    pair = prepare_roi(image, roi.pair, settings.prepare, near=engine is Engine.NATIVE)
    chosen = FeatureSettings.model_validate({**settings.features.model_dump(), "engine": engine})
    return extract_features(pair, chosen).values
