"""What differs between one step of a run and the same step of another. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from lineage.comparison.changes import Change, ChangeKind
from lineage.comparison.documents import as_text, leaves
from lineage.comparison.specs import could_be_computed_otherwise
from lineage.containers import Container, ContainerRole, Told
from lineage.dossier import Step
from lineage.fingerprints import content_of, environment_of, results_of
from lineage.generated import Generated
from lineage.identity import encode_key
from lineage.model import BUILT_IN, Artifact, ArtifactUse, Metric, Parameter, Phase

REDACTED: Final = "(redacted)"
_SECRETLY: Final = "the value of a secret is another: its keyed digest is"


# ------------------------------------------------------------------------------------------ code and surroundings
def image_changes(step: str, old: Step, new: Step) -> Iterator[Change]:
    """Which images are others: of somebody's own containers, and of those that the engine adds."""
    for name, before, after in _containers(old, new):
        if before is None or after is None:
            continue
        same_digest = before.digest == after.digest
        if before.digest is not None and after.digest is not None:
            is_other = not same_digest or before.image != after.image
        else:
            is_other = before.image != after.image
        if is_other:
            is_known = before.digest is not None and after.digest is not None
            yield Change(
                kind=ChangeKind.IMAGE,
                step=step,
                path=f"containers[{name}].image",
                before=_image(before),
                after=_image(after),
                causal=before.is_of_user and not (is_known and same_digest),
                detail="another reference to the same image" if is_known and same_digest else None,
            )


def _image(one: Container) -> str:
    return one.image if one.digest is None or one.digest in one.image else f"{one.image} {one.digest}"


def environment_changes(step: str, old: Step, new: Step, generated: tuple[Generated, Generated]) -> Iterator[Change]:
    """What is set around the code that its template does not say: variables and containers that were added on the way,
    and resources. What the templates say is compared in their text."""
    if not _told_by_pods(old) or not _told_by_pods(new):
        return
    for name, before, after in _containers(old, new):
        if before is None or after is None:
            one = before or after
            if one is not None and one.role is not ContainerRole.USER:
                yield _added_container(step, name, before, after)
            continue
        if not before.is_of_user:
            continue
        mine, theirs = dict(environment_of(before, generated[0])), dict(environment_of(after, generated[1]))
        told = _told_variables(old, name) | _told_variables(new, name)
        for variable in sorted((mine.keys() | theirs.keys()) - told):
            if mine.get(variable) != theirs.get(variable):
                path = f"containers[{name}].env[{variable}]"
                yield _environment(step, path, mine.get(variable), theirs.get(variable), causal=True)
        if not _told_member(old, name, "resources") and not _told_member(new, name, "resources"):
            for leaf in leaves(dict(before.resources), dict(after.resources)):
                path = f"containers[{name}].resources.{leaf.written}"
                is_causal = could_be_computed_otherwise(path)
                yield _environment(step, path, as_text(leaf.before), as_text(leaf.after), causal=is_causal)


def _told_by_pods(step: Step) -> bool:
    return any(one.told is Told.POD for one in step.containers)


def _added_container(step: str, name: str, before: Container | None, after: Container | None) -> Change:
    texts = [None if one is None else _image(one) for one in (before, after)]
    return _environment(step, f"containers[{name}]", texts[0], texts[1], causal=False)


def _environment(step: str, path: str, before: str | None, after: str | None, *, causal: bool) -> Change:
    return Change(kind=ChangeKind.ENVIRONMENT, step=step, path=path, before=before, after=after, causal=causal)


def _told_variables(step: Step, container: str) -> set[str]:
    return {one.name for each in step.asked_for if each.name == container for one in each.environment}


def _told_member(step: Step, container: str, member: str) -> bool:
    return any(getattr(each, member) for each in step.asked_for if each.name == container)


def _containers(old: Step, new: Step) -> Iterator[tuple[str, Container | None, Container | None]]:
    mine, theirs = ({one.name: one for one in step.containers} for step in (old, new))
    for name in sorted(mine.keys() | theirs.keys()):
        yield name, mine.get(name), theirs.get(name)


# ------------------------------------------------------------------------------------------ values
def parameter_changes(
    step: str | None, kind: ChangeKind, path: str, old: Iterable[Parameter], new: Iterable[Parameter]
) -> Iterator[Change]:
    """Which values are others, compared by name; of secrets, that they are."""
    mine, theirs = ({one.name: one for one in given} for given in (old, new))
    for name in sorted(mine.keys() | theirs.keys()):
        before, after = mine.get(name), theirs.get(name)
        if before == after:
            continue
        hidden = any(one is not None and one.redacted for one in (before, after))
        yield Change(
            kind=kind,
            step=step,
            path=f"{path}[{name}]",
            before=_value(before),
            after=_value(after),
            causal=kind is ChangeKind.PARAMETER,
            detail=_SECRETLY if hidden and before is not None and after is not None else None,
        )


def _value(one: Parameter | None) -> str | None:
    if one is None:
        return None
    return REDACTED if one.redacted else one.value or ""


