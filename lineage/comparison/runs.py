"""What differs between two runs. Pure.

Both are read in the same order whichever is the base, so that the difference of one from the other mirrors that of the
other from the one. What one change explains is not told again: an argument that was handed on to steps, data that one
step made for the next, a step that stands between two others.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from msgspec import structs

from lineage.comparison.changes import Change, ChangeKind, RunDiff, in_order, together
from lineage.comparison.documents import Leaf
from lineage.comparison.matching import Matched, match
from lineage.comparison.specs import by_template, is_edge, spec_changes, template_in
from lineage.comparison.steps import (
    by_port,
    environment_changes,
    image_changes,
    input_change,
    metric_changes,
    output_changes,
    parameter_changes,
    phase_changes,
)
from lineage.dossier import Dossier, Step
from lineage.fingerprints import content_of, generated_names, results_of
from lineage.identity import Key, encode_key
from lineage.model import Parameter, Phase
from lineage.tombstones import value_that_stays

_TEMPLATES: Final = frozenset({"templates", "components", "executors"})
_GRAPHS: Final = frozenset({"tasks", "steps"})
_LOOPS: Final = frozenset({"withItems", "withParam", "withSequence"})


def compare(base: Dossier, target: Dossier, matched: Matched | None = None) -> RunDiff:
    """Find all differences between two runs. `matched` are their steps, where these were matched before."""
    matched = match(base, target) if matched is None else matched.renewed(base, target)
    if encode_key(base.run.key) > encode_key(target.run.key):
        found = compare(target, base, matched.turned)
        mirrored = in_order(change.mirrored for change in found.changes)
        return replace(found, base=base.run, target=target.run, changes=mirrored)
    changes = in_order(_Comparison(base, target, matched).changes()) if base.run.key != target.run.key else ()
    return RunDiff(
        base=base.run,
        target=target.run,
        changes=changes,
        not_compared=(*_forgotten(base, target), *_not_compared(matched)) if base.run.key != target.run.key else (),
    )


class _Comparison:
    """One comparison: what was found, and what that explains."""

    def __init__(self, base: Dossier, target: Dossier, matched: Matched) -> None:
        self._base, self._target, self._matched = base, target, matched
        self._generated = generated_names(base), generated_names(target)
        alone = (*matched.base_only, *matched.target_only)
        self._names_alone = {one.execution.display_name for one in alone}
        self._templates_alone = {one.execution.template for one in alone}
        self._done = [(old, new) for old, new in matched.both if _was_begun(old) is _was_begun(new)]
        steps = [*base.current, *target.current]
        self._templates = by_template([(one.execution.template, one.execution.display_name) for one in steps])
        self._whole = not any(one.run.forgotten_at for one in (base, target))

    def changes(self) -> Iterator[Change]:
        topology = [*self._steps_alone(), *self._edges()]
        images = list(self._for_each(ChangeKind.IMAGE))
        told = {(change.step, change.path) for change in images}
        texts = list(self._texts(told, has_topology=bool(topology))) if self._whole else []
        yield from topology
        yield from images
        yield from texts
        yield from self._parameters([one for one in texts if one.kind is ChangeKind.PARAMETER])
        yield from self._inputs()
        yield from self._for_each(ChangeKind.ENVIRONMENT) if self._whole else ()
        metrics = list(self._metrics())
        yield from self._outputs({(one.step, one.path) for one in metrics})
        yield from self._phases()
        yield from metrics

    # -- what the pipeline is
    def _texts(self, images: Collection[tuple[str | None, str]], *, has_topology: bool) -> Iterator[Change]:
        """Differences between the texts of the pipelines that the steps do not show."""
        told = {step for step, _ in images}
        for leaf, change in spec_changes(self._base, self._target, self._templates):
            if leaf.path[:2] == ("arguments", "parameters"):
                continue  # which arguments there are, whose values the runs tell
            if change.kind is ChangeKind.IMAGE and told & {change.step, *change.steps}:
                continue
            if has_topology and self._is_of_step_alone(leaf):
                continue
            if is_edge(leaf) and self._matched.both:
                continue  # the graph of the nodes says what came of it
            yield change

    def _is_of_step_alone(self, leaf: Leaf) -> bool:
        """Whether it says again that a step is there in one run alone."""
        if leaf.path[-2:-1] and leaf.path[-2] in _TEMPLATES and template_in(leaf.path) in self._templates_alone:
            return True
        if not _LOOPS.isdisjoint(leaf.path):
            return any("(" in name for name in self._names_alone)  # turns of a loop
        names = {part.strip("[]") for part in leaf.path} | _named_in(leaf.before) | _named_in(leaf.after)
        return not _GRAPHS.isdisjoint(leaf.path) and not names.isdisjoint(self._names_alone)

    def _steps_alone(self) -> Iterator[Change]:
        for steps, is_target in ((self._matched.base_only, False), (self._matched.target_only, True)):
            for step in steps:
                name = self._matched.called[step.execution.key]
                what = f"{name} ({step.execution.template or step.execution.kind})"
                yield Change(
                    kind=ChangeKind.TOPOLOGY,
                    step=name,
                    path="steps",
                    before=None if is_target else what,
                    after=what if is_target else None,
                    causal=True,
                )

    def _edges(self) -> Iterator[Change]:
        """Which steps had to end before others, by way of those that are in both runs."""
        numbers = {one.execution.key: number for number, pair in enumerate(self._matched.both) for one in pair}
        sides = [_before_each(dossier, numbers) for dossier in (self._base, self._target)]
        for number, (old, new) in enumerate(self._matched.both):
            before, after = sides[0].get(number, frozenset()), sides[1].get(number, frozenset())
            if before != after and not {old.execution.phase, new.execution.phase} & {Phase.OMITTED}:
                texts = [
                    ", ".join(sorted(self._matched.name(*self._matched.both[one]) for one in some)) or "nothing"
                    for some in (before, after)
                ]
                yield Change(
                    kind=ChangeKind.TOPOLOGY,
                    step=self._matched.name(old, new),
                    path="dependsOn",
                    before=texts[0],
                    after=texts[1],
                    causal=True,
                )

    # -- what single steps are
    def _for_each(self, kind: ChangeKind) -> Iterator[Change]:
        """Differences of matched steps, those of one template told once."""
        found: defaultdict[tuple[object, ...], list[Change]] = defaultdict(list)
        for old, new in self._done:
            template = new.execution.template or self._matched.name(old, new)
            for change in self._of_step(kind, old, new):
                found[template, change.path, change.before, change.after, change.detail].append(change)
        for (shared, *_), some in found.items():
            if kind is ChangeKind.OUTPUT:
                yield from some
            else:
                yield together(some, called=str(shared))

    def _of_step(self, kind: ChangeKind, old: Step, new: Step) -> Iterator[Change]:
        name = self._matched.name(old, new)
        if kind is ChangeKind.IMAGE:
            yield from image_changes(name, old, new)
        elif kind is ChangeKind.ENVIRONMENT:
            yield from environment_changes(name, old, new, self._generated)
        else:
            yield from output_changes(name, old, new)
            theirs = (
                self._neutral(old.execution.output_parameters, 0),
                self._neutral(new.execution.output_parameters, 1),
            )
            if old.execution.phase is new.execution.phase and self._whole:
                yield from parameter_changes(self._matched.name(old, new), kind, "outputs.parameters", *theirs)

    def _neutral(self, given: Iterable[Parameter], side: int) -> list[Parameter]:
        """Values without generated names."""
        neutral = self._generated[side].neutral
        return [
            one
            if one.redacted or one.value is None or (value := neutral(one.value)) == one.value
            else structs.replace(one, value=value)
            for one in given
        ]

    def _given(self) -> tuple[list[Parameter], list[Parameter]]:
        """What both runs were given, as far as it stays known of both."""
        mine, theirs = self._neutral(self._base.view.parameters, 0), self._neutral(self._target.view.parameters, 1)
        if self._whole:
            return mine, theirs
        return _that_stay(mine), _that_stay(theirs)

    def _outputs(self, metrics: Collection[tuple[str | None, str]]) -> Iterator[Change]:
        """What came out that is another, but for values that are told as metrics."""
        for change in self._for_each(ChangeKind.OUTPUT):
            metric = change.path.replace("outputs.parameters[", "metrics[")
            if (change.step, metric) not in metrics:
                yield change

    # -- values that go from one to the next
    def _parameters(self, told: Sequence[Change]) -> Iterator[Change]:
        """Arguments that differ, where they were given: not again where they are handed on."""
        given = list(parameter_changes(None, ChangeKind.PARAMETER, "parameters", *self._given()))
        yield from given
        if not self._whole:
            return
        explained = [(one.before, one.after) for one in (*given, *told)]
        explained += [(one.before, one.after) for one in self._made_values()]
        for old, new in self._done:
            values = self._neutral(old.execution.input_parameters, 0), self._neutral(new.execution.input_parameters, 1)
            for change in parameter_changes(
                self._matched.name(old, new), ChangeKind.PARAMETER, "inputs.parameters", *values
            ):
                if not _is_handed_on(change, explained):
                    explained.append((change.before, change.after))
                    yield change

    def _made_values(self) -> Iterator[Change]:
        for old, new in self._done:
            values = (
                self._neutral(old.execution.output_parameters, 0),
                self._neutral(new.execution.output_parameters, 1),
            )
            yield from parameter_changes(None, ChangeKind.OUTPUT, "", *values)

    def _inputs(self) -> Iterator[Change]:
        """Data from outside that differs: what was made on the way is told where it came out."""
        mine, theirs = self._base.written, self._target.written
        found: defaultdict[tuple[object, ...], list[Change]] = defaultdict(list)
        for old, new in self._done:
            before, after = by_port(old.inputs), by_port(new.inputs)
            for name in sorted(before.keys() | after.keys()):
                was, now = before.get(name), after.get(name)
                is_own = (was is None or was.artifact.key in mine) and (now is None or now.artifact.key in theirs)
                if is_own and was is not None and now is not None:
                    continue
                change = input_change(self._matched.name(old, new), name, was, now)
                if change is not None:
                    found[change.before, change.after].append(change)
        for some in found.values():
            yield together(some, called=min(one.step or "" for one in some))

    # -- how it went
    def _phases(self) -> Iterator[Change]:
        failed: set[int] = set()
        changes: list[tuple[int, Change]] = []
        for number, (old, new) in enumerate(self._matched.both):
            attempts = self._matched.attempts[old.execution.key], self._matched.attempts[new.execution.key]
            for change in phase_changes(self._matched.name(old, new), old, new, attempts):
                changes.append((number, change))
                if change.path == "phase" and {old.execution.phase, new.execution.phase} & {Phase.FAILED, Phase.ERROR}:
                    failed.add(number)
        for number, change in changes:
            old, new = self._matched.both[number]
            is_left_out = Phase.OMITTED in (old.execution.phase, new.execution.phase)
            if not (failed and is_left_out and number not in failed):
                yield change
        mine, theirs = self._base.run, self._target.run
        if mine.phase is not theirs.phase and not any(change.path == "phase" for _, change in changes):
            yield Change(
                kind=ChangeKind.PHASE,
                step=None,
                path="phase",
                before=mine.phase.value,
                after=theirs.phase.value,
                causal=False,
                detail=" · ".join(sorted(filter(None, {self._base.view.message, self._target.view.message}))) or None,
            )

    def _metrics(self) -> Iterator[Change]:
        """Of each step, and what is of the run alone."""
        for old, new in self._done:
            yield from metric_changes(self._matched.name(old, new), old.metrics, new.metrics)
        mine, theirs = (
            [one for one in dossier.metrics if one.execution_key is None] for dossier in (self._base, self._target)
        )
        yield from metric_changes(None, mine, theirs)


# ------------------------------------------------------------------------------------------ parts
def _was_begun(step: Step) -> bool:
    """Of what was left out nothing is there that could be compared."""
    return step.execution.phase not in (Phase.SKIPPED, Phase.OMITTED)


def _named_in(value: object) -> set[str]:
    """The texts that stand in a part of a document, names of tasks among them."""
    if isinstance(value, Mapping):
        name = value.get("name")
        return ({name} if isinstance(name, str) else set()) | {
            one for each in value.values() for one in _named_in(each)
        }
    if isinstance(value, list):
        return {one for each in value for one in (_named_in(each) if not isinstance(each, str) else {each})}
    return {value} if isinstance(value, str) else set()


def _before_each(dossier: Dossier, numbers: Mapping[Key, int]) -> Mapping[int, frozenset[int]]:
    """Of each matched step the matched ones that had to end before it, through those that are not."""
    direct = {step.execution.key: step.depends_on for step in dossier.steps}
    found: dict[int, frozenset[int]] = {}
    for key, number in numbers.items():
        if key not in direct:
            continue
        before: set[int] = set()
        seen: set[Key] = set()
        waiting = list(direct[key])
        while waiting:
            one = waiting.pop()
            if one in seen:
                continue
            seen.add(one)
            if one in numbers:
                before.add(numbers[one])
            else:
                waiting.extend(direct.get(one, ()))
        found[number] = frozenset(before - {number})
    return found


def _is_handed_on(change: Change, explained: Sequence[tuple[str | None, str | None]]) -> bool:
    """Whether a value differs in just what is told already."""
    for before, after in explained:
        if (change.before, change.after) == (before, after):
            return True
        if before and after and change.before and change.after and change.before.replace(before, after) == change.after:
            return True
    return False


def _that_stay(given: Iterable[Parameter]) -> list[Parameter]:
    return [structs.replace(one, value=value_that_stays(one.value)) for one in given]


def _forgotten(*dossiers: Dossier) -> Iterator[str]:
    """Say of which runs what others have is not known any more."""
    for one in sorted((each.run for each in dossiers if each.run.forgotten_at), key=lambda run: run.id):
        yield (
            f"the details of {one.display_name} were forgotten on {one.forgotten_at:%Y-%m-%d}: texts, surroundings, "
            "and the arguments and results of steps are not compared"
        )


def _not_compared(matched: Matched) -> Iterator[str]:
    """Say what nobody can tell."""
    unknown = {"input": 0, "output": 0}
    code = 0
    for old, new in matched.both:
        for what, pairs in (
            ("input", (old.inputs, new.inputs)),
            ("output", (results_of(old.outputs), results_of(new.outputs))),
        ):
            mine, theirs = map(by_port, pairs)
            unknown[what] += sum(
                mine[name].artifact.key != theirs[name].artifact.key
                and None in (content_of(mine[name].artifact), content_of(theirs[name].artifact))
                for name in mine.keys() & theirs.keys()
            )
        if old.ran and new.ran:
            ran = (old.code, new.code)
            code += not all(ran) or any(one.digest is None for containers in ran for one in containers)
    for what, count in unknown.items():
        if count:
            yield f"{count} {what}{'s' if count > 1 else ''}: the content is not known of both"
    seldom = Counter(
        new.execution.template
        for old, new in matched.both
        if old.ran and new.ran and old.pods and new.pods and not (old.pod_objects and new.pod_objects)
    )
    for template, count in sorted(seldom.items(), key=str):
        yield f"what is set around the code of {count} more steps of {template}"
    if code:
        yield f"the images of {code} step{'s' if code > 1 else ''}: what ran is not known of both"
