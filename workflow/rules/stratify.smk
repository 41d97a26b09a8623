"""Chapter 5, unblinded: models per endpoint and arm, and the contrasts between arms.

These rules, but for `lock`, alone have the clinical sheet among their inputs.
"""

if ANALYSIS:

    UNBLINDED_INPUT = dict(
        gate=FOLDER.gate,
        features=FOLDER.blinded / "features.parquet",
        rois=FOLDER.blinded / "rois.parquet",
        series=FOLDER.blinded / "series.parquet",
        catalogue=FOLDER.blinded / "feature_catalogue.parquet",
        lock=FOLDER.lock,
        repeatability=FOLDER.blinded / "repeatability.parquet",
        clinical=ANALYSIS.clinical,
    )

    rule lock:
        """Decide on the analysis, from the settings alone, before any job reads the arms."""
        output:
            FOLDER.lock,
        log:
            LOGS / "lock.log",
        localrule: True
        params:
            analysis=ANALYSIS.lock,
        shell:
            "{RADFEAT} lock --results {RESULTS:q} > {log:q} 2>&1"

    rule subjects:
        """What became of each subject of the clinical sheet, and what the predictors are."""
        input:
            **UNBLINDED_INPUT,
        output:
            FOLDER.unblinded / "subjects.parquet",
            FOLDER.unblinded / "predictors.parquet",
        log:
            LOGS / "unblinded" / "subjects.log",
        params:
            inputs=ANALYSIS.inputs,
            radfeat=VERSION,
        shell:
            "{RADFEAT} subjects --results {RESULTS:q} --inputs {params.inputs} > {log:q} 2>&1"

    rule stratify:
        """Fit, score and judge one endpoint in one arm."""
        input:
            **UNBLINDED_INPUT,
            subjects=FOLDER.unblinded / "subjects.parquet",
        output:
            [
                FOLDER.model("{endpoint}", "{arm}") / f"{name}.parquet"
                for name in ARM_TABLES
            ],
            FOLDER.model("{endpoint}", "{arm}") / "model.json",
        log:
            LOGS / "unblinded" / "stratify" / "{endpoint}" / "{arm}.log",
        benchmark:
            BENCHMARKS / "unblinded" / "stratify" / "{endpoint}" / "{arm}.tsv"
        # More than most machines have: Snakemake gives as many as it was given, and a profile's max-threads at most.
        # So one arm after the other has all cores, and none waits for the longest arm.
        threads: 64
        resources:
            mem_mb=lambda wildcards, attempt: 6000 * attempt,
            runtime=lambda wildcards, attempt: 120 * attempt,
        params:
            endpoint=lambda wildcards: ENDPOINTS[wildcards.endpoint],
            arm=lambda wildcards: ARMS[wildcards.arm],
            inputs=ANALYSIS.inputs,
            radfeat=VERSION,
        shell:
            "{RADFEAT} stratify --results {RESULTS:q} --endpoint {params.endpoint:q} --arm {params.arm:q}"
            " --workers {threads} --inputs {params.inputs} > {log:q} 2>&1"

    rule contrast:
        """Does the effect of treatment differ with the biomarker? One endpoint, all arms."""
        input:
            **UNBLINDED_INPUT,
            predictions=expand(
                FOLDER.model("{{endpoint}}", "{arm}") / "predictions.parquet", arm=ARMS
            ),
        output:
            FOLDER.contrasts("{endpoint}"),
        log:
            LOGS / "unblinded" / "contrast" / "{endpoint}.log",
        benchmark:
            BENCHMARKS / "unblinded" / "contrast" / "{endpoint}.tsv"
        # As `stratify`: permuting the arms fits their models again, with all cores.
        threads: 64
        resources:
            runtime=lambda wildcards, attempt: 120 * attempt,
        params:
            endpoint=lambda wildcards: ENDPOINTS[wildcards.endpoint],
            inputs=ANALYSIS.inputs,
            radfeat=VERSION,
        shell:
            "{RADFEAT} contrast --results {RESULTS:q} --endpoint {params.endpoint:q}"
            " --workers {threads} --inputs {params.inputs} > {log:q} 2>&1"

    rule assemble:
        """Join the tables of all endpoints and arms."""
        input:
            FOLDER.lock,
            expand(
                FOLDER.model("{endpoint}", "{arm}") / "{name}.parquet",
                endpoint=ENDPOINTS,
                arm=ARMS,
                name=ARM_TABLES,
            ),
            expand(FOLDER.contrasts("{endpoint}"), endpoint=ENDPOINTS),
        output:
            expand(
                FOLDER.unblinded / "{name}.parquet", name=[*ARM_TABLES, *STUDY_TABLES]
            ),
            [FOLDER.unblinded / name for name in DESCRIPTIONS],
        log:
            LOGS / "unblinded" / "assemble.log",
        localrule: True
        params:
            inputs=ANALYSIS.inputs,
            radfeat=VERSION,
        shell:
            "{RADFEAT} assemble --results {RESULTS:q} --inputs {params.inputs} > {log:q} 2>&1"
