"""Peers that need other versions than we do: each has an environment of its own, made once in a cache folder outside
the checkout, and is driven as a process that is handed the workload as a file and says how long it took."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kfp-lineage"


class Missing(Exception):
    """The peer cannot be had, and why."""


def asked(python: Path, script: str, *arguments: object) -> dict[str, Any]:
    """Run the peer's side of a subject, and read what it says in its last line."""
    command = [str(part) for part in (python, HERE / script, *arguments)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def installed(peer: str, *, imports: str, pythons: Sequence[str] = (sys.executable,)) -> Path:
    """Find the environment of a peer, whose requirements are `PEER-requirements.txt` beside this file, or make it with
    the first Python that can have it; returns its Python. `imports` is code that shows that it is whole.

    Raises:
        Missing: no Python here can have it, or nothing can be installed.
    """
    requirements = HERE / f"{peer}-requirements.txt"
    name = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    environment = CACHE / f"{peer}-{name}"
    python = environment / "bin" / "python"
    if python.exists():
        return python
    reason = "no Python that it could run on was found"
    for candidate in filter(None, map(shutil.which, pythons)):
        # Made beside, and moved when it is whole: what was cut short is never taken for it.
        unfinished = environment.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        pip = (unfinished / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        steps: tuple[tuple[object, ...], ...] = (
            (candidate, "-m", "venv", unfinished),
            (*pip, "--only-binary=:all:", "-r", requirements),
            (unfinished / "bin" / "python", "-c", imports),
        )
        for command in steps:
            done = subprocess.run([str(part) for part in command], check=False, capture_output=True, text=True)
            if done.returncode != 0:
                reason = (done.stderr or done.stdout).strip().rpartition("\n")[2]
                break
        else:
            unfinished.rename(environment)
            return python
    raise Missing(f"it cannot be installed: {reason}")
