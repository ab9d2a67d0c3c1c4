"""`lineage audit` as users meet it; audits over GraphQL; and those of recorded objects."""

import json
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest

from lineage import recorder
from lineage.audit import DEFAULT, IDS, Verdict, audit
from lineage.auditing import audit_evidence
from lineage.identity import global_id
from lineage.ports import EVERYTHING, Listing, PageRequest
from lineage.store.sql import SqlStore
from lineage_graphql import execute, to_json
from tests.audited import RUN, STEP_IMAGE, check, clean, evidence_of, judged, stored
from tests.conftest import fixtures_folder
from tests.factories import RECORDED_AT, a_store, interpreted
from tests.integration.test_cli import run
from tests.integration.test_recorded_objects import FOLDERS, sightings_in
from tests.registry_server import a_registry
from tests.told import tell_the_story

RETRAINED, SERVED = "churn-training-hl9ft", "churn-training-1767600720"


# ------------------------------------------------------------------------------------------ the command
@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A store of the demo's story."""
    folder = tmp_path_factory.mktemp("story")
    with pytest.MonkeyPatch.context() as patch:
        tell_the_story(folder, patch)
        yield folder


@pytest.fixture
def told(place: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    monkeypatch.setenv("LINEAGE_CONFIG", str(place / "config.toml"))

    def ask(*arguments: str) -> tuple[int, str, str]:
        done = run("audit", *arguments)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return ask


Told = Callable[..., tuple[int, str, str]]


def test_a_run_is_audited_by_its_name_the_worst_first(told: Told) -> None:
    code, said, _ = told(RETRAINED)
    assert code == 0
    lines = said.splitlines()
    assert lines[0].startswith(f"{RETRAINED}  tier none  repeated unknown")
    verdicts = [line.split()[1] for line in lines if line[:4] in IDS]
    assert verdicts == sorted(verdicts, key=["fail", "unknown"].index)
    assert "K-03" in said
    assert "→ Write images as repository@sha256:…" in said
    assert lines[-1].endswith("--all shows them.")


def test_all_shows_what_passes_too(told: Told) -> None:
    _, said, _ = told(RETRAINED, "--all")
    assert {line[:4] for line in said.splitlines() if line[:4] in IDS} == set(IDS)


def test_what_a_cache_gave_is_shown_with_its_source(told: Told) -> None:
    _, said, _ = told("fraud-detection-w4n6p")
    assert "load-payments" in said
    assert "fraud-detection q8z2d/load-payments" in said


@pytest.mark.parametrize(("tier", "code"), [("none", 0), ("traceable", 0), ("RE_EXECUTABLE", 1), ("verified", 1)])
def test_below_the_tier_that_is_asked_for_it_ends_with_1(told: Told, tier: str, code: int) -> None:
    ended, _, complained = told(SERVED, "--min-tier", tier)
    assert ended == code
    assert ("has earned TRACEABLE" in complained) == bool(code)


def test_the_newest_runs_of_a_pipeline_are_audited(told: Told) -> None:
    code, said, complained = told("--pipeline", "churn-training", "--last", "2", "--min-tier", "traceable")
    assert code == 1  # what the run before the newest wrote was overwritten
    assert [line.split()[0] for line in said.splitlines()[1:3]] == [SERVED, "churn-training-1767600600"]
    assert "O-04" in said
    assert complained.count("has earned NONE") == 1


def test_the_same_knowledge_policy_and_date_give_the_same_bytes(told: Told, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('name = "team"\nignore = ["G-01"]\n')
    arguments = (RETRAINED, "--as-of", "2026-02-01", "--policy", str(policy), "--json")
    first, second = told(*arguments), told(*arguments)
    assert first == second
    found = json.loads(first[1])
    assert (found["asOf"], found["policy"][:7]) == ("2026-02-01T00:00:00Z", "team 1 ")


def test_checks_explain_themselves(told: Told) -> None:
    code, said, _ = told("K-06", "--explain")
    assert (code, "--require-hashes" in said) == (0, True)
    assert len(json.loads(told("--explain", "--json")[1])) == len(IDS)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "name a run, or a pipeline"),
        ((RETRAINED, "--pipeline", "x"), "name a run, or a pipeline"),
        ((RETRAINED, "--policy", "nowhere.toml"), "nowhere.toml cannot be read (No such file or directory)"),
        ((RETRAINED, "--as-of", "yesterday"), "--as-of yesterday is no time"),
        (("K-99", "--explain"), "there is no check K-99"),
        ((RETRAINED, "--min-tier", "gold"), "gold"),
    ],
)
def test_what_is_asked_wrongly_ends_with_2(told: Told, arguments: tuple[str, ...], reason: str) -> None:
    code, _, complained = told(*arguments)
    assert (code, reason in complained) == (2, True)


def test_a_policy_that_makes_no_sense_is_told_with_its_file(told: Told, tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('name = "x"\nignore = ["K-99"]\n')
    code, _, complained = told(RETRAINED, "--policy", str(policy))
    assert (code, f"{policy}: policy: ignore: there is no check 'K-99'" in complained) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(("nothing",), "no run with the id, uid or name nothing"), (("--pipeline", "nothing"), "no run of the pipeline")],
)
def test_what_is_not_recorded_ends_with_1(told: Told, arguments: tuple[str, ...], reason: str) -> None:
    code, _, complained = told(*arguments)
    assert (code, reason in complained) == (1, True)


