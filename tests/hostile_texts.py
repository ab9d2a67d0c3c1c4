"""Texts by which a user of a pipeline may want to harm whoever looks at it: in a page, in a document, in a terminal, in
a table."""

from collections.abc import Iterator
from typing import Any

from tests.planting import mapped, says_what_it_is

DONE = "document.documentElement.dataset.harmed"
ELSEWHERE = "http://elsewhere.example:{port}/"


def texts(elsewhere: str) -> tuple[str, ...]:
    """Texts that would run a script, ask another site, or steer a terminal."""
    run = f"{DONE}=1"
    return (
        f"<script>{run}</script>",
        f"</title></style></script><script>{run}</script>",
        f'"><svg onload="{run}"><img src=x onerror=\'{run}\'>',
        f'\'><iframe src="javascript:{run}"></iframe>',
        f'<img src="{elsewhere}img"><link rel="stylesheet" href="{elsewhere}style">',
        f'<style>@import "{elsewhere}import"; body {{ background: url({elsewhere}background) }}</style>',
        f'<meta http-equiv="refresh" content="0; url={elsewhere}refresh"><base href="{elsewhere}base">',
        f"![x]({elsewhere}markdown) [x](javascript:{run}) <{elsewhere}auto>",
        f"]]></text></svg><script>{run}</script>",
        f"&lt;script&gt;{run}&lt;/script&gt; &#60;script&#62;",
        f"```\n</code></pre><script>{run}</script>\n# heading\n| a | b |",
        "@everyone #1 :tada: www.elsewhere.example",
        "\x1b]0;harmed\x07\x1b[2J\x1b[1;1H\x9b2J\r\x08\x00\x7f",
        "\u202egnp.exe\u2066 \u200b\ufeff",
        "[bold red]harmed[/] [link=http://elsewhere.example]x[/link] \\[",
        f'=HYPERLINK("{elsewhere}cell","x")',
        "+1+cmd|' /C calc'!A0",
        "@SUM(1+1)",
        "-2+3",
        "\t=1+1",
    )


def with_hostile_texts(item: Any, elsewhere: str) -> Any:
    """Put such a text in the place of, or behind, each text that does not say who is who."""
    of = _in_turns(elsewhere)

    def changed(text: str, place: str) -> str:
        return text if says_what_it_is(text, place) else next(of) + text

    return mapped(item, text=changed)


def _in_turns(elsewhere: str) -> Iterator[str]:
    while True:
        yield from texts(elsewhere)
