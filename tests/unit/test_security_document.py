"""SECURITY.md names tests for what it says: they are there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`((?:unit|contract|integration)/\w+\.py)`", (ROOT / "SECURITY.md").read_text())
    assert len(named) > 30
    assert [name for name in named if not (ROOT / "tests" / name).is_file()] == []
