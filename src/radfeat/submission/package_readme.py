"""The page in a package that says what it is, for whoever opens it first."""

from collections.abc import Mapping
from typing import Any

_TEXT = """# A run of radfeat, to be verified

Run `{run_id}` by radfeat {radfeat}. This folder is the payload of a BagIt bag; the manifests beside it
vouch for every file.

    radfeat verify PACKAGE                        # is every file as it was written? Needs no network
    radfeat verify PACKAGE --rerun{inputs}
    radfeat compare PACKAGE OTHER-RESULTS         # against results that you have

| Folder | What |
|---|---|
| `inputs/` | `manifest.json`: role, path, size, SHA-256 and voxel digest of every input; the sheets{copied} |
| `config/` | the settings with every default, their digests, the seeds |
| `code/` | version, commit and digest of the code; the workflow |
| `env/` | the hashed lock, a bill of materials (CycloneDX), processor and libraries |
| `outputs/` | the tables of both halves, models, pictures; `digests.json` |
| `report/` | the report |
| `logs/`, `audit.jsonl` | logs of the jobs; who did what when |
| `ro-crate-metadata.json` | all of this for machines |

Without radfeat: `python -m bagit --validate PACKAGE` checks the files, and `outputs/blinded/read.py`
reads the tables.
"""


def write_readme(facts: Mapping[str, Any]) -> str:
    """The text of ``README.md``."""
    copied = facts["inputs_copied"]
    return _TEXT.format(
        run_id=facts["run_id"],
        radfeat=facts["radfeat"],
        inputs="" if copied else " --inputs STUDY   # the folder of the study's config.yaml",
        copied=", images and masks" if copied else "",
    )
