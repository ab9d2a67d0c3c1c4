"""`lineage audit`: whether a run can be traced, could be made again, and was; for the runs of a pipeline, which have
earned which tier."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from lineage.audit import CHECKS, IDS, POLICIES, Tier, by_digest, read_policy
from lineage.cli.asking import Ask, UrlFlag, ask_pages, ask_saved, open_ask, write_json
from lineage.cli.flags import JsonFlag, StoreFlag
from lineage.cli.meant import run_meant
from lineage.cli.parts import now
from lineage.cli.pictures.audit import picture_of_audit, picture_of_checks, table_of_audits
from lineage.cli.telling import configure_logs
from lineage.cli.terminal import FAILURE, USAGE, complain, fail, notes, print_answer, printable
from lineage.containers import HELPERS
from lineage.errors import InvalidPolicy

IMAGES_AT_ONCE: Final = 8
MOST_IMAGES: Final = 1000  # as many answers the API takes

PolicyFlag = Annotated[
    str | None,
    typer.Option("--policy", metavar="FILE", help="A policy as TOML, or the name of one that is there: code."),
]
AsOfFlag = Annotated[
    str | None,
    typer.Option("--as-of", metavar="TIME", help="The date of the audit, such as 2026-11-21T08:00:00Z; else now."),
]
RegistryFlag = Annotated[
    bool, typer.Option("--registry", help="Ask the registries of the images whether they still have them.")
]


def audit(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="The id, the uid or the name of a run.")] = None,
    pipeline: Annotated[
        str | None, typer.Option("--pipeline", metavar="NAME", help="Audit the newest runs of this pipeline instead.")
    ] = None,
    last: Annotated[int, typer.Option("--last", metavar="N", min=1, max=100, help="How many of these.")] = 1,
    min_tier: Annotated[
        Tier | None,
        typer.Option("--min-tier", case_sensitive=False, help="Exit with 1 where a run has not earned this tier."),
    ] = None,
    policy: PolicyFlag = None,
    as_of: AsOfFlag = None,
    registry: RegistryFlag = False,
    show_all: Annotated[bool, typer.Option("--all", help="Show what passes or does not apply, too.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what each check asks, or the one that is named instead of a run.")
    ] = False,
    as_json: JsonFlag = False,
    store: StoreFlag = None,
    url: UrlFlag = None,
) -> None:
    """Say whether a run can be traced, could be made again, and was, with the evidence for each verdict.

    Of several runs of one name it is the newest. Nothing is asked of registries unless it is said: then it is this
    machine that asks, without a login. Exits with 1 below --min-tier, for a pipeline's own CI.

    ```
    lineage audit churn-training-hl9ft
    lineage audit --pipeline churn-training --min-tier traceable
    lineage audit churn-training-hl9ft --policy policy.toml --registry --json
    lineage audit K-06 --explain
    ```
    """
    configure_logs(logging.ERROR)
    if explain:
        _explain(run, as_json=as_json)
        return
    if (run is None) == (pipeline is None):
        fail("name a run, or a pipeline with --pipeline", code=USAGE)
    asked: dict[str, Any] = {"policy": policy_meant(policy), "asOf": moment_meant(as_of)}
    ask = open_ask(store, url)
    meant = [run_meant(ask, run)] if run is not None else _runs_of(ask, str(pipeline), last)
    found = [audit_of(ask, one, asked, registry=registry) for one in meant]
    if as_json:
        write_json(found[0] if run is not None else found)
    elif run is not None:
        print_answer(*picture_of_audit(found[0], show_all=show_all))
    else:
        print_answer(table_of_audits(found))
    _hold_to(found, min_tier)


def _hold_to(found: Sequence[Mapping[str, Any]], min_tier: Tier | None) -> None:
    """End with a failure where a run has not earned a tier."""
    below = [one for one in found if min_tier is not None and Tier(one["tier"]).rank < min_tier.rank]
    for one in below:
        complain(f"{printable(one['run']['displayName'])} has earned {one['tier']}, and {min_tier} is asked for")
    if below:
        raise typer.Exit(FAILURE)


def _runs_of(ask: Ask, pipeline: str, last: int) -> list[str]:
    found, _ = ask_pages(ask, "runs", "runs", {"pipelineName": {"eq": pipeline}}, last)
    if not found:
        fail(f"no run of the pipeline {printable(pipeline)} is recorded: `lineage runs` lists them")
    return [str(one["id"]) for one in found]


def audit_of(ask: Ask, run: str, asked: Mapping[str, Any], *, registry: bool) -> Mapping[str, Any]:
    """Ask for the audit of a run by its id, with what registries say of its images where they are to be asked."""
    images = _answers(ask, run) if registry else None
    found: Mapping[str, Any] = ask_saved(ask, "audit", {"id": run, "images": images, **asked})["audit"]
    return found


# ------------------------------------------------------------------------------------------ what it is held to
def policy_meant(given: str | None) -> str | None:
    """Read a policy, and make sure that it can be understood before anything is asked."""
    if given is None or given in POLICIES:
        return given
    try:
        text = Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        names = ", ".join(sorted(POLICIES))
        fail(f"the policy {given} cannot be read ({_why(error)}): give a file of TOML, or one of {names}", code=USAGE)
    try:
        read_policy(text, IDS)
    except InvalidPolicy as error:
        fail(f"{given}: {error}", code=USAGE)
    return text if text.strip() else None


def _why(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, OSError) and error.strerror else "it is no text in UTF-8"


def moment_meant(given: str | None) -> str | None:
    """Read a time, as the API takes it; ends where it is none."""
    if given is None:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        fail(f"--as-of {given} is no time: write it as 2026-11-21 or 2026-11-21T08:00:00Z", code=USAGE)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).isoformat().replace("+00:00", "Z")


# ------------------------------------------------------------------------------------------ registries
def _answers(ask: Ask, run: str) -> list[Mapping[str, Any]]:
    """Ask registries for the images that ran in a run."""
    from lineage.registry import RegistryClient  # noqa: PLC0415 - needed only where it is asked for

    images = sorted(set(_images(ask, run)))[:MOST_IMAGES]
    notes.print(f"Asking for {len(images)} image{'' if len(images) == 1 else 's'}.")
    client = RegistryClient(clock=now)
    try:
        with ThreadPoolExecutor(IMAGES_AT_ONCE) as pool:
            probes = list(pool.map(client.probe, images))
    finally:
        client.close()
    return [
        {
            "image": image,
            "at": one.at.isoformat().replace("+00:00", "Z"),
            "found": one.found,
            "reason": one.reason,
            "forbidden": one.forbidden,
            "labels": dict(one.labels),
        }
        for image, one in zip(images, probes, strict=True)
    ]


def _images(ask: Ask, run: str) -> Iterator[str]:
    """The images of a run by their digests, without those of containers that the engine adds."""
    after: str | None = None
    while True:
        page = ask_saved(ask, "images-of-run", {"id": run, "after": after})["node"]["executions"]
        for one in (image for node in page["nodes"] for image in node["images"]):
            name = by_digest(one["reference"], one["digest"], one["digestKind"])
            if name is not None and one["container"] not in HELPERS:
                yield name
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


# ------------------------------------------------------------------------------------------ explaining
def _explain(name: str | None, *, as_json: bool) -> None:
    chosen = [one for one in CHECKS if name is None or one.id == name.upper()]
    if not chosen:
        fail(f"there is no check {printable(name)}: there are {', '.join(IDS)}", code=USAGE)
    said = [
        {
            "id": one.id,
            "title": one.title,
            "severity": one.severity.value,
            "looksAt": one.looks_at,
            "remedy": one.remedy,
        }
        for one in chosen
    ]
    if as_json:
        write_json(said)
    else:
        print_answer(*picture_of_checks(said))
