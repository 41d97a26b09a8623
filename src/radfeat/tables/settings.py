"""Settings of the tables' files: when one file becomes several, and when the long table is left out."""

from pydantic import BaseModel, ConfigDict, Field


class TableSettings(BaseModel):
    """How the blinded tables lie on the disk. Nothing here alters a value or a logical digest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    one_file_rois: int = Field(
        default=100_000,
        ge=0,
        le=1_000_000_000,
        description=(
            "Up to this many rows of the image sheet (ROIs) `features.parquet` is one file; above, a folder "
            "of that name with one file per study and site, which opens like the file. >= 0. Default "
            "100,000: at 1,300 features a file of about 1 GB, which a laptop still reads whole."
        ),
    )
    long_rois: int = Field(
        default=20_000,
        ge=0,
        le=1_000_000_000,
        description=(
            "Up to this many rows of the image sheet (ROIs) `features_long` is written; above, the readers "
            "beside the tables make it of `features`. >= 0. Default 20,000: at 1,300 features 26 million "
            "rows; a million ROIs would make 1.3 billion, which say nothing that `features` does not say."
        ),
    )


def is_divided(rois: int, settings: TableSettings) -> bool:
    """Whether ``features`` of so many ROIs is a folder of one file per study and site."""
    return rois > settings.one_file_rois


def has_long_table(rois: int, settings: TableSettings) -> bool:
    """Whether ``features_long`` of so many ROIs is written."""
    return rois <= settings.long_rois


def explain_missing_long(rois: int, settings: TableSettings) -> str:
    """Why there is no ``features_long``, and how to make it."""
    return (
        f"features_long is not written for {rois} ROIs (tables.long_rois allows {settings.long_rois}): the "
        "readers beside the tables make it of features, in Python and R by lengthen_features(), in DuckDB as "
        "the view features_long"
    )
