"""The catalogue: what each feature column is, in the order of the tables."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from radfeat.core.errors import TableError
from radfeat.core.vocabulary import Modality, Recipe
from radfeat.features.filter_deviations import describe_filter_deviation
from radfeat.features.image_names import ImageName, parse_image_name
from radfeat.features.planned_images import PlannedImage, plan_images, resolve_settings
from radfeat.features.register import MATRIX_FAMILIES, SHAPE_FAMILIES, Family, RegisterEntry, read_register
from radfeat.features.settings import FeatureSettings, resolve_features

Row = dict[str, object]

FAMILY_SETTINGS: Mapping[Family, tuple[str, ...]] = {
    Family.GLCM: ("distances", "weighting", "symmetric_glcm"),
    Family.GLRLM: ("weighting",),
    Family.GLDM: ("distances", "gldm_alpha"),
    Family.NGTDM: ("distances",),
}
"""The settings that the matrices of a family depend on, besides discretisation and slices."""

_LONE_VOXELS: Mapping[Family, str] = {
    Family.GLRLM: (
        "Directions along which no two voxels of the ROI lie in line are left out; IBSI counts runs of "
        "length 1 there."
    ),
    Family.NGTDM: "Voxels without a neighbour in the ROI are counted; IBSI leaves them out.",
}
"""What PyRadiomics does with voxels alone: of account for an ROI on one slice, or in scattered pieces."""

_DISCRETISATION_CODES = {"bin_width": "Q3RU", "bin_count": "K15C"}
"""IBSI's codes of a fixed bin size and a fixed bin number."""


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """A feature column taken apart: ``<image>_<family>_<name>``."""

    text: str
    image: ImageName
    entry: RegisterEntry

    @property
    def code(self) -> str:
        """Eight characters: the image's four and the feature's four; a legal SAS name."""
        return self.image.code + self.entry.code

    @property
    def measures_mask(self) -> bool:
        """Whether the feature is one of the mask alone."""
        return self.entry.family in SHAPE_FAMILIES


def parse_feature(text: str) -> FeatureColumn:
    """Take a feature column's name apart.

    Raises
    ------
    TableError
        If there is no such image, family or feature.
    """
    image, _, rest = text.partition("_")
    family, _, name = rest.partition("_")
    known = {f.value: f for f in Family}
    entry = read_register().get((known[family], name)) if family in known else None
    if entry is None:
        raise TableError(
            "this is not the name of a feature",
            key=text,
            allowed="names like original_glcm_Contrast",
            remedy="See `radfeat catalogue` for the names",
        )
    return FeatureColumn(text, parse_image_name(image), entry)


def order_features(names: Iterable[str]) -> list[str]:
    """Feature names in the order of the tables: image, family, and the register's order."""
    places = {entry: number for number, entry in enumerate(read_register().values())}
    families = list(Family)
    columns = [parse_feature(name) for name in names]
    columns.sort(key=lambda c: (c.image.order, families.index(c.entry.family), places[c.entry]))
    return [column.text for column in columns]


def build_catalogue(
    names: Sequence[str], settings: FeatureSettings, modalities: Iterable[Modality] = ()
) -> list[Row]:
    """One row of the table ``feature_catalogue`` per feature, in the order of ``names``.

    Parameters
    ----------
    names
        Feature columns.
    settings
        What they were measured with.
    modalities
        Those of the images that were measured; a row says what differs between them. None given: what is
        said is what holds where no modality has anything otherwise.

    Raises
    ------
    TableError
        If a name is not that of a feature, or of an image that these settings do not measure.
    """
    by_modality = {m.value: resolve_features(settings, m) for m in sorted(set(modalities))}
    views = {name: (plan_images(own), own) for name, own in (by_modality or {"": settings}).items()}
    return [_build_row(parse_feature(name), views) for name in names]


def _build_row(
    column: FeatureColumn, views: Mapping[str, tuple[Mapping[str, PlannedImage], FeatureSettings]]
) -> Row:
    entry = column.entry
    said = {name: _describe_measuring(column, images, own) for name, (images, own) in views.items()}
    parameters = _join_parameters({name: parameters for name, (parameters, _) in said.items()})
    deviation = _join_sentences({name: sentences for name, (_, sentences) in said.items()})
    return {
        "feature": column.text,
        "code": column.code,
        "image_type": column.image.kind.value,
        "image_parameters": json.dumps(parameters, ensure_ascii=False, sort_keys=True),
        "family": entry.family.value,
        "name": entry.name,
        "ibsi_code": entry.ibsi_code,
        "unit": entry.unit,
        "ibsi_deviation": deviation or None,
        "description": entry.description,
    }


