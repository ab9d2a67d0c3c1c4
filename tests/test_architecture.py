"""The house: who may import whom, and that nothing of ours stands in the way of graphql-core.

Each contract is shown to catch what it is for, by breaking it in a copy.
"""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("lineage", "watchers", "graphql/lineage_graphql")


# ------------------------------------------------------------------------------------------ imports
def lint_imports(root: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    """Check the contracts of a tree, as `make check` does."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--config", "pyproject.toml"]
    for contract in contracts:
        command += ["--contract", contract]
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'graphql'}", "COLUMNS": "200"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the program that may be broken."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


class Violation(NamedTuple):
    contract: str
    file: str
    line: str


VIOLATIONS = (
    Violation("layers", "lineage/identity.py", "import lineage.facts"),
    Violation("layers", "lineage/model.py", "import lineage.observation"),
    Violation("layers", "lineage/recorder.py", "import lineage.store"),
    Violation("layers", "lineage/recorder.py", "import watchers.observe"),
    Violation("layers", "lineage/objectstore/looking.py", "import lineage.store"),
    Violation("layers", "lineage/packing/tar.py", "import lineage.metrics"),
    Violation("layers", "lineage/drawing/svg.py", "import lineage.identity"),
    Violation("layers", "lineage/store/__init__.py", "import lineage_graphql"),
    Violation("layers", "watchers/kube.py", "import lineage.settings"),
    Violation("layers", "graphql/lineage_graphql/query.py", "import lineage.store"),
    Violation("layers", "lineage/web/application.py", "import lineage.cli"),
    Violation("layers-exhaustive", "lineage/novelty.py", ""),
    Violation("watchers-exhaustive", "watchers/novelty.py", ""),
    Violation("watchers-exhaustive", "watchers/reflector.py", "import watchers.kube"),
    Violation("sources-independent", "watchers/sources/pod.py", "import watchers.sources.argo_workflow"),
    Violation("core-pure", "lineage/merge.py", "import sqlalchemy"),
    Violation("core-pure", "lineage/facts.py", "import time"),
    Violation("core-pure", "lineage/metrics/kubeflow.py", "import pathlib"),
    Violation("core-pure", "lineage/packing/tar.py", "import os"),
    Violation("core-pure", "lineage/report/html.py", "import pathlib"),
    Violation("core-pure", "lineage/schedules/ledger.py", "import time"),
    Violation("backends-independent", "lineage/objectstore/minio.py", "import lineage.objectstore.directory"),
    Violation("core-pure", "lineage/redaction.py", "import structlog"),
    Violation("sources-pure", "watchers/sources/pod.py", "import socket"),
    Violation("sources-pure", "watchers/sources/pod.py", "import watchers.kube"),
    Violation("sources-pure", "watchers/sources/kfp_run.py", "import watchers.kubeflow_client"),
    Violation("only-store-speaks-sql", "lineage/recorder.py", "import sqlalchemy"),
    Violation("only-store-speaks-sql", "watchers/argo_archive.py", "import sqlalchemy"),
    Violation("watchers-exhaustive", "watchers/argo_archive.py", "import watchers.argo_database"),
    Violation("sources-pure", "watchers/sources/pod.py", "import watchers.argo_database"),
    Violation("only-store-speaks-sql", "graphql/lineage_graphql/query.py", "import sqlite3"),
    Violation("only-graphql-speaks-graphene", "lineage/web/application.py", "import graphql"),
    Violation("only-kube-speaks-kubernetes", "watchers/run.py", "import kubernetes"),
    Violation("only-minio-speaks-s3", "lineage/objectstore/looking.py", "import minio"),
    Violation("only-schedules-speak-cron", "lineage/schedules/due.py", "import cronsim"),
    Violation("only-trends-compute", "lineage/report/difference.py", "import numpy"),
    Violation("core-pure", "lineage/trends/shifts.py", "import random"),
    Violation("only-clients-speak-http", "watchers/kubeflow_rounds.py", "import urllib3"),
    Violation("only-clients-speak-http", "lineage/objectstore/looking.py", "import urllib3"),
    Violation("only-clients-speak-http", "lineage/registry/names.py", "import urllib3"),
    Violation("core-pure", "lineage/audit/code.py", "import urllib3"),
    Violation("layers", "lineage/audit/judging.py", "import lineage.auditing"),
    Violation("layers", "lineage/alerter.py", "import lineage.webhook"),
    Violation("only-access-checks-tokens", "lineage/access/gate.py", "import joserfc"),
    Violation("only-clients-speak-http", "lineage/access/tokens.py", "import urllib3"),
    Violation("only-metadata-speaks-grpc", "watchers/mlmd.py", "import grpc"),
    Violation("only-store-speaks-sql", "watchers/mlmd_records.py", "import sqlalchemy"),
    Violation("only-kafka-speaks-kafka", "lineage/recorder.py", "import kafka"),
    Violation("only-export-speaks-arrow", "lineage/cli/export.py", "import pyarrow"),
    Violation("only-faces-serve", "watchers/run.py", "import starlette"),
)


def test_everybody_imports_only_what_they_may() -> None:
    checked = lint_imports(ROOT)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("violation", VIOLATIONS, ids=lambda one: f"{one.contract}-{one.file}-{one.line}")
def test_a_violation_is_caught(violation: Violation, copy: Path) -> None:
    with (copy / violation.file).open("a", encoding="utf-8") as file:
        file.write(f"\n{violation.line}\n")
    checked = lint_imports(copy, violation.contract)
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert "1 broken" in checked.stdout


def test_backends_of_a_port_are_kept_apart(copy: Path) -> None:
    (copy / "lineage/eventlog/other.py").write_text("import lineage.eventlog.memory\n", encoding="utf-8")
    checked = lint_imports(copy, "backends-independent")
    assert checked.returncode == 1, checked.stdout + checked.stderr


# ------------------------------------------------------------------------------------------ graphql
def test_the_graphql_folder_is_no_package() -> None:
    assert not (ROOT / "graphql" / "__init__.py").exists()


def test_no_folder_of_the_tests_is_called_like_a_package_of_ours() -> None:
    names = {path.name for path in (ROOT / "tests").rglob("*") if path.is_dir()}
    assert not names & {"graphql", "lineage", "lineage_graphql", "watchers"}


@pytest.mark.parametrize("first", [ROOT, ROOT / "graphql", ROOT / "tests"], ids=lambda path: path.name)
def test_graphql_is_graphql_core_whatever_folder_comes_first(first: Path) -> None:
    program = "import graphql, graphene; print(graphql.__file__, graphql.version)"
    environment = os.environ | {"PYTHONPATH": str(first)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=first, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    file = Path(done.stdout.split()[0])
    assert file.is_file()
    assert not file.is_relative_to(ROOT / "graphql")


# ------------------------------------------------------------------------------------------ the wheel
@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (file,) = folder.glob("*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_brings_no_graphql_and_no_tests(wheel: zipfile.ZipFile) -> None:
    folders = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in folders if not name.endswith(".dist-info")} == {"lineage", "lineage_graphql", "watchers"}


SOURCES_OF_THE_PAGE = ROOT / "lineage" / "web" / "ui"


def test_the_wheel_brings_everything_that_the_program_reads(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    expected = {f"lineage_graphql/queries/{path.name}" for path in (ROOT / "graphql" / "queries").iterdir()}
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.is_file() and path.suffix != ".pyc" and not path.is_relative_to(SOURCES_OF_THE_PAGE):
                expected.add(path.relative_to((ROOT / package).parent).as_posix())
    assert expected <= names
    assert not [name for name in names if name.startswith("lineage/web/ui/")]


def test_the_program_starts_from_the_wheel_alone(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    program = (
        "import graphql, lineage, lineage_graphql as ours; from lineage.cli.commands import COMMANDS, imported; "
        "[*map(imported, COMMANDS)]; print(lineage.__file__, len(ours.saved_queries()))"
    )
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    file, queries = done.stdout.split()
    assert Path(file).is_relative_to(tmp_path)
    assert int(queries) > 0
