"""Rules of retention: what a file may say, and what `lineage forget` does and tells."""

import json
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from lineage import forgetting
from lineage.audit import Tier
from lineage.cli import app
from lineage.errors import InvalidSettings, StoreError
from lineage.forgetting import Forgetter
from lineage.identity import run_key
from lineage.retention import Retention, RetentionRule, read_retention
from lineage.store import migrate, open_store
from lineage.store.packed import pack, unpack
from lineage.store.sql import SqlStore
from tests.factories import a_node, a_workflow, moment, record, rfc3339

WRITTEN = """
[[rules]]
name = "scratch"
namespace = "scratch-*"
after_days = 14

[[rules]]
name = "all else"
after_days = 400
keep_descendants = true
keep_tier = "re_executable"
policy = "code"
"""


def test_a_file_says_how_long_runs_are_kept() -> None:
    scratch = RetentionRule(name="scratch", namespace="scratch-*", after_days=14)
    rest = RetentionRule(
        name="all else", after_days=400, keep_descendants=True, keep_tier=Tier.RE_EXECUTABLE, policy="code"
    )
    assert read_retention(WRITTEN, "retention.toml") == Retention(rules=(scratch, rest))


def test_the_first_rule_that_fits_speaks_of_a_namespace() -> None:
    found = read_retention(WRITTEN, "retention.toml")
    assert [found.due_at(name, moment(0)) for name in ("scratch-1", "team-a")] == [
        moment(14 * 86_400),
        moment(400 * 86_400),
    ]
    only_scratch = Retention(rules=found.rules[:1])
    assert only_scratch.due_at("team-a", moment(0)) is None
    assert only_scratch.digest != found.digest == read_retention(WRITTEN, "another name").digest


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "retention.toml: rules: 1 to 200 tables are expected: write each below [[rules]]"),
        ("rules = 7", "retention.toml: rules: 1 to 200 tables are expected: write each below [[rules]]"),
        ("rules = [7]", "retention.toml: rule 1: a table is expected: write it below [[rules]]"),
        ("[[rules]]\nafter_days = 3", "retention.toml: rule 1: name: a name of at most 200 characters is expected"),
        ('[[rules]]\nname = "x"', "rule 'x': after_days: a number from 1 to 36500 is expected: write after_days = 180"),
        ('[[rules]]\nname = "x"\nafter_days = 0.5', "rule 'x': after_days: a number from 1 to 36500 is expected"),
        ('[[rules]]\nname = "x"\nafter_days = "30d"', "rule 'x': after_days: a number is expected"),
        ('[[rules]]\nname = "x"\nafter_days = 9\nkeep = 1', "rule 'x': keep: there is no such key here: write one of"),
        (
            '[[rules]]\nname = "x"\nafter_days = 9\nkeep_descendants = "yes"',
            "rule 'x': keep_descendants: true or false is expected: write keep_descendants = true",
        ),
        (
            '[[rules]]\nname = "x"\nafter_days = 9\nkeep_tier = "gold"',
            "rule 'x': keep_tier: 'gold' is no tier to earn: write one of traceable, re_executable, verified",
        ),
        (
            '[[rules]]\nname = "x"\nafter_days = 9\npolicy = "code"',
            "rule 'x': policy: it says how a tier is earned: write keep_tier as well",
        ),
        (
            '[[rules]]\nname = "x"\nafter_days = 9\n[[rules]]\nname = "x"\nafter_days = 9',
            "rule 'x': name: two rules are called so: give each a name of its own",
        ),
        ("[[rules]", "retention.toml: it is no TOML: "),
        ("x" * 300_000, "retention.toml: it has more than 256 KiB: rules are written in less"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_place(text: str, says: str) -> None:
    with pytest.raises(InvalidSettings) as error:
        read_retention(text, "retention.toml")
    assert says in str(error.value)


# ------------------------------------------------------------------------------------------ the command
@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store with a run that ended long ago, and one that reads what it wrote."""
    url = f"sqlite:///{tmp_path / 'lineage.db'}"
    migrate(url)
    opened = open_store(url)
    for name, start, reads in (("made", 100, []), ("read", 200, ["model"])):
        node = a_node(f"{name}.main", start, start + 1, reads=reads, writes=["model"] if name == "made" else [])
        over = rfc3339(start + 2)
        record(opened, a_workflow({f"{name}-1": node}, uid=name, name=name, phase="Succeeded", finishedAt=over))
    opened.close()
    return url


def rules(tmp_path: Path, **more: object) -> str:
    file = tmp_path / "retention.toml"
    said = {"name": "old", "after_days": 30, **more}
    file.write_text("[[rules]]\n" + "\n".join(f"{name} = {json.dumps(value)}" for name, value in said.items()))
    return str(file)


def asked(*arguments: str, store: str) -> str:
    said = CliRunner().invoke(app, ["forget", "--store", store, *arguments], env={"COLUMNS": "120"})
    assert said.exit_code == 0, said.output
    return said.output


def test_what_would_be_forgotten_is_told_and_nothing_is(store: str, tmp_path: Path) -> None:
    file = rules(tmp_path)
    told = json.loads(asked("--rules", file, "--dry-run", "--json", store=store))
    assert (told["dryRun"], told["rules"][0]["forgotten"], told["objects"]) == (True, 2, 2)
    assert json.loads(asked("--rules", file, "--json", store=store)) == told | {"dryRun": False}
    assert json.loads(asked("--rules", file, "--json", store=store))["rules"][0]["forgotten"] == 0


def test_a_table_says_what_each_rule_did(store: str, tmp_path: Path) -> None:
    said = asked("--rules", rules(tmp_path, keep_descendants=True), store=store)
    assert said.splitlines()[1].split() == ["old", "2", "0", "0"]
    assert "2 raw objects went with them" in said


def test_a_run_says_that_its_details_were_forgotten(store: str, tmp_path: Path) -> None:
    asked("--rules", rules(tmp_path), store=store)
    shown = CliRunner().invoke(app, ["show", "made", "--store", store], env={"COLUMNS": "120"}).output
    assert "its details were forgotten on 2" in shown
    manifest = CliRunner().invoke(app, ["rerun", "made", "--store", store])
    assert manifest.exit_code != 0
    assert "what it ran is not known any more" in manifest.stderr


def test_without_rules_nothing_is_forgotten(store: str) -> None:
    said = CliRunner().invoke(app, ["forget", "--store", store])
    assert isinstance(said.exception, InvalidSettings)
    assert "no rules are named: give --rules FILE, or set retention_rules" in str(said.exception)


# ------------------------------------------------------------------------------------------ again and again
class Failing:
    """A store that is away at first."""

    def __init__(self, store: SqlStore, times: int) -> None:
        self._store, self.left = store, times

    def plan_forgetting(self, *asked: Any, **more: Any) -> int:
        self.left -= 1
        if self.left >= 0:
            raise StoreError("it is away")
        return self._store.plan_forgetting(*asked, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_who_forgets_again_and_again_waits_for_the_store(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "RETRY_SECONDS", 0.0)
    stop, opened = Event(), open_store(store)
    failing: Any = Failing(opened, 2)
    retention = Retention(rules=(RetentionRule(name="all", after_days=1),))
    forgetter = Forgetter(failing, retention, clock=lambda: moment(10**9))
    running = Thread(target=forgetter.run, args=(stop,))
    running.start()
    while running.is_alive() and opened.weigh([run_key("made"), run_key("read")]).objects:
        stop.wait(0.01)
    stop.set()
    running.join()
    assert failing.left < 0
    assert forgetter.outage.reason is None
    assert opened.weigh([run_key("made"), run_key("read")]).objects == 0
    opened.close()


# ------------------------------------------------------------------------------------------ what is packed
def test_what_was_packed_once_can_be_unpacked_for_ever() -> None:
    """What bodies are packed beside is part of every store: this one was packed by the first release that did."""
    assert unpack(bytes.fromhex(PACKED)) == BODY
    assert len(pack(BODY)) < len(BODY) / 3


BODY = (
    b'{"acts":true,"attempt":0,"cached_from":null,"display_name":"train","exit_code":0,'
    b'"finished_at":"2026-01-02T03:04:05Z","input_parameters":[],"is_group":false,"kind":"POD","memoized":false,'
    b'"message":null,"name":"w.train","node_id":"w-1","output_parameters":[],"parents":[["w-0",1767322000]],'
    b'"phase":"SUCCEEDED","reads":[],"resources":null,"started_at":1767323045,"template":"train","writes":[]}'
)
PACKED = (
    "28b52ffd608800bd0200640230312d30325430333a30343a30355a772e772d31772d3036373332323030305d333034355d7d"
    "0f20107698a0c77c2a404a004273d404c0c701e2f6c9168cd6bc99c60d360486d933d80daace88ac0f089664d20802"
)
