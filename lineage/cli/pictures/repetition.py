"""Executions that should have done the same and did not, as a tree. Pure."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text
from rich.tree import Tree

from lineage.cli.pictures.cells import Answer, brief, shown, times


def picture_of_nondeterminism(groups: Sequence[Answer]) -> Iterator[RenderableType]:
    """Each step with the outputs that differ, and what came out how often."""
    for group in groups:
        newest = group["executions"][0]
        version = newest["run"]["pipelineVersion"]
        tree = Tree(
            Text.assemble(
                shown(newest["template"] or newest["displayName"], "bold"),
                shown(f" of {version['pipeline']['name']}" if version else ""),
                Text(f", {_count(group)} executions of the fingerprint {group['fingerprint']}", "dim"),
            ),
            guide_style="dim",
        )
        for one in group["disagreements"]:
            branch = tree.add(Text.assemble(shown(one["output"], "yellow"), f": {one['different']} results"))
            for result in one["results"]:
                value = Text("(redacted)", "dim") if result["value"] is None else shown(brief(result["value"]))
                newest = result["execution"]
                branch.add(
                    Text.assemble(
                        value,
                        Text(f"  {times(result['count'])}, last in ", "dim"),
                        shown(newest["run"]["displayName"]),
                    )
                )
        yield tree


def _count(group: Answer) -> str:
    return f"{len(group['executions'])}{'' if group['complete'] else ' and more'}"
