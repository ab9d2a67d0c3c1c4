"""Asking ML Metadata, where its answers are rubbish or name times to come: nothing keeps the rest from its turn."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from lineage.errors import BadAnswer
from tests.factories import moment
from watchers.mlmd import MetadataStore
from watchers.mlmd_rounds import MetadataRounds
from watchers.rounds import DEFAULT_TEMPO, Told
from watchers.source import uid_of

NOW = 10_000.0
RUN = "system.PipelineRun"


class Answers:
    """A service with one execution a run, changed at a time; what is asked of `broken` runs cannot be read. Checked
    against the real one in `tests/integration/test_ml_metadata.py`, as far as it behaves."""

    def __init__(self, changed: Mapping[str, float], broken: str = "") -> None:
        self.changed = dict(changed)
        self.asked: Counter[str] = Counter()
        self._broken = broken

    def call(self, method: str, request: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked[method] += 1
        ids = {run: str(number) for number, run in enumerate(self.changed, start=1)}
        match method:
            case "GetExecutions":
                newest = sorted(self.changed, key=lambda run: -self.changed[run])
                return {"executions": [self._execution(ids[run], run) for run in newest]}
            case "GetContextsByExecution":
                run = next(run for run, uid in ids.items() if uid == request["execution_id"])
                return {"contexts": [{"id": ids[run], "name": run, "type": RUN}]}
            case "GetContextByTypeAndName" if request["context_name"] == self._broken:
                raise BadAnswer("it is no message")
            case "GetContextByTypeAndName":
                return {"context": {"id": ids[request["context_name"]], "name": request["context_name"]}}
            case "GetExecutionsByContext":
                run = next(run for run, uid in ids.items() if uid == request["context_id"])
                return {"executions": [self._execution(ids[run], run), {}]}
            case "GetEventsByExecutionIDs":
                return {"events": [{}, {"artifact_id": "7", "execution_id": request["execution_ids"][0]}]}
            case _:
                return {}

    def _execution(self, uid: str, run: str) -> Mapping[str, Any]:
        return {"id": uid, "last_update_time_since_epoch": str(int(self.changed[run] * 1000))}

    def close(self) -> None:
        pass


def asking(answers: Answers) -> MetadataRounds:
    return MetadataRounds(MetadataStore(answers), None, clock=lambda: moment(NOW), tempo=DEFAULT_TEMPO)


def told(rounds: MetadataRounds) -> list[Told]:
    return list(rounds.rounds[0].ask())


def test_a_run_that_cannot_be_read_is_told_with_the_reason_and_those_behind_it_as_well() -> None:
    rounds = asking(Answers({"old": NOW - 30, "broken": NOW - 20, "new": NOW - 10}, broken="broken"))
    found = {uid_of(one.item): one.unreadable for one in told(rounds)}
    assert found == {"new": None, "broken": "it is no message", "old": None}
    assert told(rounds) == []


def test_a_time_to_come_hides_nothing_that_is_written_before_it() -> None:
    answers = Answers({"of the year 292277026": 2**62 / 1000, "run": NOW - 10})
    rounds = asking(answers)
    assert len(told(rounds)) == 2
    answers.changed["run"] = NOW - 5
    assert [uid_of(one.item) for one in told(rounds)] == ["run"]


def test_records_without_ids_are_passed_over() -> None:
    (one,) = told(asking(Answers({"run": NOW})))
    assert [each.get("id") for each in one.item["told"]["executions"]] == [None, "1"]


def test_of_an_execution_whose_run_was_read_nobody_asks_which_run_it_is_of() -> None:
    answers = Answers({"run": NOW - 10})
    rounds = asking(answers)
    told(rounds)
    answers.changed["run"] = NOW - 5
    told(rounds)
    assert answers.asked["GetContextsByExecution"] == 1
