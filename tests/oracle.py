"""The rules of identity and merging a second time: what is known, as a function of a set of facts.

Slow and obvious: it looks at everything at once, and shares no rule with `lineage.merge` and `lineage.store`.
`knowledge` says what the facts amount to, `known` reads the same off a store.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf, isnan
from typing import Any, Generic, TypeAlias, TypeVar

from lineage.evidence import Look, MetricValue, compare
from lineage.facts import (
    ExecutionState,
    Fact,
    LocationLooked,
    ObjectGone,
    PodSeen,
    ResourceListed,
    Revision,
    RunSeen,
)
from lineage.identity import (
    Key,
    Location,
    decode_key,
    execution_key,
    parse_global_id,
    provisional_key,
    run_key,
    state_key,
    unknown_key,
    written_key,
)
from lineage.model import ArtifactRole, ArtifactState, Phase
from lineage.ports import EVERYTHING, LineageStore

V = TypeVar("V")

SKEW = 2
NEVER = 1 << 60
ENDED = {Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR, Phase.SKIPPED, Phase.OMITTED}

Attempt: TypeAlias = tuple[str, str, int | None]
"""Run, node and start."""

Seat: TypeAlias = Attempt | tuple[str, str]
"""Where a pod is: at an attempt, or at the provisional execution of its owner and node."""

Use: TypeAlias = tuple[Key, ArtifactRole, str]

Metric: TypeAlias = tuple[str, float | None, str | None, int, str]
"""Name, value or what it is instead, step and source."""


# ------------------------------------------------------------------------------------------ what is known
@dataclass(frozen=True, kw_only=True)
class Workflow:
    uid: str | None
    phase: Phase
    in_cluster: bool


@dataclass(frozen=True, kw_only=True)
class Run:
    name: str
    phase: Phase
    in_cluster: bool
    workflows: tuple[Workflow, ...]


@dataclass(frozen=True, kw_only=True)
class Pod:
    uid: str
    phase: Phase
    in_cluster: bool


@dataclass(frozen=True, kw_only=True)
class Execution:
    run: Key
    kind: str
    phase: Phase
    superseded: bool
    cached: bool
    finished_at: int | None
    pods: frozenset[Pod]
    depends_on: frozenset[Key]
    metrics: frozenset[Metric] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Artifact:
    uri: str | None
    created_at: int | None
    producer: Key | None
    state: ArtifactState
    size_bytes: int | None
    digest: str | None


@dataclass(frozen=True, kw_only=True)
class Known:
    """All that the rules speak of, by key."""

    runs: Mapping[Key, Run]
    executions: Mapping[Key, Execution]
    artifacts: Mapping[Key, Artifact]
    uses: Mapping[Use, frozenset[Key]]


# ------------------------------------------------------------------------------------------ read off a store
def known(store: LineageStore) -> Known:
    """Read what a store knows off its dump."""
    items: dict[str, dict[Key, Mapping[str, Any]]] = defaultdict(dict)
    for item in store.dump(EVERYTHING):
        items[item["type"]][parse_global_id(item["id"])] = item
    return Known(
        runs={key: _read_run(item) for key, item in items["Run"].items()},
        executions={key: _read_execution(item) for key, item in items["Execution"].items()},
        artifacts={key: _read_artifact(item) for key, item in items["Artifact"].items()},
        uses=_read_uses(items["Execution"]),
    )


def _read_run(item: Mapping[str, Any]) -> Run:
    workflows = tuple(
        Workflow(uid=w["uid"], phase=Phase(w["phase"]), in_cluster=w["inCluster"]) for w in item["workflows"]
    )
    return Run(name=item["name"], phase=Phase(item["phase"]), in_cluster=item["inCluster"], workflows=workflows)


def _read_execution(item: Mapping[str, Any]) -> Execution:
    return Execution(
        run=parse_global_id(item["run"]),
        kind=item["kind"],
        phase=Phase(item["phase"]),
        superseded=item["superseded"],
        cached=item["cached"],
        finished_at=_seconds(_moment(item["finishedAt"])),
        pods=frozenset(_read_pod(pod) for pod in item["pods"]),
        depends_on=frozenset(parse_global_id(one) for one in item["dependsOn"]),
        metrics=frozenset((m["name"], m["value"], m["special"], m["step"], m["source"]) for m in item["metrics"]),
    )


def _read_pod(item: Mapping[str, Any]) -> Pod:
    return Pod(uid=item["uid"], phase=Phase(item["phase"]), in_cluster=item["inCluster"])


def _read_artifact(item: Mapping[str, Any]) -> Artifact:
    producer = item["producer"]
    return Artifact(
        uri=item["uri"],
        created_at=_seconds(_moment(item["createdAt"])),
        producer=None if producer is None else parse_global_id(producer),
        state=ArtifactState(item["state"]),
        size_bytes=item["sizeBytes"],
        digest=item["digest"] if item["uri"] else None,
    )


def _read_uses(executions: Mapping[Key, Mapping[str, Any]]) -> dict[Use, frozenset[Key]]:
    found: dict[Use, set[Key]] = defaultdict(set)
    ambiguous: dict[Use, bool] = {}
    for key, item in executions.items():
        for use in [*item["inputs"], *item["outputs"]]:
            role = ArtifactRole(use["role"])
            if role is not ArtifactRole.GENERATED:
                found[key, role, use["name"]].add(parse_global_id(use["artifact"]))
                ambiguous[key, role, use["name"]] = use["ambiguous"]
    for use_key, artifacts in found.items():
        assert ambiguous[use_key] == (len(artifacts) > 1), use_key
    return {use_key: frozenset(artifacts) for use_key, artifacts in found.items()}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() // 1)


# ------------------------------------------------------------------------------------------ views
@dataclass(frozen=True)
class View(Generic[V]):
    revision: Revision
    value: V


@dataclass
class Views(Generic[V]):
    """The views of one subject: the newest of each class."""

    of: dict[str, View[V]] = field(default_factory=dict)

    def add(self, revision: Revision, value: V) -> None:
        held = self.of.get(revision.kind)
        if held is None or _rank(held.revision) < _rank(revision):
            self.of[revision.kind] = View(revision, value)

    @property
    def current(self) -> View[V]:
        if len(self.of) == 1:
            return next(iter(self.of.values()))
        numbered, dated = self.of["K"], self.of["R"]
        if numbered.revision.life != dated.revision.life:
            return max(numbered, dated, key=lambda view: view.revision.life)
        knows_the_end = dated.revision.ended and not numbered.revision.ended
        return dated if knows_the_end and dated.revision.latest >= numbered.revision.latest else numbered

    @property
    def listed_at(self) -> View[V] | None:
        """The view that a list can be compared with: a file has none."""
        return self.of.get("K")


def _rank(revision: Revision) -> tuple[str, str, str]:
    return revision.life, revision.version, revision.digest


def _ended(revision: Revision, *, ended: bool) -> Revision:
    return Revision(**{name: getattr(revision, name) for name in revision.__struct_fields__} | {"ended": ended})


class Subjects:
    """Everything that the facts speak of, each with its views."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.headers: dict[str, Views[RunSeen]] = defaultdict(Views)
        self.incarnations: dict[str, Views[RunSeen]] = defaultdict(Views)
        self.rolls: dict[str, Views[RunSeen]] = defaultdict(Views)
        self.attempts: dict[Attempt, Views[ExecutionState]] = defaultdict(Views)
        self.pods: dict[str, Views[PodSeen]] = defaultdict(Views)
        self.deleted: set[str] = set()
        self.lists: dict[tuple[str, str, str], tuple[str, set[str]]] = {}
        self.looks: dict[Location, set[tuple[int, Look]]] = defaultdict(set)
        for fact in facts:
            self._see(fact)

    def _see(self, fact: Fact) -> None:
        match fact:
            case RunSeen():
                self._see_run(fact)
            case PodSeen():
                self.pods[fact.uid].add(fact.revision, fact)
            case ObjectGone():
                self.deleted.add(fact.uid)
            case ResourceListed():
                scope = (fact.cluster, fact.resource, fact.namespace)
                version, uids = self.lists.get(scope, ("", set()))
                if fact.version >= version:
                    self.lists[scope] = (fact.version, {*fact.uids} | (uids if fact.version == version else set()))
            case LocationLooked():
                self._see_look(fact)
            case _:
                pass

    def _see_look(self, fact: LocationLooked) -> None:
        looks = self.looks[fact.location]
        looks.add((fact.at, fact.look))
        if fact.look.of is not None:  # what is said of one artifact is said by every later view: the first counts
            said = {(at, look) for at, look in looks if look == fact.look}
            looks -= said - {min(said, key=lambda one: one[0])}

    def _see_run(self, fact: RunSeen) -> None:
        self.headers[fact.run].add(fact.revision, fact)
        self.incarnations[fact.incarnation].add(fact.revision, fact)
        if fact.executions is None:
            return
        self.rolls[fact.run].add(fact.revision, fact)
        for state in fact.executions:
            if state.started_at is not None:
                attempt = (fact.run, state.node_id, state.started_at)
                self.attempts[attempt].add(_ended(fact.revision, ended=state.phase in ENDED), state)

    def is_gone(self, uid: str, resource: str, seen: View[RunSeen] | View[PodSeen] | None) -> bool:
        if uid in self.deleted:
            return True
        return seen is not None and any(
            cluster == seen.value.cluster
            and listed == resource
            and namespace in ("*", seen.value.namespace)
            and version >= seen.revision.version
            and uid not in uids
            for (cluster, listed, namespace), (version, uids) in self.lists.items()
        )

    def executions(self) -> dict[Attempt, ExecutionState]:
        """All attempts, and a placeholder for each node that the roll of its run shows waiting."""
        found: dict[Attempt, ExecutionState] = {key: views.current.value for key, views in self.attempts.items()}
        for run, views in self.rolls.items():
            waiting = (state for state in views.current.value.executions or () if state.started_at is None)
            found |= {(run, state.node_id, None): state for state in waiting}
        return found

    def named(self, run: str) -> set[tuple[str, int | None]] | None:
        """What the roll of a run names; None where no view of it showed its nodes."""
        if run not in self.rolls:
            return None
        return {(state.node_id, state.started_at) for state in self.rolls[run].current.value.executions or ()}

    def run_of(self, pod: PodSeen) -> str:
        if pod.owner_uid in self.incarnations:
            return self.incarnations[pod.owner_uid].current.value.run
        return pod.run_label or pod.owner_uid


