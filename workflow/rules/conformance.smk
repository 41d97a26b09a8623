"""Beside the chapters: does this installation measure IBSI's phantoms as IBSI does? It knows no study."""


rule conformance:
    """Measure the digital phantom, and the CT phantom where the settings name it; the report says what came out."""
    output:
        [FOLDER.conformance / name for name in CONFORMANCE_FILES],
    log:
        LOGS / "conformance.log",
    benchmark:
        BENCHMARKS / "conformance.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
    params:
        data=(
            f"--data {shlex.quote(SETTINGS.ibsi_phantom)}"
            if SETTINGS.ibsi_phantom
            else ""
        ),
        code=PLAN.code_digest,
        radfeat=VERSION,
    shell:
        "{RADFEAT} ibsi --no-gate --out {CONFORMANCE:q} {params.data} > {log:q} 2>&1"
