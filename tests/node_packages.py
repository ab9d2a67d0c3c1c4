"""Packages of npm that tests ask, each kept in a cache outside the checkout and fetched there once."""

import os
import shutil
import subprocess
from pathlib import Path
from tempfile import mkdtemp

import pytest

FETCH_SECONDS = 120


def needs_node(why: str) -> None:
    """Skip where Node.js is not there."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip(f"there is no node or no npm on the path, which {why} is written for")


def cache() -> Path:
    """The folder in which everything is kept that was fetched."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kfp-lineage"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def fetched(*packages: str, why: str) -> Path:
    """A folder from which packages, such as `graphql@16.15.0`, can be required; skips where there is none to be had."""
    needs_node(why)
    folder = cache() / "-".join(packages).replace("@", "-").replace("/", "-")
    if not folder.is_dir():
        _fetch(packages, Path(mkdtemp(prefix="fetching-", dir=cache())), folder)
    return folder


def _fetch(packages: tuple[str, ...], into: Path, folder: Path) -> None:
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(into), *packages]
    done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    if done.returncode == 0 and not folder.is_dir():
        into.rename(folder)  # all or nothing, whoever else fetches
        return
    shutil.rmtree(into)
    if not folder.is_dir():
        pytest.skip(f"npm cannot fetch {' and '.join(packages)}: {done.stderr.strip()[-300:]}")