# ------------------------------------------------------------------------------------------ knowledge
def knowledge(facts: Iterable[Fact]) -> Known:
    """Say what a set of facts amounts to."""
    subjects = Subjects(facts)
    executions = subjects.executions()
    seats = {uid: _seat(subjects, views.current.value, executions) for uid, views in subjects.pods.items()}
    ports = {key: _ports(subjects, key, state, seats) for key, state in executions.items()}
    before = _before(executions)
    places = _places(subjects, executions, ports)
    uses: dict[Use, frozenset[Key]] = {}
    for key, (_, reads) in ports.items():
        for (role, name), where in reads.items():
            reader = (key, _span(key, executions[key]))
            uses[execution_key(*key), role, name] = _answer(reader, places[where], where, before)
    shown = _executions(subjects, executions, seats, ports)
    measured = {
        key: replace(one, metrics=_metrics(key, executions, subjects, places, uses)) for key, one in shown.items()
    }
    return Known(
        runs=_runs(subjects),
        executions=measured | _provisional(subjects, seats),
        artifacts=_artifacts(subjects, places, uses),
        uses=uses,
    )


def _end(state: ExecutionState) -> int | None:
    return _seconds(state.finished_at) if state.phase in ENDED else None


def _runs(subjects: Subjects) -> dict[Key, Run]:
    found: dict[Key, Run] = {}
    for run, views in subjects.headers.items():
        header = views.current.value
        of_run = [v for v in subjects.incarnations.values() if v.current.value.run == run]
        workflows = [_workflow(subjects, v) for v in sorted(of_run, key=lambda v: _rank(v.current.revision))]
        newest = subjects.incarnations[header.incarnation]
        gone = subjects.is_gone(header.incarnation, "workflows.argoproj.io", newest.listed_at)
        phase = Phase.UNKNOWN if gone and header.phase not in ENDED else header.phase
        found[run_key(run)] = Run(name=header.name, phase=phase, in_cluster=not gone, workflows=tuple(workflows))
    for views_of_pod in subjects.pods.values():
        run = subjects.run_of(views_of_pod.current.value)
        if run not in subjects.headers:
            of_pods = [v.current.value for v in subjects.pods.values() if subjects.run_of(v.current.value) == run]
            first = min(of_pods, key=lambda pod: (pod.created_at, pod.uid))
            found[run_key(run)] = Run(name=first.owner_name, phase=Phase.UNKNOWN, in_cluster=True, workflows=())
    return found


