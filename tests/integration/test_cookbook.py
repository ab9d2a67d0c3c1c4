"""The cookbook holds what the demo's story answers, and the documentation builds with every link in it."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documentation import DOCS
from tests.documentation.__main__ import of_the_story

MINUTE = 60


def test_answers_are_those_of_the_story() -> None:
    for place, text in of_the_story().items():
        assert (DOCS / place).read_text(encoding="utf-8") == text, f"{place}: run `make reference`"


def test_the_site_builds_without_a_warning_and_takes_nothing_from_elsewhere(tmp_path: Path) -> None:
    if importlib.util.find_spec("mkdocs") is None:
        pytest.skip("MkDocs is not installed: make docs")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=DOCS.parent, capture_output=True, text=True, check=False, timeout=MINUTE)
    assert built.returncode == 0, built.stderr
    pages = [page.read_text(encoding="utf-8") for page in tmp_path.rglob("*.html")]
    assert len(pages) > len(list(DOCS.rglob("*.md")))  # the one of what is not found, too
    taken = re.compile(r"<(?:script|img|iframe)[^>]*\ssrc=\"(?:https?:)?//|<link[^>]*\shref=\"(?:https?:)?//")
    assert [page for page in pages if taken.search(page)] == []
