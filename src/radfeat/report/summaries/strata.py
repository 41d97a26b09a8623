"""Which ROIs are alike enough to compare between sites: those of one modality and one ROI name."""

from collections.abc import Mapping

from radfeat.report.inputs import BlindedTables


def name_strata(tables: BlindedTables) -> Mapping[str, str]:
    """The stratum of each ROI by its id: ``CT, GTV``.

    A site that sent PET where the others sent CT, or drew the heart besides the tumour, differs for that
    reason alone. The role stands for the name where the sheet gives one, since names differ between sites.
    """
    modality = {row["case_id"]: row["modality"] for row in tables.series}
    return {row["roi_id"]: f"{modality[row['case_id']]}, {row['role'] or row['roi']}" for row in tables.rois}
