"""Resolve the newest dependencies that pyproject.toml allows, as a new user's pip would, and say what came out.

Fails where they cannot be resolved, and where pip chose what is known to be wrong (DECISIONS.md): graphene
before 3.4.3, or kubernetes 37.0.2, which contradicts it. Installs nothing and changes no environment.
"""

import json
import subprocess
import sys
from pathlib import Path

from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    chosen = resolve()
    for name, version in sorted(chosen.items()):
        print(f"{name}=={version}")
    wrong = mistakes(chosen)
    for mistake in wrong:
        print(f"resolve: {mistake}", file=sys.stderr)
    return 1 if wrong else 0


def resolve() -> dict[str, Version]:
    """Ask pip what it would install into an empty environment."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--upgrade"]
    command += ["--upgrade-strategy", "eager", "--quiet", "--report", "-", str(ROOT)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    if result.returncode != 0:
        sys.exit(f"resolve: pip cannot resolve the dependencies of {ROOT / 'pyproject.toml'}, see above")
    packages = [entry["metadata"] for entry in json.loads(result.stdout)["install"]]
    return {package["name"].lower(): Version(package["version"]) for package in packages}


def mistakes(chosen: dict[str, Version]) -> list[str]:
    """Say what must not have been chosen."""
    found = []
    graphene, kubernetes = chosen.get("graphene"), chosen.get("kubernetes")
    if graphene is None or graphene < Version("3.4.3"):
        found.append(f"graphene {graphene} was chosen, expected 3.4.3 or newer")
    if kubernetes is None or kubernetes == Version("37.0.2"):
        found.append(f"kubernetes {kubernetes} was chosen, expected another: it contradicts graphene 3.4.3")
    return found


if __name__ == "__main__":
    sys.exit(main())
