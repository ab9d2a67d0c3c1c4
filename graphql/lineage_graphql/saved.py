"""The saved queries: `graphql/queries/*.graphql`, that page, command line, reports and tests all run.

The first line of each file is a comment that says in plain words what it answers.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

_HERE = Path(__file__).parent


class SavedQuery(NamedTuple):
    """`description` is what the query answers, in plain words; `text` the whole file."""

    description: str
    text: str


@cache
def saved_queries() -> dict[str, SavedQuery]:
    """Read the saved queries, by name."""
    installed, in_the_source_tree = _HERE / "queries", _HERE.parent / "queries"
    folder = installed if installed.is_dir() else in_the_source_tree
    return {path.stem: _saved(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.graphql"))}


def _saved(text: str) -> SavedQuery:
    first_line = text.partition("\n")[0]
    return SavedQuery(description=first_line.removeprefix("#").strip(), text=text)
