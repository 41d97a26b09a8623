"""The package described for machines: a Workflow Run Crate (RO-Crate 1.1).

References: RO-Crate 1.1; Workflow RO-Crate 1.0; Workflow Run Crate 0.5.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rocrate.model.computationalworkflow import ComputationalWorkflow
from rocrate.model.contextentity import ContextEntity
from rocrate.model.file import File
from rocrate.rocrate import ROCrate

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
WORKFLOW = "code/Snakefile"


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the package: path in the crate, one sentence, media type, bytes, SHA-256."""

    path: str
    words: str
    media: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class CrateFacts:
    """What the crate says of the run; ``date`` is ISO 8601."""

    study: str
    version: str
    snakemake: str
    date: str
    run_id: str


def build_crate(
    facts: CrateFacts, inputs: Sequence[Part], outputs: Sequence[Part], others: Sequence[Part]
) -> str:
    """The text of ``ro-crate-metadata.json``.

    Parameters
    ----------
    facts
        The run.
    inputs, outputs, others
        Files that went into the run, came out of it, and describe it; the workflow is among the others.
    """
    crate = ROCrate(version="1.1")
    crate.name = f"radfeat package of {facts.study}"
    crate.description = (
        "Inputs, settings, code, environment and results of a run, to be verified and run again."
    )
    crate.datePublished = facts.date
    crate.license = "Terms of use are those of the study; the software is under Apache-2.0."
    for uri, name in PROFILES.items():
        profile = {"@type": "CreativeWork", "name": name, "version": uri.rsplit("/", 1)[1]}
        crate.add(ContextEntity(crate, uri, properties=profile))
    crate.root_dataset["conformsTo"] = [{"@id": uri} for uri in PROFILES]
    files = {part.path: _add_file(crate, part) for part in (*inputs, *outputs, *others)}
    workflow = files[WORKFLOW]
    _describe_workflow(crate, workflow, facts)
    action = crate.add_action(
        workflow,
        identifier=f"#run-{facts.run_id}",
        object=[files[part.path] for part in inputs],
        result=[files[part.path] for part in outputs],
        properties={
            "name": f"Run {facts.run_id} of radfeat {facts.version}",
            "endTime": facts.date,
            "actionStatus": {"@id": "http://schema.org/CompletedActionStatus"},
        },
    )
    crate.root_dataset["mentions"] = [action]
    return json.dumps(crate.metadata.generate(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _add_file(crate: ROCrate, part: Part) -> File:
    kind: Any = ComputationalWorkflow if part.path == WORKFLOW else File
    properties: Mapping[str, str] = {
        "name": part.path.rsplit("/", 1)[-1],
        "description": part.words,
        "encodingFormat": part.media,
        "contentSize": str(part.size),
        "sha256": part.sha256,
    }
    added: File = crate.add(kind(crate, None, part.path, properties=dict(properties)))
    return added


def _describe_workflow(crate: ROCrate, workflow: File, facts: CrateFacts) -> None:
    language = crate.add(
        ContextEntity(
            crate,
            "https://w3id.org/workflowhub/workflow-ro-crate#snakemake",
            properties={
                "@type": "ComputerLanguage",
                "name": "Snakemake",
                "identifier": {"@id": "https://snakemake.github.io"},
                "url": {"@id": "https://snakemake.github.io"},
                "version": facts.snakemake,
            },
        )
    )
    workflow["programmingLanguage"] = language
    workflow["name"] = "radfeat"
    workflow["version"] = facts.version
    crate.root_dataset["mainEntity"] = workflow
