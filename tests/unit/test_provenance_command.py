"""`lineage provenance` in one process: what somebody means, the tree that is drawn, and files."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from lineage.cli import app
from lineage.cli.pictures.provenance import pictures_of_provenance, pictures_of_ways
from lineage.identity import global_id, written_key
from lineage.ports import EVERYTHING
from lineage.store import migrate, open_store
from lineage_graphql import execute, saved_queries
from tests.contract.test_copies import SEVEN, a_copy, writes
from tests.factories import a_node, a_pod, a_store, a_workflow, an_inference_service, record

MADE = global_id(written_key("u1", "u1-1", 10, "x0"))


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A store in which a model was written twice, copied, read and served."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'lineage.db'}"
    migrate(url)
    store = open_store(url)
    loop = {
        "u5-1": a_node("u5.try(0:a)", 200, 210, reads=["data"], writes=["tries/a"], displayName="try(0:a)"),
        "u5-2": a_node("u5.try(1:b)", 200, 210, reads=["data"], writes=["tries/b"], displayName="try(1:b)"),
    }
    record(
        store,
        *a_copy(),
        writes("u3", 300, "made"),
        a_workflow(loop, uid="u5", name="search", phase="Succeeded"),
        a_workflow({}, uid="u6", name="search", phase="Succeeded", born=-50),
        a_pod("p", "u1-1", 10, 20, image_id=f"registry.example/step@sha256:{5:064x}", workflow="u1"),
        an_inference_service("s3:///taken", uid="d1", name="churn", born=400, written_at=400, ready_at=410),
    )
    yield url
    store.close()


def lineage(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--store", url], env={"COLUMNS": "300"})


def provenance(url: str, *arguments: str) -> Result:
    return lineage(url, "provenance", *arguments)


def ids(result: Result) -> set[str]:
    assert result.exit_code == 0, result.output
    return {node["id"] for node in json.loads(result.stdout)["nodes"]}


def root_of(url: str, ref: str) -> set[str]:
    return ids(provenance(url, ref, "--depth", "0", "--format", "json"))


# ------------------------------------------------------------------------------------------ what is meant
def test_an_id_a_digest_a_run_a_step_and_an_output_are_found(url: str) -> None:
    assert root_of(url, MADE) == {MADE}
    assert MADE in root_of(url, SEVEN)
    assert root_of(url, SEVEN.removeprefix("sha256:").upper()) == root_of(url, SEVEN)
    assert root_of(url, "u1/main/x0") == {MADE}
    (step,) = root_of(url, "u1/main")
    assert root_of(url, "u1") == {step} == root_of(url, step)


def test_a_uri_is_the_newest_write_and_the_others_are_told(url: str) -> None:
    found = provenance(url, "s3:///made", "--depth", "0", "--format", "json")
    assert ids(found) == {global_id(written_key("u3", "u3-1", 300, "x0"))}
    assert "2 artifacts lay at s3:///made; this is the newest" in found.stderr


def test_several_of_one_name_are_all_meant_and_told(url: str) -> None:
    found = provenance(url, "search/try", "--depth", "0", "--format", "json")
    assert len(ids(found)) == 2
    assert "2 executions of search are called so; all of them are meant." in found.stderr
    assert "2 runs are called search; this is the newest." in found.stderr
    assert len(root_of(url, "search/try(0:a)/x0")) == 1
    assert len(root_of(url, "search/try/x0")) == 2


def test_a_deployment_is_found_by_its_name(url: str) -> None:
    found = provenance(url, "churn", "--depth", "0").stdout
    assert found.startswith("InferenceService a/churn")


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("nothing", "nothing is recorded under nothing: give an id, a uri"),
        ("s3://b/nothing", "nothing is recorded under s3://b/nothing"),
        ("0" * 64, "nothing is recorded under 0000"),
        ("u1/nothing", "run u1 has no step nothing: `lineage show u1`"),
        ("u1/main/nothing", "step main of u1 has no output or input nothing: it has x0"),
        (global_id(("Pipeline", "c", "a", "p")), "is the id of a Pipeline: give that of a run"),
    ],
)
def test_what_is_not_there_says_what_to_do(url: str, ref: str, said: str) -> None:
    found = provenance(url, ref)
    assert found.exit_code == 1
    assert said in " ".join(found.stderr.split())


# ------------------------------------------------------------------------------------------ what is shown
def test_a_tree_shows_who_wrote_what_and_what_may_be_a_copy(url: str) -> None:
    lines = provenance(url, "churn").stdout.splitlines()
    assert [line.strip("│├└─ ").split("  ")[0] for line in lines if line] == [
        "InferenceService a/churn",
        "serves s3:///taken",
        "copied from s3:///made",
        "written by u1/main",
        "4 nodes; nothing is missing",
    ]
    assert "(perhaps, of the same bytes)" in lines[2]
    assert "from outside" in lines[1]


def test_both_ways_stand_one_below_the_other(url: str) -> None:
    found = provenance(url, MADE, "--up", "--down").stdout
    assert found.index("came from") < found.index("written by u1/main") < found.index("led to")
    assert "served by InferenceService a/churn" in found
    assert "read by u2/main" in found


def test_what_is_cut_off_is_said_with_where_to_go_on_from(url: str) -> None:
    found = provenance(url, MADE, "--down", "--depth", "1").stdout
    assert "not all of it: there is more beyond the depth of 1" in found
    assert "… more behind" in found
    (onward,) = (line.split()[-1] for line in found.splitlines() if "go on from" in line)
    assert len(root_of(url, onward)) == 1
    assert "there are more than 2 nodes" in provenance(url, MADE, "--down", "--max-nodes", "2").stdout


def graph_of(store: Any, *roots: str, direction: str = "UPSTREAM") -> Any:
    asked = {"roots": list(roots), "direction": direction}
    answer = execute(store, EVERYTHING, saved_queries()["provenance"].text, asked)
    assert "errors" not in answer, answer
    return answer["data"]["lineage"]


def drawn(graph: Any, roots: Sequence[str], direction: str = "UPSTREAM") -> str:
    console = Console(width=400)
    with console.capture() as captured:
        console.print(*pictures_of_provenance(graph, roots, direction=direction), sep="\n")
    return captured.get()


def test_what_comes_up_again_is_drawn_once() -> None:
    nodes = {
        "u-1": a_node("u.a", 10, 20, writes=["k"]),
        "u-2": a_node("u.b", 30, 40, reads=["k"], writes=["m"]),
        "u-3": a_node("u.c", 50, 60, reads=["k", "m"], writes=["n"]),
    }
    store = a_store(a_workflow(nodes, uid="u", name="u", phase="Succeeded"))
    last = global_id(written_key("u", "u-3", 50, "x0"))
    found = drawn(graph_of(store, last), [last])
    assert found.count("written by u/a") == 1
    assert sum("s3:///k" in line for line in found.splitlines()) == 2
    assert sum("↑ above" in line for line in found.splitlines()) == 1


def test_a_long_chain_is_drawn_in_bounded_width() -> None:
    nodes = {
        f"u-{i:04}": a_node(f"u.{i}", 10 * i, 10 * i + 5, reads=[f"k{i - 1}"] if i else [], writes=[f"k{i}"])
        for i in range(150)
    }
    store = a_store(a_workflow(nodes, uid="u", name="u", phase="Succeeded"))
    last = global_id(written_key("u", "u-0149", 1490, "x0"))
    lines = drawn(graph_of(store, last), [last]).splitlines()
    assert len(lines) == 302
    assert max(map(len, lines)) < 150


def test_hostile_names_neither_steer_the_terminal_nor_are_markup() -> None:
    node = a_node("u.[bold]x[/]\x1b[2J", 10, 20, writes=["k[red]\x1b]0;x\x07"])
    store = a_store(a_workflow({"u-1": node}, uid="u", name="u", phase="Succeeded"))
    made = global_id(written_key("u", "u-1", 10, "x0"))
    found = drawn(graph_of(store, made), [made])
    assert "\x1b" not in found
    assert "[bold]x[/]?[2J" in found


# ------------------------------------------------------------------------------------------ impact
def test_impact_counts_and_lists_what_descends(url: str) -> None:
    found = lineage(url, "impact", "s3:///taken").stdout
    assert [line.split() for line in found.splitlines()[:5]] == [
        ["1", "run"],
        ["1", "execution"],
        ["0", "artifacts"],
        ["0", "models"],
        ["1", "deployment"],
    ]
    assert "InferenceService churn" in found
    assert json.loads(lineage(url, "impact", MADE, "--json").stdout)["runCount"] == 1


def test_impact_lists_as_much_as_was_asked_for_and_says_so(url: str) -> None:
    found = lineage(url, "impact", SEVEN, "--limit", "1").stdout
    assert "1 of 2 runs" not in found
    several = lineage(url, "impact", "u1", "--limit", "1").stdout
    assert "1 of 2 runs; --limit N lists more" in several


def test_impact_of_an_image_is_found_by_digest_and_reference(url: str) -> None:
    for image in ("registry.example/step:1", f"{5:064x}", f"sha256:{5:064x}"):
        found = lineage(url, "impact", image, "--json")
        assert json.loads(found.stdout)["runCount"] == 2, found.output
    nothing = lineage(url, "impact", "registry.example/nothing:1")
    assert nothing.exit_code == 1
    assert "or an image" in nothing.stderr


def test_impact_within_a_time(url: str) -> None:
    assert json.loads(lineage(url, "impact", "s3:///taken", "--from", "1999-01-01", "--json").stdout)["runCount"] == 0
    assert json.loads(lineage(url, "impact", "s3:///taken", "--to", "1999-01-01", "--json").stdout)["runCount"] == 1
    wrong = lineage(url, "impact", "s3:///taken", "--from", "yesterday")
    assert wrong.exit_code == 2
    assert "--from must be a time such as 2026-01-31" in " ".join(wrong.stderr.split())


# ------------------------------------------------------------------------------------------ paths
def test_a_path_is_the_shortest_way_in_the_direction_of_the_data(url: str) -> None:
    for ends in (("u1", "churn"), ("churn", "u1")):
        lines = lineage(url, "path", *ends).stdout.splitlines()
        assert [line.split("  ")[0 if line[0] != " " else 1] for line in lines if line] == [
            "u1/main",
            "wrote s3:///made",
            "copied to s3:///taken",
            "served by InferenceService a/churn",
            "4 nodes; nothing is missing",
        ]


def test_all_ways_are_shown_where_there_are_several() -> None:
    nodes = {
        "u-1": a_node("u.a", 10, 20, writes=["k"]),
        "u-2": a_node("u.b", 30, 40, reads=["k"], writes=["m"]),
        "u-3": a_node("u.c", 50, 60, reads=["k", "m"], writes=["n"]),
    }
    store = a_store(a_workflow(nodes, uid="u", name="u", phase="Succeeded"))
    ends = [global_id(written_key("u", f"u-{number}", start, "x0")) for number, start in ((1, 10), (3, 50))]
    answer = execute(store, EVERYTHING, saved_queries()["paths"].text, {"one": ends[:1], "other": ends[1:]})
    found = answer["data"]["paths"]
    console = Console(width=300)
    with console.capture() as captured:
        console.print(*pictures_of_ways(found["graph"], found["shortest"]), sep="\n")
    lines = [line for line in captured.get().splitlines() if line]
    assert [found["shortest"][0], found["shortest"][-1]] == ends
    assert lines[:3] == [line for line in lines[:3] if "u/b" not in line]
    assert "on all ways" in lines[3]
    assert any("read by u/b" in line for line in lines[4:])


def test_what_is_not_connected_is_said_and_is_a_failure(url: str) -> None:
    found = lineage(url, "path", "u3", "churn")
    assert (found.exit_code, found.stdout) == (1, "")
    assert "Nothing connects run u3 and deployment churn." in found.stderr


# ------------------------------------------------------------------------------------------ files
@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("x.svg", "<svg"),
        ("x.dot", "digraph"),
        ("x.mmd", "flowchart LR"),
        ("x.json", "{"),
        ("x.txt", "s3:///made"),
    ],
)
def test_a_file_is_written_as_its_name_says(url: str, tmp_path: Path, name: str, begins: str) -> None:
    assert provenance(url, MADE, "-o", str(tmp_path / name)).exit_code == 0
    assert (tmp_path / name).read_text().startswith(begins)


def test_a_file_whose_name_says_nothing_needs_a_format(url: str, tmp_path: Path) -> None:
    found = provenance(url, MADE, "-o", str(tmp_path / "x.pdf"))
    assert (found.exit_code, (tmp_path / "x.pdf").exists()) == (2, False)
    assert provenance(url, MADE, "-o", str(tmp_path / "x.pdf"), "--format", "dot").exit_code == 0
    assert (tmp_path / "x.pdf").read_text().startswith("digraph")


def test_a_file_that_cannot_be_written_is_told(url: str, tmp_path: Path) -> None:
    found = provenance(url, MADE, "-o", str(tmp_path / "no" / "x.svg"))
    assert found.exit_code == 1
    assert "cannot be written: No such file" in " ".join(found.stderr.split())
