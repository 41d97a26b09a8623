"""The compiled modules are those of the sources here, or nothing is measured."""

from pathlib import Path

import pytest

from radfeat.core.errors import SettingsError
from radfeat.features.engines.native import _sources, built
from radfeat.pipeline.code import compute_feature_code_digest


@pytest.fixture(autouse=True)
def asked_anew() -> None:
    built.require_built.cache_clear()


def test_sources_here_are_those_that_were_compiled() -> None:
    built.require_built()


def test_digest_follows_name_and_content_of_every_source(tmp_path: Path) -> None:
    folder = tmp_path / "package" / "native"
    folder.mkdir(parents=True)
    source = folder / "_a.pyx"
    source.write_text("x = 1\n")
    found = [built.digest_sources(tmp_path)]
    source.write_text("x = 2\n")
    found.append(built.digest_sources(tmp_path))
    source.rename(folder / "_b.pyx")
    found.append(built.digest_sources(tmp_path))
    assert len(set(found)) == 3


def test_run_with_other_compiled_modules_is_refused_before_it_is_planned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_sources, "SOURCES", "0" * 64)
    with pytest.raises(SettingsError, match=r"made of other sources.*00000000.*make install"):
        compute_feature_code_digest()
