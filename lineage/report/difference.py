"""The report of a difference: what is not the same in two runs, first what could change results.

It is made of an answer to `runDiff`: the two runs, and the changes from the first to the second in their order.
"""

from collections.abc import Iterator, Mapping, Sequence
from difflib import unified_diff
from itertools import chain
from typing import Any, Final

from lineage.report.document import (
    NOT_KNOWN,
    Badge,
    Block,
    Changes,
    Code,
    Facts,
    Inline,
    Line,
    Link,
    Paragraph,
    Report,
    Row,
    Section,
    Table,
    Tone,
    counted,
    listed,
)
from lineage.report.times import time_of, took

Answer = Mapping[str, Any]

_KINDS: Final = {
    "SPEC": "Text of the pipeline",
    "TOPOLOGY": "Steps and how they hang together",
    "IMAGE": "Images",
    "PARAMETER": "Parameters",
    "INPUT": "Inputs",
    "ENVIRONMENT": "Environment",
    "PHASE": "How it went",
    "OUTPUT": "Outputs",
    "METRIC": "Metrics",
}
_OF_THE_RUN: Final = "the run itself"
CAUSAL: Final = Badge("COULD CHANGE RESULTS", Tone.NOTICE)


def difference_report(difference: Answer) -> Report:
    """Write the report of `runDiff` in an answer."""
    base, target = difference["base"], difference["target"]
    changes = [(f"change-{number}", change) for number, change in enumerate(difference["changes"], 1)]
    by_kind: dict[str, list[tuple[str, Answer]]] = {kind: [] for kind in _KINDS}
    for anchor, change in changes:
        by_kind.setdefault(change["kind"], []).append((anchor, change))
    return Report(
        f"{base['displayName']} and {target['displayName']}: what differs",
        (
            Section("In short", "in-short", (Facts(tuple(_short(difference, by_kind))),)),
            Section("The two runs", "runs", (_runs(base, target),)),
            *_causal(changes),
            *_by_step(changes),
            *chain.from_iterable(_of_kind(kind, of_kind, base, target) for kind, of_kind in by_kind.items()),
            *_not_compared(difference["notCompared"]),
        ),
    )


def _title(kind: str) -> str:
    return _KINDS.get(kind, kind)


def _anchor(kind: str) -> str:
    return f"kind-{kind.lower()}"


def _short(difference: Answer, by_kind: Mapping[str, Sequence[object]]) -> Iterator[tuple[str, Line]]:
    changes = difference["changes"]
    yield "from", (Link(difference["base"]["displayName"], "runs"),)
    yield "to", (Link(difference["target"]["displayName"], "runs"),)
    if changes:
        differ: Line = (Badge("DIFFERENT", Tone.NOTICE), " ", counted(len(changes), "change", "changes", "by-step"))
    elif difference["identical"]:
        differ = (Badge("IDENTICAL", Tone.GOOD),)
    else:
        differ = (Badge("NOTHING DIFFERS, AS FAR AS IS KNOWN", Tone.NOTICE),)
    yield "differences", differ
    causal = sum(change["causal"] for change in changes)
    yield "could change results", (counted(causal, "change", "changes", "causal"),)
    kinds = {kind: len(of_kind) for kind, of_kind in by_kind.items() if of_kind}
    yield "by kind", listed(Link(f"{_title(kind)}: {number}", _anchor(kind)) for kind, number in kinds.items())
    if difference["notCompared"]:
        yield "not compared", (counted(len(difference["notCompared"]), "thing", "things", "not-compared"),)


def _runs(base: Answer, target: Answer) -> Block:
    other = dict(_facts(target))
    rows = tuple(Row(((name,), of_base, other[name])) for name, of_base in _facts(base))
    return Table(("what", f"from: {base['displayName']}", f"to: {target['displayName']}"), rows)