def _workflow(subjects: Subjects, views: Views[RunSeen]) -> Workflow:
    seen = views.current.value
    gone = subjects.is_gone(seen.incarnation, "workflows.argoproj.io", views.listed_at)
    phase = Phase.UNKNOWN if gone and seen.phase not in ENDED else seen.phase
    return Workflow(uid=seen.workflow_uid, phase=phase, in_cluster=not gone)


def _run_is_gone(subjects: Subjects, run: str) -> bool:
    if run not in subjects.headers:
        return False
    incarnation = subjects.headers[run].current.value.incarnation
    return subjects.is_gone(incarnation, "workflows.argoproj.io", subjects.incarnations[incarnation].listed_at)


def _pods_at(subjects: Subjects, seat: Seat, seats: Mapping[str, Seat]) -> list[PodSeen]:
    mine = [subjects.pods[uid].current.value for uid, at in seats.items() if at == seat]
    return sorted(mine, key=lambda pod: (pod.created_at, pod.uid))


def _shown_pods(subjects: Subjects, pods: Iterable[PodSeen]) -> frozenset[Pod]:
    found = set()
    for pod in pods:
        gone = subjects.is_gone(pod.uid, "pods", subjects.pods[pod.uid].listed_at)
        phase = Phase.UNKNOWN if gone and pod.phase not in ENDED else pod.phase
        found.add(Pod(uid=pod.uid, phase=phase, in_cluster=not gone))
    return frozenset(found)


