"""The report of an audit: which tier a run has earned, what stands in the way of the next, and the evidence of each
verdict.

It is made of an answer to `audit`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from lineage.errors import InvalidId
from lineage.identity import parse_global_id
from lineage.report.document import (
    NOT_KNOWN,
    Badge,
    Block,
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
    table_of,
)
from lineage.report.times import duration, time_of, took

Answer = Mapping[str, Any]

_VERDICTS: Final = {
    "FAIL": Tone.ALARM,
    "UNKNOWN": Tone.NOTICE,
    "WAIVED": Tone.NOTICE,
    "PASS": Tone.GOOD,
    "NOT_APPLICABLE": Tone.QUIET,
}
"""In the order in which they are listed: what needs somebody first."""
_TIERS: Final = {"NONE": Tone.ALARM, "TRACEABLE": Tone.NOTICE, "RE_EXECUTABLE": Tone.GOOD, "VERIFIED": Tone.GOOD}
"""Lowest first."""
_REUSES: Final = {"SOUND": Tone.GOOD, "STALE": Tone.NOTICE, "BROKEN": Tone.ALARM, "UNKNOWN": Tone.NOTICE}
_NOT_PASSED: Final = ("FAIL", "UNKNOWN", "WAIVED")
"""What keeps a run from a tier: a waiver says why that is borne, and changes nothing of what is known."""
_REPEATED: Final = {"PASS": "REPEATED", "FAIL": "NOT REPEATED"}


def audit_report(audit: Answer) -> Report:
    """Write the report of `audit` in an answer."""
    order = list(_VERDICTS)
    checks = sorted(audit["checks"], key=lambda check: (order.index(check["verdict"]), check["id"]))
    return Report(
        f"{audit['run']['displayName']}: audit",
        (
            Section("In short", "in-short", (Facts(tuple(_short(audit, checks))),)),
            *_in_the_way(audit["tier"], checks),
            *_verdicts(checks),
            *_reuses(audit["run"]["executions"]),
            Section("Evidence", "evidence", (Paragraph((_EVIDENCE,)),)),
            *map(_evidence, sorted(checks, key=lambda check: str(check["id"]))),
        ),
    )


_EVIDENCE: Final = (
    "What each verdict rests on: what was looked at, where in it, what was found and when that was seen. What was "
    "never seen proves nothing, so a check without evidence does not pass."
)
_OBJECT: Final = ("kind", "uid", "version")


def _short(audit: Answer, checks: Sequence[Answer]) -> Iterator[tuple[str, Line]]:
    run = audit["run"]
    yield "run", (f"{run['displayName']} in {run['namespace']}",)
    yield (
        "went",
        (f"{run['phase']}, began {time_of(run['startedAt'])} UTC, took {took(run['startedAt'], run['finishedAt'])}",),
    )
    yield "tier", (Badge(audit["tier"], _TIERS.get(audit["tier"], Tone.QUIET)),)
    repeated = audit["repeated"]
    yield "repeated", (Badge(_REPEATED.get(repeated, _words(repeated)), _VERDICTS.get(repeated, Tone.QUIET)),)
    numbers = {verdict: sum(check["verdict"] == verdict for check in checks) for verdict in _VERDICTS}
    yield (
        "verdicts",
        listed(Link(f"{number} {_words(verdict)}", _anchor(verdict)) for verdict, number in numbers.items() if number),
    )
    yield "evidence", (counted(sum(check["evidenceTotal"] for check in checks), "piece", "pieces", "evidence"),)
    yield "policy", (Code(audit["policy"]),)
    yield "as of (UTC)", (time_of(audit["asOf"]),)


def _in_the_way(tier: str, checks: Sequence[Answer]) -> Iterator[Section]:
    """Say tier by tier which checks keep the run from it."""
    tiers = list(_TIERS)
    rows = [
        Row(
            (
                (higher,),
                (Link(f"{check['id']} {check['title']}", check["id"]),),
                (_badge(check["verdict"]),),
                (check["remedy"] or NOT_KNOWN,),
            )
        )
        for higher in tiers[tiers.index(tier) + 1 :]
        for check in checks
        if check["blocks"] == higher and check["verdict"] in _NOT_PASSED
    ]
    if rows:
        columns = ("tier", "check that keeps it away", "verdict", "what to do")
        yield Section("In the way", "in-the-way", (Table(columns, tuple(rows)),))


def _verdicts(checks: Sequence[Answer]) -> Iterator[Section]:
    for verdict in _VERDICTS:
        rows = [
            Row(
                (
                    (Link(check["id"], check["id"]),),
                    (check["title"],),
                    (check["severity"],),
                    (check["reason"],),
                    (_pieces(check),),
                )
            )
            for check in checks
            if check["verdict"] == verdict
        ]
        if rows:
            columns = ("check", "what is so where it passes", "weighs", "why", "evidence")
            yield Section(_words(verdict).capitalize(), _anchor(verdict), (Table(columns, tuple(rows)),))


def _reuses(executions: Answer) -> Iterator[Section]:
    """What was taken from a cache, and what that is worth."""
    rows = tuple(
        Row(
            (
                (execution["displayName"],),
                (Badge(reuse["verdict"], _REUSES.get(reuse["verdict"], Tone.QUIET)),),
                (reuse["reason"],),
                _source(reuse["source"]),
                (duration(reuse["ageSeconds"]),),
                (_image(reuse["imageThen"]),),
                (_image(reuse["imageNow"]),),
            )
        )
        for execution in executions["nodes"]
        if (reuse := execution["reuse"]) is not None
    )
    if rows:
        columns = ("execution", "verdict", "why", "taken from", "old", "image then", "image now")
        more = executions["totalCount"] - len(executions["nodes"])
        cut = [Paragraph((f"{more:,} more were taken from a cache.",))] if more else []
        yield Section("Taken from a cache", "reuses", (table_of(columns, rows), *cut))


def _source(source: Answer | None) -> Line:
    return (NOT_KNOWN,) if source is None else (f"{source['displayName']} of {source['run']['displayName']}",)


def _image(name: str | None) -> Inline:
    return NOT_KNOWN if name is None else Code(name)


def _evidence(check: Answer) -> Section:
    facts: list[tuple[str, Line]] = [
        ("verdict", (_badge(check["verdict"]),)),
        ("why", (check["reason"],)),
        ("weighs", (check["severity"],)),
    ]
    if check["counts"]:
        facts.append(
            ("of those looked at", listed(f"{one['count']:,} {_words(one['verdict'])}" for one in check["counts"]))
        )
    if check["remedy"]:
        facts.append(("what to do", (check["remedy"],)))
    rows = tuple(
        Row(
            (
                _subject(piece["subject"]),
                (Code(piece["path"]),),
                (Code(piece["value"]) if piece["value"] is not None else NOT_KNOWN,),
                (time_of(piece["observedAt"]),),
                _object(piece),
            ),
            f"{check['id']}-{number}",
        )
        for number, piece in enumerate(check["evidence"], 1)
    )
    blocks: list[Block] = [Facts(tuple(facts))]
    if rows:
        blocks.append(table_of(("of what", "where", "found", "seen (UTC)", "in which object"), rows))
    if len(rows) < check["evidenceTotal"]:
        blocks.append(Paragraph((f"{len(rows):,} of {check['evidenceTotal']:,} pieces are shown.",)))
    return Section(f"{check['id']} {check['title']}", check["id"], tuple(blocks), is_part=True)


def _pieces(check: Answer) -> Link | str:
    number = check["evidenceTotal"]
    return Link(f"{number:,}", f"{check['id']}-1") if check["evidence"] else "none"


def _object(piece: Answer) -> Line:
    """The object that says so: its kind, uid and version."""
    known = [str(piece[name]) for name in _OBJECT if piece[name] is not None]
    return (Code("\n".join(known)),) if known else (NOT_KNOWN,)


def _subject(id: str | None) -> Line:
    """Write the id of something as what it is made of, for who knows the objects."""
    if id is None:
        return (NOT_KNOWN,)
    try:
        key = parse_global_id(id)
    except InvalidId:
        return (Code(id),)
    return (f"{key[0]} ", Code(" ".join(str(part) for part in key[1:] if part is not None)))


def _badge(verdict: str) -> Badge:
    return Badge(_words(verdict), _VERDICTS.get(verdict, Tone.QUIET))


def _words(name: str) -> str:
    return name.replace("_", " ")


def _anchor(verdict: str) -> str:
    return f"verdict-{verdict.lower().replace('_', '-')}"