# ------------------------------------------------------------------------------------------ registries
def test_registries_are_asked_where_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with a_registry() as registry:
        seen = clean()
        image = registry.put_image("a/step", {"org.opencontainers.image.revision": "c0ffee"})
        story = tmp_path / "story.ndjson"
        objects = [json.dumps(one) for one in seen.things.values() if isinstance(one, dict)]
        story.write_text("\n".join(objects).replace(STEP_IMAGE, image))
        config = tmp_path / "config.toml"
        config.write_text(
            f'store = "sqlite:///{tmp_path / "lineage.db"}"\nredaction_key = "{"0123456789abcdef" * 2}"\n'
        )
        monkeypatch.setenv("LINEAGE_CONFIG", str(config))
        assert run("ingest", str(story)).returncode == 0
        asked = run("audit", str(RUN[1]), "--registry", "--json")
        found = {one["id"]: one["verdict"] for one in json.loads(asked.stdout)["checks"]}
        assert (found["K-04"], found["K-05"]) == ("PASS", "PASS")
        registry.holds.clear()
        again = json.loads(run("audit", str(RUN[1]), "--registry", "--json").stdout)
        assert {one["id"]: one["verdict"] for one in again["checks"]}["K-04"] == "FAIL"
        assert len(registry.asked) == 4


# ------------------------------------------------------------------------------------------ GraphQL
@pytest.fixture(scope="module")
def store() -> SqlStore:
    return stored(clean())


def asked(store: SqlStore, text: str, **values: object) -> dict[str, object]:
    answer: dict[str, object] = execute(store, EVERYTHING, text, {"run": global_id(RUN), **values})
    return answer


AUDIT = """query ($run: ID!, $policy: String, $images: [ImageAnswer!]) {
    audit(run: $run, policy: $policy, asOf: "2026-01-02T01:00:00Z", images: $images) {
        tier repeated policy checks { id verdict blocks severity }
        run { name tier audit { tier } executions(where: {cached: true}) { nodes { reuse {
            verdict reason ageSeconds imageThen imageNow source { displayName } evidence { path } } } } }
    }
}"""


def test_an_audit_is_answered_with_what_registries_said(store: SqlStore) -> None:
    told = [{"image": STEP_IMAGE, "at": "2026-01-01T02:00:00Z", "found": True, "labels": {}}]
    found = asked(store, AUDIT, policy="code", images=told)
    assert "errors" not in found
    answer = json.loads(to_json(found))["data"]["audit"]
    verdicts = {one["id"]: one["verdict"] for one in answer["checks"]}
    assert (verdicts["K-04"], verdicts["K-05"], answer["tier"]) == ("PASS", "UNKNOWN", "NONE")
    assert answer["policy"].startswith("code 1 sha256:")
    assert answer["run"]["tier"] == answer["run"]["audit"]["tier"] == "TRACEABLE"


def test_what_a_reuse_is_worth_is_answered(store: SqlStore) -> None:
    answer = json.loads(to_json(asked(store, AUDIT)))["data"]["audit"]["run"]["executions"]["nodes"]
    (reuse,) = (one["reuse"] for one in answer)
    assert (reuse["verdict"], reuse["source"]["displayName"], reuse["ageSeconds"]) == ("SOUND", "evaluate", 3592.0)
    assert reuse["imageThen"] == reuse["imageNow"] == STEP_IMAGE.partition("@")[2]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"run": "bm9uZQ"}, "is no id of this API"),
        ({"policy": "strict"}, "policy: there is no policy called 'strict'"),
        ({"images": [{"image": "a", "at": "2026-01-01T02:00:00Z", "labels": {"a": 1}}]}, "labels are texts"),
    ],
)
def test_what_makes_no_sense_is_refused(store: SqlStore, values: dict[str, object], reason: str) -> None:
    errors = asked(store, AUDIT, **values)["errors"]
    assert reason in str(errors)


def test_a_run_that_nobody_may_see_is_not_found(store: SqlStore) -> None:
    assert audit_evidence(store, EVERYTHING, ("Run", "nobody"), as_of=RECORDED_AT) is None


# ------------------------------------------------------------------------------------------ all of it
def test_no_secret_is_ever_evidence() -> None:
    seen = clean()
    seen.container("train")["env"] = [{"name": "DB_PASSWORD", "value": "correct horse"}]
    evidence = evidence_of(seen)
    assert evidence is not None
    found = judged(evidence, seen)
    said = [f"{one.path} {one.value}" for of in found.checks for one in of.evidence] + [
        of.reason for of in found.checks
    ]
    assert not [one for one in said if "correct horse" in one or "redacted:" in one]
    assert check(found, "P-03").verdict is Verdict.PASS


@pytest.mark.skipif(not fixtures_folder().is_dir(), reason=f"there are no recorded objects in {fixtures_folder()}")
@pytest.mark.parametrize("folder", [*FOLDERS, "katib", "training"])
def test_every_recorded_run_can_be_audited_and_twice_the_same(folder: str) -> None:
    store = a_store()
    seen = sightings_in(fixtures_folder() / folder)
    store.apply(list(chain.from_iterable(recorder.facts_of(one, interpreted) for one in seen)), recorded_at=RECORDED_AT)
    for one in store.runs(EVERYTHING, Listing(), PageRequest(first=1000)).items:
        first, second = (audit_evidence(store, EVERYTHING, one.key, as_of=RECORDED_AT) for _ in range(2))
        assert first is not None
        assert second is not None
        assert audit(first, DEFAULT) == audit(second, DEFAULT)
