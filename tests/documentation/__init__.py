"""The pages of the documentation that come from the code and from the demo's story: `make reference` writes them.

They are committed, so that they can be read without being built; `tests/unit/test_documentation.py` and
`tests/integration/test_cookbook.py` hold them equal to what would be written.
"""

from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
WRITTEN: Final = "<!-- Written by `make reference`: do not edit. -->"


def cell(text: str) -> str:
    """Write a text as a cell of a table."""
    return " ".join(text.replace("|", "\\|").split())


def row(*cells: str) -> str:
    """Write a row of a table."""
    return f"| {' | '.join(cells)} |"
