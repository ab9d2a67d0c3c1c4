"""The demo's story, told to its end: a store that knows it, and its objects as they lie then."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from tests.integration.test_cli import run
from watchers.demo import DEMO_START, recordings
from watchers.demo.bucket import happen, stored
from watchers.timeline import Recording


def tell_the_story(
    folder: Path, monkeypatch: pytest.MonkeyPatch, told: Sequence[Recording] = (), start: datetime = DEMO_START
) -> None:
    """Record the story, or what is `told` instead, into a store in a folder, put its objects below `objects`, and name
    both in the settings."""
    config, story, told = folder / "config.toml", folder / "story.ndjson", told or recordings(start)
    config.write_text(
        f'store = "sqlite:///{folder / "lineage.db"}"\nredaction_key = "{"0123456789abcdef" * 2}"\n'
        f'[[object_stores]]\nfolder = "{folder / "objects"}"\n'
    )
    story.write_text("\n".join(json.dumps(one.object) for one in told))
    for one in stored(told, start):
        happen(folder / "objects", one)
    monkeypatch.setenv("LINEAGE_CONFIG", str(config))
    assert run("ingest", str(story)).returncode == 0