# ------------------------------------------------------------------------------------------ artifacts
def input_change(step: str, name: str, before: ArtifactUse | None, after: ArtifactUse | None) -> Change | None:
    """What differs between an input from outside and the same input of the other run; None where nothing does.

    The same bytes at another place, and other bytes at the same place, are told apart.
    """
    if before is None or after is None:
        one = before or after
        return None if one is None else _input(step, name, before, after, causal=True, detail=None)
    old, new = before.artifact, after.artifact
    if old.key == new.key:
        return None
    contents, is_same_place = (content_of(old), content_of(new)), old.uri == new.uri and old.uri is not None
    if None in contents:
        where = "written again at the same place" if is_same_place else "at another place"
        return _input(step, name, before, after, causal=True, detail=f"{where}, and the content is not known")
    if contents[0] == contents[1]:
        if is_same_place or old.uri is None or new.uri is None:
            return None  # written again, the same
        return _input(step, name, before, after, causal=False, detail="the same content at another place")
    where = "at the same place" if is_same_place else "at another place"
    return _input(step, name, before, after, causal=True, detail=f"another content {where}")


def _input(
    step: str, name: str, before: ArtifactUse | None, after: ArtifactUse | None, *, causal: bool, detail: str | None
) -> Change:
    return Change(
        kind=ChangeKind.INPUT,
        step=step,
        path=f"inputs.artifacts[{name}]",
        before=None if before is None else described(before.artifact),
        after=None if after is None else described(after.artifact),
        causal=causal,
        detail=detail,
    )


def described(artifact: Artifact) -> str:
    """Name an artifact by its place and its content, as far as they are known."""
    return " ".join(filter(None, (artifact.uri, content_of(artifact)))) or artifact.name


def output_changes(step: str, old: Step, new: Step) -> Iterator[Change]:
    """Of which outputs the content is another, as far as it is known of both."""
    mine, theirs = by_port(results_of(old.outputs)), by_port(results_of(new.outputs))
    for name in sorted(mine.keys() | theirs.keys()):
        before, after = (
            None if one is None else content_of(one.artifact) for one in (mine.get(name), theirs.get(name))
        )
        there = [one is not None for one in (mine.get(name), theirs.get(name))]
        if all(there) and (before is None or after is None or before == after):
            continue
        if not all(there) and old.execution.phase is not new.execution.phase:
            continue  # what did not end has no outputs
        yield Change(
            kind=ChangeKind.OUTPUT,
            step=step,
            path=f"outputs.artifacts[{name}]",
            before=before if all(there) else _there(mine.get(name)),
            after=after if all(there) else _there(theirs.get(name)),
            causal=False,
        )


def _there(use: ArtifactUse | None) -> str | None:
    return None if use is None else described(use.artifact)


def by_port(uses: Iterable[ArtifactUse]) -> Mapping[str, ArtifactUse]:
    """Inputs or outputs by name; several of one name, as a list of artifacts has, in the order of their places."""
    several = tuple(uses)
    if len(several) < 2:
        return {use.name: use for use in several}
    found: dict[str, ArtifactUse] = {}
    count: Counter[str] = Counter()
    for use in sorted(several, key=lambda use: (use.name, use.artifact.uri or "", encode_key(use.artifact.key))):
        number = count[use.name]
        found[f"{use.name}, {number}" if number else use.name] = use
        count[use.name] += 1
    return found


# ------------------------------------------------------------------------------------------ how it went
def phase_changes(step: str, old: Step, new: Step, attempts: tuple[int, int]) -> Iterator[Change]:
    """How the step ended, whether it was taken from a cache, and how often it was tried."""
    mine, theirs = old.execution, new.execution
    said: list[tuple[str, Any, Any]] = [("phase", mine.phase.value, theirs.phase.value)]
    if Phase.SKIPPED not in (mine.phase, theirs.phase):
        said += [("cached", mine.cached, theirs.cached), ("attempts", *attempts)]
        said.append(("exitCode", mine.exit_code, theirs.exit_code))
    for path, before, after in said:
        if before != after and not (path == "exitCode" and mine.phase is not theirs.phase):
            detail = " · ".join(dict.fromkeys(filter(None, sorted([mine.message or "", theirs.message or ""]))))
            yield Change(
                kind=ChangeKind.PHASE,
                step=step,
                path=path,
                before=as_text(before),
                after=as_text(after),
                causal=False,
                detail=detail or None if path == "phase" else None,
            )


def metric_changes(step: str | None, old: Iterable[Metric], new: Iterable[Metric]) -> Iterator[Change]:
    """Which metrics have another last value, of those that somebody's code reports."""
    mine, theirs = ({one.name: one for one in given if one.source != BUILT_IN} for given in (old, new))
    for name in sorted(mine.keys() | theirs.keys()):
        before, after = _measured(mine.get(name)), _measured(theirs.get(name))
        if before != after:
            yield Change(
                kind=ChangeKind.METRIC, step=step, path=f"metrics[{name}]", before=before, after=after, causal=False
            )


def _measured(one: Metric | None) -> str | None:
    if one is None:
        return None
    return repr(one.value) if one.special is None else one.special.value