def _describe_measuring(
    column: FeatureColumn, images: Mapping[str, PlannedImage], settings: FeatureSettings
) -> tuple[Row, list[str]]:
    """Parameters and deviations from IBSI by the settings of one modality."""
    entry = column.entry
    if column.measures_mask:
        return _shape_parameters(entry, settings), [entry.ibsi_deviation] if entry.ibsi_deviation else []
    planned = _require_planned(column, images)
    resolved = resolve_settings(settings, planned.image_type)
    parameters = {**planned.parameters, **_class_parameters(entry, resolved)}
    return parameters, _list_deviations(entry, resolved, _describe_filter(column, planned, resolved))


def _join_parameters(by_modality: Mapping[str, Row]) -> Row:
    """What all modalities share, and in ``by_modality`` what they do not."""
    first, *others = by_modality.values()
    shared = {n: v for n, v in first.items() if all(n in other and other[n] == v for other in others)}
    own = {m: {n: v for n, v in row.items() if n not in shared} for m, row in by_modality.items()}
    return {**shared, "by_modality": own} if any(own.values()) else shared


def _join_sentences(by_modality: Mapping[str, Sequence[str]]) -> str:
    """What holds for all modalities, then what holds for some, each after its name."""
    first, *others = by_modality.values()
    shared = [sentence for sentence in first if all(sentence in other for other in others)]
    own = {m: " ".join(s for s in said if s not in shared) for m, said in by_modality.items()}
    return " ".join([*shared, *(f"{modality}: {said}" for modality, said in own.items() if said)])


def _require_planned(column: FeatureColumn, images: Mapping[str, PlannedImage]) -> PlannedImage:
    if column.image.text not in images:
        raise TableError(
            "the settings do not measure this image",
            key=column.text,
            allowed=", ".join(images),
            remedy="Describe a table with the settings it was made with",
        )
    return images[column.image.text]


def _shape_parameters(entry: RegisterEntry, settings: FeatureSettings) -> Row:
    return {"force_2d_axis": settings.force_2d_axis.value} if entry.family is Family.SHAPE_2D else {}


def _class_parameters(entry: RegisterEntry, settings: FeatureSettings) -> Row:
    """What a value depends on besides the image: discretisation, shift, matrices, slices."""
    wanted = list(FAMILY_SETTINGS.get(entry.family, ()))
    if entry.depends == "bins":
        wanted.append(_name_bins(settings))
    if entry.depends == "shift":
        wanted.append("voxel_array_shift")
    if settings.within_slices and entry.family not in {Family.FIRST_ORDER, Family.HISTOGRAM}:
        wanted.append("force_2d_axis")
    parameters = settings.model_dump(mode="json", include=set(wanted))
    return parameters if settings.aggregation is None else _say_in_ibsi(parameters, entry, settings)


def _name_bins(settings: FeatureSettings) -> str:
    return "bin_width" if settings.bin_count is None else "bin_count"


def _say_in_ibsi(parameters: Row, entry: RegisterEntry, settings: FeatureSettings) -> Row:
    """The parameters by the recipe ``ibsi``: the aggregation in place of the weighting, and IBSI's codes."""
    own = {name: value for name, value in parameters.items() if name != "weighting"}
    if entry.depends == "bins":
        own["discretisation_ibsi_code"] = _DISCRETISATION_CODES[_name_bins(settings)]
    if entry.family in MATRIX_FAMILIES and settings.aggregation is not None:
        own["aggregation"] = settings.aggregation.value
        own["aggregation_ibsi_code"] = settings.aggregation.ibsi_code(entry.family)
    return own


def _describe_filter(column: FeatureColumn, planned: PlannedImage, settings: FeatureSettings) -> str:
    return describe_filter_deviation(
        settings.recipe, column.image.kind, planned.image_type, planned.parameters
    )


def _list_deviations(entry: RegisterEntry, settings: FeatureSettings, of_filter: str) -> list[str]:
    """The register's sentence, the image filter's, and what these settings add to them."""
    sentences = [sentence for sentence in (entry.ibsi_deviation, of_filter) if sentence]
    if entry.ibsi_code is None:
        return []
    if entry.depends == "bins" and settings.bin_count is None and settings.recipe is Recipe.PYRADIOMICS:
        sentences.append(
            "Bins start at multiples of the bin width and are counted from the ROI's least; IBSI starts "
            "and counts them at the lower bound of re-segmentation."
        )
    if entry.depends == "shift" and settings.voxel_array_shift:
        sentences.append(f"Intensities are shifted by {settings.voxel_array_shift} first; IBSI does not.")
    if settings.recipe is Recipe.PYRADIOMICS and entry.family in _LONE_VOXELS:
        sentences.append(_LONE_VOXELS[entry.family])
    return sentences + _describe_matrix_deviations(entry.family, settings)


def _describe_matrix_deviations(family: Family, settings: FeatureSettings) -> list[str]:
    wanted = FAMILY_SETTINGS.get(family, ())
    sentences = []
    if "weighting" in wanted and settings.weighting.is_norm:
        sentences.append("Directions are weighted by their length; IBSI's reference values are not.")
    if "symmetric_glcm" in wanted and not settings.symmetric_glcm:
        sentences.append("Pairs count in one direction only; IBSI's matrix is symmetric.")
    return sentences
