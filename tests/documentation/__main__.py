"""Write the pages that come from the code and from the demo's story: `make reference`."""

import logging
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from lineage.cli.telling import configure_logs
from tests.documentation import DOCS, checks, commands, cookbook, settings
from tests.documentation.story import told


def main() -> None:
    """Write each page in its place."""
    configure_logs(logging.ERROR)
    for place, text in (of_the_code() | of_the_story()).items():
        (DOCS / place).write_text(text, encoding="utf-8")


def of_the_code() -> dict[str, str]:
    """Write the pages of reference, by their places."""
    return {
        "reference/commands.md": commands.reference(),
        "reference/settings.md": settings.reference(),
        "verdicts/checks.md": checks.reference(),
    }


def of_the_story() -> dict[str, str]:
    """Write the pages of the cookbook, by their places."""
    with TemporaryDirectory() as folder, told(Path(folder)) as ask:
        found: Mapping[str, str] = cookbook.pages(ask)
    return {f"queries/{name}.md": text for name, text in found.items()}


if __name__ == "__main__":
    main()