def _executions(
    subjects: Subjects,
    executions: Mapping[Attempt, ExecutionState],
    seats: Mapping[str, Seat],
    ports: Mapping[Attempt, tuple[Mapping[str, Location], Mapping[tuple[ArtifactRole, str], Location]]],
) -> dict[Key, Execution]:
    found: dict[Key, Execution] = {}
    for key, state in executions.items():
        if state.is_group:
            continue
        run, node_id, start = key
        named = subjects.named(run)
        superseded = start is not None and named is not None and (node_id, start) not in named
        lost = superseded or _run_is_gone(subjects, run)
        imported = {write.name for write in state.writes if write.imported}
        taken_over = {name for role, name in ports[key][1] if role is ArtifactRole.REUSED}
        found[execution_key(*key)] = Execution(
            run=run_key(run),
            kind=state.kind,
            phase=Phase.UNKNOWN if lost and state.phase not in ENDED else state.phase,
            superseded=superseded,
            cached=state.memoized or not taken_over <= imported,
            finished_at=_seconds(state.finished_at),
            pods=_shown_pods(subjects, _pods_at(subjects, key, seats)),
            depends_on=frozenset(
                execution_key(*one) for one in _nearest(key, executions, past_system=not state.is_system)
            ),
        )
    return found


def _nearest(key: Attempt, executions: Mapping[Attempt, ExecutionState], *, past_system: bool) -> set[Attempt]:
    """The executions right before one, through groupings, and past plumbing unless it is some itself."""
    found: set[Attempt] = set()
    for node_id, start in executions[key].parents:
        parent = (key[0], node_id, start)
        if parent in executions:
            state = executions[parent]
            between = state.is_group or (past_system and state.is_system)
            found |= _nearest(parent, executions, past_system=past_system) if between else {parent}
    return found


