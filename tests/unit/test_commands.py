"""The commands: each is found, says what it is for, and imports no more than it needs."""

import subprocess
import sys
from importlib import import_module
from inspect import getdoc

import pytest
import typer
from typer.testing import CliRunner

from lineage.cli import app
from lineage.cli.commands import COMMANDS
from tests.documentation.commands import functions_of

# What takes long to import: a tenth of a second each, or more.
HEAVY = {
    "alembic",
    "graphene",
    "graphql",
    "kafka",
    "kubernetes",
    "minio",
    "numpy",
    "pyarrow",
    "sqlalchemy",
    "starlette",
    "uvicorn",
}

every_command = pytest.mark.parametrize("name", COMMANDS)


def heavy_imports(*arguments: str) -> list[str]:
    """Run the command line in a process of its own; name what it imported of that which takes long."""
    program = f"""
import atexit, sys
atexit.register(lambda: print(*sorted(sys.modules.keys() & {HEAVY!r}), file=sys.stderr))
sys.argv = ["lineage", *{arguments!r}]
from lineage.cli import main
main()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr.splitlines()[-1].split()


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], [], ["nonsense"]], ids=" ".join)
def test_what_calls_no_command_imports_nothing_that_takes_long(arguments: list[str]) -> None:
    assert heavy_imports(*arguments) == []


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [
        (["runs"], ["graphene", "graphql", "sqlalchemy"]),
        (["follow"], ["graphene", "graphql", "sqlalchemy"]),
        (["show", "nightly"], ["graphene", "graphql", "sqlalchemy"]),
        (["recurring"], ["graphene", "graphql", "sqlalchemy"]),
        (["deployments"], ["graphene", "graphql", "sqlalchemy"]),
        (["provenance", "nightly"], ["graphene", "graphql", "sqlalchemy"]),
        (["impact", "nightly"], ["graphene", "graphql", "sqlalchemy"]),
        (["path", "nightly", "weekly"], ["graphene", "graphql", "sqlalchemy"]),
        (["experiments"], ["graphene", "graphql", "sqlalchemy"]),
        (["audit", "nightly"], ["graphene", "graphql", "sqlalchemy"]),
        (["trend", "accuracy", "--pipeline", "churn"], ["graphene", "graphql", "sqlalchemy"]),
        (["export", "runs"], ["graphene", "graphql", "sqlalchemy"]),
        (["report", "diff", "monday", "tuesday"], ["graphene", "graphql", "sqlalchemy"]),
        (["query", "recent-runs"], ["graphene", "graphql", "sqlalchemy"]),
        (["artifact", "s3://b/k"], ["graphene", "graphql", "sqlalchemy"]),
        (["ingest", "absent.json"], ["sqlalchemy"]),
        (["dump"], ["sqlalchemy"]),
        (["logs", "nightly/train"], ["minio", "sqlalchemy"]),
        (["serve"], ["graphene", "graphql", "sqlalchemy", "starlette", "uvicorn"]),
    ],
    ids=" ".join,
)
def test_a_command_imports_what_it_needs_and_no_more(arguments: list[str], needed: list[str]) -> None:
    assert heavy_imports(*arguments) == needed


@every_command
def test_every_command_has_its_help(name: str) -> None:
    said = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200"})
    assert said.exit_code == 0, said.output
    assert f"lineage {name}" in said.output


@every_command
def test_examples_in_the_help_can_be_copied_line_by_line(name: str) -> None:
    for words, written in functions_of(name):
        said = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200"})
        examples = [
            line.strip() for line in (getdoc(written) or "").splitlines() if line.strip().startswith("lineage ")
        ]
        assert set(examples) <= {line.strip() for line in said.output.splitlines()}


@every_command
def test_the_list_of_commands_says_what_the_command_says_of_itself(name: str) -> None:
    module, _, written = COMMANDS[name].place.partition(":")
    found = getattr(import_module(f"lineage.cli.{module}"), written)
    told = found.info.help if isinstance(found, typer.Typer) else getdoc(found)
    assert told is not None
    assert COMMANDS[name].help == " ".join(told.partition("\n\n")[0].split())


def test_a_name_that_is_nearly_one_is_told_the_one() -> None:
    said = CliRunner().invoke(app, ["rums"])
    assert said.exit_code == 2
    assert "Did you mean 'runs'?" in said.output
