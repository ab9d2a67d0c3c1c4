"""The manifests in `deploy/`, rendered by the real tool."""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.servers.install import installed

ROOT: Final = Path(__file__).resolve().parent.parent
DEPLOY: Final = ROOT / "deploy"
OVERLAYS: Final = ("one-machine", "cluster")

Manifest = dict[str, Any]


@cache
def rendered(folder: Path) -> tuple[Manifest, ...]:
    """Render a kustomization with kubectl, or with kustomize where there is none; skip where there is neither."""
    done = subprocess.run([*_renderer(), folder], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert not done.stderr, f"it warns: {done.stderr}"
    return tuple(yaml.safe_load_all(done.stdout))


def overlay(name: str) -> tuple[Manifest, ...]:
    """Render one of the overlays."""
    return rendered(DEPLOY / "overlays" / name)


def of_kind(manifests: tuple[Manifest, ...], kind: str) -> dict[str, Manifest]:
    """Pick those of one kind, by name."""
    return {item["metadata"]["name"]: item for item in manifests if item["kind"] == kind}


def pods(manifests: tuple[Manifest, ...]) -> dict[str, Manifest]:
    """Pick the pods that are started, by the name of what starts them."""
    return {
        item["metadata"]["name"]: item["spec"]["template"]
        for item in manifests
        if item["kind"] in ("Deployment", "Job")
    }


def _renderer() -> list[str]:
    if kubectl := shutil.which("kubectl"):
        return [kubectl, "kustomize"]
    if folder := installed("kustomize"):
        return [str(folder / "kustomize"), "build"]
    pytest.skip("there is neither kubectl nor kustomize: make servers")