def _provisional(subjects: Subjects, seats: Mapping[str, Seat]) -> dict[Key, Execution]:
    found: dict[Key, Execution] = {}
    for seat in {seat for seat in seats.values() if len(seat) == 2}:
        pods = _pods_at(subjects, seat, seats)
        run = subjects.run_of(pods[0])
        lost = _run_is_gone(subjects, run) and pods[-1].phase not in ENDED
        found[provisional_key(str(seat[0]), str(seat[1]))] = Execution(
            run=run_key(run),
            kind="POD",
            phase=Phase.UNKNOWN if lost else pods[-1].phase,
            superseded=False,
            cached=False,
            finished_at=_seconds(pods[-1].finished_at),
            pods=_shown_pods(subjects, pods),
            depends_on=frozenset(),
        )
    return found


# ------------------------------------------------------------------------------------------ pods
def _seat(subjects: Subjects, pod: PodSeen, executions: Mapping[Attempt, ExecutionState]) -> Seat:
    run, born, ended = subjects.run_of(pod), _seconds(pod.created_at) or 0, _seconds(pod.finished_at)
    starts = {
        key[2]: _end(state)
        for key, state in executions.items()
        if key[:2] == (run, pod.node_id) and key[2] is not None and state.acts
    }
    holding = [start for start in starts if _holds(start, starts, born, ended)]
    if holding:
        return run, pod.node_id, min(holding, key=lambda start: (abs(start - born), -start))
    adopted = [start for start in starts if ended is not None and born < start and start + SKEW < ended]
    if adopted:
        return run, pod.node_id, min(adopted)
    return (run, pod.node_id, None) if (run, pod.node_id, None) in executions else (pod.owner_uid, pod.node_id)


def _holds(start: int, starts: Mapping[int, int | None], born: int, ended: int | None) -> bool:
    end = starts[start]
    last = min((later for later in starts if later > start), default=NEVER) if end is None else max(start, end)
    return start - SKEW <= born <= last + SKEW and (ended is None or ended <= last + SKEW)


# ------------------------------------------------------------------------------------------ artifacts
def _ports(
    subjects: Subjects, key: Attempt, state: ExecutionState, seats: Mapping[str, Seat]
) -> tuple[dict[str, Location], dict[tuple[ArtifactRole, str], Location]]:
    """What an attempt wrote, and what it read and took over."""
    hit = any(pod.reused for pod in _pods_at(subjects, key, seats))
    writes: dict[str, Location] = {}
    uses = {(ArtifactRole.USED, read.name): read.location for read in state.reads}
    for write in state.writes:
        if write.reused or (hit and not write.own):
            uses[ArtifactRole.REUSED, write.name] = write.location
        else:
            writes[write.name] = write.location
    return writes, uses


Span: TypeAlias = tuple[int, int]
Reader: TypeAlias = tuple[Attempt, Span]
Before: TypeAlias = Callable[[Attempt, Attempt], bool]


LookState: TypeAlias = tuple[str, int, str]
"""Version, time of the last change and ETag."""


@dataclass(frozen=True)
class Written:
    """A write in time; `by` is None for an outside one."""

    key: Key
    by: Attempt | None
    span: Span
    uri: str
    own: LookState | None = None


def _state_of(look: Look) -> LookState | None:
    if look.state is not ArtifactState.PRESENT or look.modified_at is None:
        return None
    return look.version or "", _seconds(look.modified_at) or 0, look.etag or ""


def _span(key: Attempt, state: ExecutionState) -> Span:
    start, end = key[2] or 0, _end(state)
    return start, NEVER if end is None else max(start, end)


def _places(
    subjects: Subjects,
    executions: Mapping[Attempt, ExecutionState],
    ports: Mapping[Attempt, tuple[Mapping[str, Location], Mapping[tuple[ArtifactRole, str], Location]]],
) -> dict[Location, list[Written]]:
    """All writes of every location, in time."""
    recorded: dict[Location, list[Written]] = defaultdict(list)
    for key, (writes, uses) in ports.items():
        for name, where in writes.items():
            span = _span(key, executions[key])
            recorded[where].append(Written(written_key(*key, name), key, span, where.uri))
        for where in uses.values():
            recorded.setdefault(where, [])
    for where in subjects.looks:
        recorded.setdefault(where, [])
    return {where: _told_apart(where, writes, subjects.looks.get(where, set())) for where, writes in recorded.items()}


