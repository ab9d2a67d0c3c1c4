"""What differs between runs, what is not deterministic, and what would run a run again, as the commands tell it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import yaml
from typer.testing import CliRunner, Result

from lineage.cli import app
from lineage.identity import global_id, run_key
from lineage.ports import EVERYTHING
from lineage.store import migrate, open_store
from lineage_graphql import execute
from tests.factories import record
from tests.training_run import Training, digest_of

FIRST: Final = Training()
SECOND: Final = Training(uid="u2", name="training-xyz99", born=5000)
ANOTHER_MODEL: Final = {"outputs": {"train(0:1)": "another model"}}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store that knows a run, its repetition of which not the same came out, and one with other arguments."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'lineage.db'}"
    migrate(url)
    store = open_store(url)
    third = replace(FIRST, uid="u3", name="training-third", born=9000, rate="0.2", accuracy="0.8", script="a\nb")
    record(store, *FIRST.told(), *replace(SECOND, **ANOTHER_MODEL).told(), *third.told())  # type: ignore[arg-type]
    while store.settle(limit=10):
        pass
    store.close()
    return url


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--store", url], env={"COLUMNS": "200"})


def ask(url: str, query: str, **variables: Any) -> Any:
    store = open_store(url)
    answer = execute(store, EVERYTHING, query, variables)
    store.close()
    return answer


# ------------------------------------------------------------------------------------------ difference
def test_a_difference_is_told_with_its_causes_first(url: str) -> None:
    done = run(url, "diff", "training-abc12", "training-third")
    assert done.exit_code == 0, done.stderr
    causes, _, effects = done.stdout.partition("came of it, or changes nothing")
    assert "could have changed results" in causes
    assert "parameters[rate]" in causes
    assert "+b" in causes, "a text of many lines is shown by its lines"
    assert "metrics[accuracy]" in effects


def test_runs_that_do_not_differ_are_said_not_to(url: str) -> None:
    assert "nothing differs" in run(url, "diff", "training-abc12", "u1").stdout


def test_a_difference_as_json_is_the_answer_of_graphql(url: str) -> None:
    found = orjson.loads(run(url, "diff", "u1", "u3", "--json").stdout)
    assert (found["base"]["uid"], found["target"]["uid"], found["identical"]) == ("u1", "u3", False)
    change = next(one for one in found["changes"] if one["path"] == "parameters[rate]")
    assert change == {
        "kind": "PARAMETER",
        "step": None,
        "steps": [],
        "path": "parameters[rate]",
        "before": "0.1",
        "after": "0.2",
        "causal": True,
        "detail": None,
    }


def test_a_run_that_nobody_knows_is_said(url: str) -> None:
    done = run(url, "diff", "u1", "nobody")
    assert done.exit_code == 1
    assert "no run with the id, uid or name nobody is recorded: `lineage runs` lists them" in done.stderr
    ids = {"base": global_id(run_key("u1")), "target": global_id(run_key("u9"))}
    answer = ask(url, "query ($base: ID!, $target: ID!) { runDiff(base: $base, target: $target) { identical } }", **ids)
    assert answer["data"] == {"runDiff": None}
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"


# ------------------------------------------------------------------------------------------ fingerprints
def test_fingerprints_tell_runs_that_did_the_same(url: str) -> None:
    found = ask(url, "{ runs { nodes { uid fingerprint fingerprintMissing } } }")["data"]["runs"]["nodes"]
    prints = {one["uid"]: one["fingerprint"] for one in found}
    assert prints["u1"] == prints["u2"]
    assert prints["u1"] not in (None, prints["u3"])
    assert [one["fingerprintMissing"] for one in found] == [[], [], []]
    same = ask(
        url,
        "query ($f: String) { runs(where: { fingerprint: { eq: $f } }) { totalCount } }",
        f=prints["u1"],
    )
    assert same["data"]["runs"]["totalCount"] == 2


# ------------------------------------------------------------------------------------------ nondeterminism
def test_what_is_not_deterministic_is_told_with_what_came_out(url: str) -> None:
    done = run(url, "nondeterminism")
    assert done.exit_code == 0, done.stderr
    assert "train of training, 2 executions" in done.stdout
    assert "out: 2 results" in done.stdout
    assert digest_of("another model")[:19] in done.stdout
    found = orjson.loads(run(url, "nondeterminism", "--json").stdout)
    ((disagreement,),) = [one["disagreements"] for one in found if one["executions"][0]["template"] == "train"]
    assert [(one["count"], one["execution"]["run"]["displayName"]) for one in disagreement["results"]] == [
        (1, name) for name in _by_digest(("of train(0:1)", "training-abc12"), ("another model", "training-xyz99"))
    ]


def _by_digest(*named: tuple[str, str]) -> Iterator[str]:
    yield from (run for _, run in sorted((digest_of(word), run) for word, run in named))


def test_what_is_not_deterministic_is_asked_of_one_pipeline(url: str) -> None:
    assert "train of training" in run(url, "nondeterminism", "--pipeline", "training").stdout
    done = run(url, "nondeterminism", "--pipeline", "nothing")
    assert (done.exit_code, "no pipeline of the name nothing is recorded" in done.stderr) == (1, True)


# ------------------------------------------------------------------------------------------ again
def test_a_manifest_is_printed_or_written_and_what_it_does_not_hold_fast_is_said(url: str, tmp_path: Path) -> None:
    done = run(url, "rerun", "training-abc12")
    assert yaml.safe_load(done.stdout)["metadata"]["labels"] == {"kfp-lineage/rerun-of": "u1"}
    assert "not held fast: prepare.inputs.artifacts[in0]: s3:///raw/customers.csv" in done.stderr
    file = tmp_path / "again.yaml"
    assert run(url, "rerun", "training-abc12", "-o", str(file)).exit_code == 0
    assert file.read_text(encoding="utf-8") == done.stdout
    missing = run(url, "rerun", "training-abc12", "-o", str(tmp_path / "no" / "again.yaml"))
    assert (missing.exit_code, "cannot be written" in missing.stderr) == (1, True)
