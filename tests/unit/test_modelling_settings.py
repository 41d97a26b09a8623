"""Settings that would give the outcome away, or mean two things, are refused."""

import pytest
from pydantic import ValidationError

from radfeat.modelling.endpoint_settings import EndpointSettings
from studies import PROGRESSION, SHRINKAGE, make_settings


@pytest.mark.parametrize(
    "column", ["died", "time", "response", "shrinkage", "progressed", "arm", "subject_id"]
)
@pytest.mark.parametrize("role", ["covariates", "stratification"])
def test_outcome_arm_and_identifier_are_neither_covariate_nor_stratum(role: str, column: str) -> None:
    declared = [{"column": column}] if role == "covariates" else [column]
    endpoints = [
        {"name": "os", "time": "time", "event": "died"},
        {"name": "response", "kind": "binary", "column": "response"},
        SHRINKAGE.model_dump(),
        PROGRESSION.model_dump(),
    ]
    with pytest.raises(ValidationError, match=f"{role}: {column} is"):
        make_settings(endpoints=endpoints, **{role: declared})


def test_a_covariate_may_be_a_stratum_as_well() -> None:
    settings = make_settings(covariates=[{"column": "age"}], stratification=["age", "site"])
    assert settings.stratification == ("age", "site")


@pytest.mark.parametrize(
    "cells",
    [
        {"event_values": ["1"], "censored_values": ["1.0"]},
        {"event_values": ["1"], "competing_values": ["01"]},
        {"event_values": ["2", "2.0"], "censored_values": ["0", "2"]},
    ],
)
def test_cells_that_are_one_number_do_not_mean_two_things(cells: dict[str, list[str]]) -> None:
    with pytest.raises(ValidationError, match="one cell value means two things"):
        EndpointSettings.model_validate({"name": "os", "time": "t", "event": "e"} | cells)


def test_one_column_is_not_time_and_event() -> None:
    with pytest.raises(ValidationError, match="`time` and `event` are one column"):
        EndpointSettings(name="os", time="t", event="t")
