"""radfeat: from scans and masks to features, and per arm to models. The only front door.

Run it with `radfeat run study/config.yaml`, or with Snakemake itself:

    snakemake --cores 2 --configfile study/config.yaml
"""


include: "workflow/rules/common.smk"


# The first rule is what plain `snakemake` makes.
rule all:
    """Everything that the settings ask for."""
    input:
        FOLDER.validated,
        BLINDED_REPORT,
        REPORT,


include: "workflow/rules/validate.smk"
include: "workflow/rules/conformance.smk"
include: "workflow/rules/extract.smk"
include: "workflow/rules/repeatability.smk"
include: "workflow/rules/collect.smk"
include: "workflow/rules/stratify.smk"
include: "workflow/rules/report.smk"


# The audit trail: `radfeat run`, where it starts Snakemake, keeps it by itself.
if "planned" not in config:

    onstart:
        shell(f"{RADFEAT} audit record --results {shlex.quote(str(RESULTS))}")

    onsuccess:
        shell(f"{RADFEAT} audit record --results {shlex.quote(str(RESULTS))} --code 0")

    onerror:
        shell(f"{RADFEAT} audit record --results {shlex.quote(str(RESULTS))} --code 1")