def _told_apart(where: Location, writes: list[Written], sightings: Iterable[tuple[int, Look]]) -> list[Written]:
    """Give each write the state that can only be its; the other states are outside writes."""
    looks: dict[LookState, int] = {}
    for at, look in sightings:
        if (state := _state_of(look)) is not None:
            looks[state] = max(at, looks.get(state, 0))
    owner = {state: claims[0] for state in looks if len(claims := _claims(state[1], writes)) == 1}
    narrowed: dict[Key, LookState] = {}
    for write in writes:
        states = sorted((state for state in owner if owner[state] is write), key=lambda state: state[1])
        unrivalled = states and (len(states) == 1 or states[-2][1] < states[-1][1])
        if unrivalled and looks[states[-1]] >= write.span[1] - SKEW:
            narrowed[write.key] = states[-1]
    taken = set(narrowed.values())
    outside = [
        Written(
            state_key(where, version or f"{modified} {etag}"),
            None,
            (modified, modified),
            where.uri,
            own=(version, modified, etag),
        )
        for version, modified, etag in looks
        if (version, modified, etag) not in taken
    ]
    return outside + [
        Written(w.key, w.by, (at, at) if (at := narrowed[w.key][1]) else w.span, w.uri, own=narrowed[w.key])
        if w.key in narrowed
        else w
        for w in writes
    ]


def _verified(
    sightings: Iterable[tuple[int, Look]], key: Key, own: LookState | None, span: Span | None
) -> Mapping[str, Any]:
    """What looks say of an artifact: how it was, by the strongest that shows it, and how it is, by the last that can
    tell. Looks speak of whatever lies there, but for those that name an artifact."""
    named = {(at, look) for at, look in sightings if look.of is not None and decode_key(look.of) == key}
    seen = sorted(
        {(at, look) for at, look in sightings if look.of is None} | named, key=lambda one: (one[0], repr(one[1]))
    )
    if own is None:
        seen = [one for one in seen if span is None or one in named or one[0] >= span[0] - SKEW]
    else:
        shown = min(index for index, (_, look) in enumerate(seen) if _state_of(look) == own)
        seen = [one for index, one in enumerate(seen) if one in named or index >= shown]
    mine = sorted((look for _, look in seen if own is not None and _state_of(look) == own), key=_weakness)
    state = ArtifactState.UNVERIFIED
    for _, look in seen:
        says = look.state
        if says is ArtifactState.PRESENT and mine:
            says = compare(mine[0], look).state
        elif says is ArtifactState.PRESENT:
            modified = _seconds(look.modified_at)
            later = span is not None and modified is not None and modified > span[1] + SKEW
            says = ArtifactState.CHANGED if later else ArtifactState.UNVERIFIED
        state = state if says is ArtifactState.UNVERIFIED else says
    known = mine[0] if mine else Look(state=state)
    return {"state": state, "size_bytes": known.size_bytes, "digest": known.known_digest}


def _weakness(look: Look) -> int:
    return look.evidence.rank


def _claims(modified: int, writes: list[Written]) -> list[Written]:
    return [write for write in writes if write.span[0] - SKEW <= modified <= write.span[1] + SKEW]


def _artifacts(
    subjects: Subjects, places: Mapping[Location, list[Written]], uses: Mapping[Use, frozenset[Key]]
) -> dict[Key, Artifact]:
    found = {
        write.key: Artifact(
            uri=write.uri,
            created_at=None if write.span[1] == NEVER else write.span[1],
            producer=None if write.by is None else execution_key(*write.by),
            **_verified(subjects.looks.get(where, set()), write.key, write.own, write.span),
        )
        for where, writes in places.items()
        for write in writes
    }
    read = {key for keys in uses.values() for key in keys}
    for where in places:
        if unknown_key(where) in read:
            seen = _verified(subjects.looks.get(where, set()), unknown_key(where), None, None)
            found[unknown_key(where)] = Artifact(uri=where.uri, created_at=None, producer=None, **seen)
    return found


