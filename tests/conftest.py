"""What all tests share: where the recorded objects are, and that nothing is skipped where it counts.

Tests that need recorded objects are skipped, with the reason, where there are none; with CI=true every skip
is a failure.
"""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import structlog

from tests.postgresql import Server, binaries, server

FIXTURES_VARIABLE = "LINEAGE_FIXTURES"
ROOT = Path(__file__).resolve().parent.parent


def fixtures_folder() -> Path:
    """Say where recorded objects are: beside the checkout, or where LINEAGE_FIXTURES says."""
    return Path(os.environ.get(FIXTURES_VARIABLE) or ROOT.parent / "shared" / "fixtures")


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """The folder of recorded objects."""
    folder = fixtures_folder()
    if not folder.is_dir():
        pytest.skip(f"there are no recorded objects in {folder}: set {FIXTURES_VARIABLE} to a folder of them")
    return folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server of the tests' own."""
    folder = binaries()
    if folder is None:
        pytest.skip("there is no PostgreSQL server to start: install Debian's package postgresql")
    with server(folder) as running:
        yield running


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests away from the settings, the store and the key of whoever runs them."""
    for variable in [name for name in os.environ if name.startswith("LINEAGE_") and name != FIXTURES_VARIABLE]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """Let no test decide how another logs."""
    yield
    structlog.reset_defaults()


# ------------------------------------------------------------------------------------------ no skips with CI=true
def _is_strict() -> bool:
    return os.environ.get("CI") == "true"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if _is_strict() and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, and with CI=true nothing may be: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if _is_strict() and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, and with CI=true nothing may be: {report.longrepr}"
    return report
