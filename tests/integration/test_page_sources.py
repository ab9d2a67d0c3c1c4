"""What is handed out of the page is what its sources build; these are well formed, of the right types, and tested."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import pytest

from tests.node_packages import cache, needs_node

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCES: Final = Path("lineage", "web", "ui")
BUILT: Final = Path("lineage", "web", "static", "page")
INSTALL_SECONDS: Final = 600
SECONDS: Final = 300


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sources by themselves, with what they need installed."""
    needs_node("what the page is built with")
    folder = tmp_path_factory.mktemp("page")
    shutil.copytree(ROOT / SOURCES, folder / SOURCES, ignore=shutil.ignore_patterns("node_modules", "types.ts"))
    shutil.copytree(ROOT / "graphql", folder / "graphql", ignore=shutil.ignore_patterns("lineage_graphql"))
    (folder / SOURCES / "node_modules").symlink_to(installed() / "node_modules")
    return folder


def installed() -> Path:
    """What the lock file names, installed once for each lock file."""
    lock = ROOT / SOURCES / "package-lock.json"
    folder = cache() / f"page-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not folder.is_dir():
        into = Path(mkdtemp(prefix="installing-", dir=cache()))
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(ROOT / SOURCES / name, into / name)
        done = npm(into, "ci", "--ignore-scripts", seconds=INSTALL_SECONDS)
        if done.returncode:
            shutil.rmtree(into)
            pytest.skip(f"npm cannot install what the page is built with: {done.stderr.strip()[-300:]}")
        into.rename(folder)
    return folder


def npm(folder: Path, *words: str, seconds: float = SECONDS) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["npm", *words], cwd=folder, env=os.environ, capture_output=True, text=True, timeout=seconds, check=False
    )


def files(folder: Path) -> Mapping[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_handed_out_is_what_the_sources_build(copy: Path) -> None:
    done = npm(copy / SOURCES, "run", "build")
    assert done.returncode == 0, done.stdout + done.stderr
    built, handed_out = files(copy / BUILT), files(ROOT / BUILT)
    assert sorted(built) == sorted(handed_out), "run `make page`, and commit what it builds"
    assert [name for name in built if built[name] != handed_out[name]] == [], "run `make page`"


def test_nothing_is_handed_out_that_shows_sources_or_asks_others() -> None:
    for name, content in files(ROOT / BUILT).items():
        assert not name.endswith(".map")
        assert b"sourceMappingURL" not in content, name


@pytest.mark.parametrize("words", [("run", "check"), ("test",)])
def test_the_sources_are_well_formed_and_their_tests_pass(words: tuple[str, ...], copy: Path) -> None:
    done = npm(copy / SOURCES, *words)
    assert done.returncode == 0, done.stdout + done.stderr