def _metrics(
    key: Key,
    executions: Mapping[Attempt, ExecutionState],
    subjects: Subjects,
    places: Mapping[Location, list[Written]],
    uses: Mapping[Use, frozenset[Key]],
) -> frozenset[Metric]:
    """The latest value of each metric: of the last step, a file's before an output parameter's."""
    state = next(state for attempt, state in executions.items() if execution_key(*attempt) == key)
    reused = (keys for (user, role, _), keys in uses.items() if user == key and role is ArtifactRole.REUSED)
    taken = set[Key]().union(*reused)
    found: dict[str, list[tuple[int, bool, str, Metric]]] = defaultdict(list)
    for parameter in state.output_parameters:
        if parameter.name == "accuracy" and parameter.value is not None:
            number, source = float(parameter.value), "outputs.parameters.accuracy"
            value, special = (None, "NAN") if isnan(number) else (number, None)
            found["accuracy"].append((0, True, source, ("accuracy", value, special, 0, source)))
    for where, writes in places.items():
        for write in writes:
            if write.key in taken or (write.by is not None and execution_key(*write.by) == key):
                for one in _said(subjects.looks.get(where, set()), write.own):
                    metric = (one.name, one.value, one.special, one.step, where.uri)
                    found[one.name].append((one.step, False, where.uri, metric))
    return frozenset(min(of, key=_counts_first)[-1] for of in found.values())


def _counts_first(one: tuple[int, bool, str, Metric]) -> tuple[int, bool, str, float]:
    step, is_parameter, source, (_, value, _, _, _) = one
    return -step, is_parameter, source, inf if value is None else -value


def _said(sightings: Iterable[tuple[int, Look]], own: LookState | None) -> Iterable[MetricValue]:
    seen = sorted(sightings, key=lambda one: (one[0], repr(one[1])))
    mine = [look.said for _, look in seen if own is not None and look.said is not None and _state_of(look) == own]
    return mine[0].values if mine else ()


def _answer(reader: Reader, writes: list[Written], where: Location, before: Before) -> frozenset[Key]:
    """Which writes an attempt may have read."""
    me, (start, end) = reader

    def may_be_read(write: Written) -> bool:
        if write.by is not None and (write.by == me or before(me, write.by)):
            return False
        return write.span[0] <= end + SKEW or (write.by is not None and before(write.by, me))

    def surely_before(write: Written, other: Attempt | None, other_start: int) -> bool:
        if write.by is not None and other is not None and write.by != other:
            if before(write.by, other):
                return True
            if before(other, write.by):
                return False
        return write.span[1] + SKEW < other_start

    possible = [write for write in writes if may_be_read(write)]
    sure = [write for write in possible if surely_before(write, me, start)]
    left = [
        write
        for write in possible
        if not any(surely_before(write, later.by, later.span[0]) for later in sure if later is not write)
    ]
    unknown = frozenset() if sure else frozenset({unknown_key(where)})
    return frozenset(write.key for write in left or possible) | unknown


def _before(executions: Mapping[Attempt, ExecutionState]) -> Before:
    ancestors: dict[Attempt, set[Attempt]] = {}

    def ancestors_of(key: Attempt) -> set[Attempt]:
        if key not in ancestors:
            found: set[Attempt] = set()
            todo = [key]
            while todo:
                one = todo.pop()
                parents = {(one[0], *parent) for parent in executions[one].parents} & executions.keys()
                todo += parents - found
                found |= parents
            ancestors[key] = found
        return ancestors[key]

    def before(earlier: Attempt, later: Attempt) -> bool:
        if earlier[0] != later[0]:
            return False
        if earlier[1] == later[1]:
            return earlier[2] is not None and later[2] is not None and earlier[2] < later[2]
        return earlier in ancestors_of(later)

    return before
