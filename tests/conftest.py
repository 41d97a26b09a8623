"""For all tests: `phantoms` can be imported, and tests of real scans say why they do not run."""

import os

import pytest

from phantoms import SHARED


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs the real scans where they are absent, but never under ``CI=true``."""
    if item.get_closest_marker("needs_shared") and not SHARED.is_dir() and os.environ.get("CI") != "true":
        pytest.skip("the real scans in ../shared/data are not on this machine")
