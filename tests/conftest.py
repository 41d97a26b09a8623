"""For all tests: `phantoms` can be imported, and tests of real scans say why they do not run."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from phantoms import SHARED

ORTHANC = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
"""The DICOMweb plugin of Orthanc, as Debian installs it with the server."""

SLURM = ("/usr/sbin/slurmctld", "/usr/sbin/slurmd", "/usr/sbin/munged", "/usr/bin/sbatch")
"""The programs of Slurm and munge, as Debian installs them."""


def pytest_configure() -> None:
    """A shell's background process ignores INT and hands that on; tests send it to what they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs the real scans or Orthanc where they are absent, but never under ``CI=true``."""
    if os.environ.get("CI") == "true":
        return
    if item.get_closest_marker("needs_shared") and not SHARED.is_dir():
        pytest.skip("the real scans in ../shared/data are not on this machine")
    if item.get_closest_marker("needs_orthanc") and not ORTHANC.is_file():
        pytest.skip("the Debian packages orthanc and orthanc-dicomweb are not on this machine")
    if item.get_closest_marker("needs_slurm") and not all(map(shutil.which, SLURM)):
        pytest.skip("the Debian packages slurmctld, slurmd, slurm-client and munge are not on this machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take minutes, so that no worker is left with one of them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("workflow") is None)
