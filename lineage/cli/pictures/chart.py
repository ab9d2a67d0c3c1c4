"""A chart for the terminal: as wide as it is, in whatever characters it knows."""

from dataclasses import dataclass
from typing import Final

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from lineage.cli.pictures.cells import shown
from lineage.drawing.chart import Chart
from lineage.drawing.text_chart import ASCII, UNICODE, Role, legend_of, text_chart

WIDEST: Final = 120  # columns: more would only draw points apart
_STYLES: Final = {
    Role.SPACE: "",
    Role.AXIS: "dim",
    Role.POINT: "blue",
    Role.CACHED: "blue",
    Role.OUTLIER: "yellow",
    Role.LEVEL: "dim",
    Role.MISSED: "yellow",
    Role.FAILED: "red",
    Role.REGRESSION: "red",
    Role.IMPROVEMENT: "green",
    Role.SHIFTED: "yellow",
}


@dataclass(frozen=True, slots=True)
class ChartInTerminal:
    """A chart that is drawn when the terminal is known: how wide it is, and whether it knows more than ASCII."""

    chart: Chart

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it, line by line, with what its signs mean below."""
        signs = ASCII if options.ascii_only else UNICODE
        yield shown(self.chart.title, "bold")
        for line in text_chart(self.chart, width=min(options.max_width, WIDEST), signs=signs):
            yield Text.assemble(*((text, _STYLES[role]) for text, role in line), no_wrap=True, overflow="crop")
        legend = legend_of(self.chart, signs)
        if legend:
            yield Text(legend, "dim")