def _facts(run: Answer) -> Iterator[tuple[str, Line]]:
    version = run["pipelineVersion"]
    yield "id of the run", (Code(run["uid"] or NOT_KNOWN),)
    yield "namespace", (run["namespace"],)
    yield "pipeline", (version["pipeline"]["name"] if version else NOT_KNOWN,)
    yield "text of the pipeline", (Code(version["digest"] if version else NOT_KNOWN),)
    yield "phase", (run["phase"],)
    yield "began (UTC)", (time_of(run["startedAt"]),)
    yield "took", (took(run["startedAt"], run["finishedAt"]),)
    missing = "; ".join(run["fingerprintMissing"])
    yield "fingerprint", (Code(run["fingerprint"]) if run["fingerprint"] else f"not known: {missing}",)


def _causal(changes: Sequence[tuple[str, Answer]]) -> Iterator[Section]:
    """List what could change results, each as a link to its row."""
    rows = tuple(
        Row(((_title(change["kind"]),), (_step(change),), (Link(change["path"], anchor),)))
        for anchor, change in changes
        if change["causal"]
    )
    if rows:
        yield Section("What could change results", "causal", (Table(("what", "step", "where"), rows),))


def _by_step(changes: Sequence[tuple[str, Answer]]) -> Iterator[Section]:
    """Count the changes of each step by kind; a number leads to the first of them."""
    if not changes:
        return
    anchors: dict[str, dict[str, list[str]]] = {}
    for anchor, change in changes:
        anchors.setdefault(_step(change), {}).setdefault(change["kind"], []).append(anchor)
    kinds = list(dict.fromkeys((*_KINDS, *(change["kind"] for _, change in changes))))
    shown = [kind for kind in kinds if any(kind in of_step for of_step in anchors.values())]
    rows = []
    for step, of_step in anchors.items():
        numbers: list[Line] = [
            (Link(str(len(of_step[kind])), of_step[kind][0]),) if kind in of_step else ("",) for kind in shown
        ]
        rows.append(Row(((step,), *numbers)))
    yield Section("Changes by step", "by-step", (Table(("step", *map(_title, shown)), tuple(rows)),))


def _of_kind(kind: str, changes: Sequence[tuple[str, Answer]], base: Answer, target: Answer) -> Iterator[Section]:
    """A row of each change, and below them the lines of texts that changed."""
    if not changes:
        return
    columns = ("step", "where", f"from: {base['displayName']}", f"to: {target['displayName']}", "what that means")
    rows = tuple(
        Row(
            (
                (_step(change),),
                (change["path"],),
                *((_value(change[side], anchor, has_lines=_has_lines(change)),) for side in ("before", "after")),
                _meaning(change),
            ),
            anchor,
        )
        for anchor, change in changes
    )
    yield Section(_title(kind), _anchor(kind), (Table(columns, rows),))
    for anchor, change in changes:
        if _has_lines(change):
            lines = unified_diff(change["before"].splitlines(), change["after"].splitlines(), n=3, lineterm="")
            title = f"{_step(change)}: {change['path']}"
            yield Section(title, f"{anchor}-lines", (Changes(tuple(lines)[2:]),), is_part=True)


def _not_compared(reasons: Sequence[str]) -> Iterator[Section]:
    if reasons:
        yield Section("What is not compared", "not-compared", tuple(Paragraph((reason,)) for reason in reasons))


# ------------------------------------------------------------------------------------------ one change
def _step(change: Answer) -> str:
    steps = change["steps"]
    of_several = f" ({', '.join(steps)})" if len(steps) > 1 else ""
    return f"{change['step'] or _OF_THE_RUN}{of_several}"


def _has_lines(change: Answer) -> bool:
    sides = (change["before"], change["after"])
    return None not in sides and any("\n" in side for side in sides)


def _value(text: str | None, anchor: str, *, has_lines: bool) -> Inline:
    if text is None:
        return "not there"
    return Link("its lines are below", f"{anchor}-lines") if has_lines else Code(text)


def _meaning(change: Answer) -> Line:
    parts: list[Inline] = [CAUSAL] if change["causal"] else []
    if change["detail"]:
        parts += [" ", change["detail"]]
    return tuple(parts)
