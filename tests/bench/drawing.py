"""Pictures of provenance: laid out and written as SVG, beside a limit and beside the writing alone."""

from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Final

from lineage.drawing.picture import Arrow, Kind, Picture, Thing
from lineage.drawing.svg import svg_of
from tests.bench.measuring import AtMost, Bench, Finding, Row, interleaved, seconds_of

THINGS: Final = (100, 1_000)
LIMIT_SECONDS: Final = 0.1
STEPS: Final = 16  # of a run: each reads what one or two before it wrote


def measure(bench: Bench) -> Iterator[Finding]:
    """Measure how long pictures take to draw."""
    for number in THINGS:
        bench.say(f"drawing: {number:,} things")
        picture = picture_of(number)
        took = interleaved(
            {
                "ours": partial(seconds_of, partial(svg_of, picture)),
                "floor": partial(seconds_of, partial(written_alone, picture)),
            },
            bench.sizes.rounds,
        )
        what = f"picture of {number:,} things and {len(picture.arrows):,} arrows"
        yield Row(
            what=what,
            ours=took["ours"],
            beside="the limit",
            theirs=LIMIT_SECONDS,
            target=AtMost(1),
        )
        yield Row(what=what, ours=took["ours"], beside="its words and lines written anywhere", theirs=took["floor"])


def picture_of(number: int) -> Picture:
    """Make up the provenance of so many things: runs whose steps write one artifact each, and read those of others."""
    draw = Random(number)
    things: list[Thing] = []
    arrows: list[Arrow] = []
    for at in range(number // 2):
        run, step = divmod(at, STEPS)
        name, group = f"step-{step}", f"churn-training-{run}"
        things += [
            Thing(
                id=f"e{at}", kind=Kind.EXECUTION, title=name, subtitle=group, group=group, details=("phase: SUCCEEDED",)
            ),
            Thing(
                id=f"a{at}", kind=Kind.ARTIFACT, title="data", subtitle=f"s3://ml/{group}/{name}/data.tgz", group=group
            ),
        ]
        arrows.append(Arrow(source=f"e{at}", target=f"a{at}", label="written as data"))
        reads = {draw.randrange(max(0, at - STEPS), at) for _ in range(draw.choice((1, 1, 2)))} if at else set()
        arrows += [Arrow(source=f"a{other}", target=f"e{at}", label="read as data") for other in sorted(reads)]
    return Picture(title="a picture", things=tuple(things), arrows=tuple(arrows))


def written_alone(picture: Picture) -> str:
    """Write as much as there is to say of things and arrows, wherever: nothing can draw a picture in less."""
    boxes = [
        f'<g><title>{thing.title}</title><rect x="{at}" y="{at}" width="160" height="46"/><text x="{at + 14}" '
        f'y="{at + 20}">{thing.title}</text><text x="{at + 14}" y="{at + 36}">{thing.subtitle}</text></g>'
        for at, thing in enumerate(picture.things)
    ]
    lines = [
        f'<g><title>{arrow.source} → {arrow.target}</title><path d="M{at} {at}C{at} {at} {at} {at} {at} {at}"/></g>'
        for at, arrow in enumerate(picture.arrows)
    ]
    return "\n".join([*boxes, *lines])
