"""Fuzz every parser for a while with atheris, which leads by what is covered: `make fuzz`, `ARGS="--only YAML"`.

What breaks a parser is kept in a file. Code is instrumented as it is imported, so each parser is fuzzed in a process of
its own.
"""

import argparse
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

SECONDS: Final = 60
SLOW_SECONDS: Final = 20
LARGEST_BYTES: Final = 16 * 1024
MEMORY_MIB: Final = 2_048
INSTRUMENTED: Final = ("lineage", "lineage_graphql", "watchers")


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.fuzzing", description=__doc__)
    asked.add_argument("--only", help="the parser to fuzz, by its name")
    asked.add_argument("--seconds", type=int, default=SECONDS, help="for each parser")
    asked.add_argument("--folder", type=Path, help="where findings and what was learned are kept")
    asked.add_argument("--within", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.within is not None:
        fuzz(given.within, given.folder, given.seconds)
        return 0
    from tests.fuzzing.parsers import parsers

    folder = given.folder or Path(mkdtemp(prefix="fuzzing-"))
    names = [name for name in parsers() if given.only in (None, name)]
    if not names:
        asked.error(f"there is no parser {given.only!r}: there are {', '.join(parsers())}")
    broken = [name for name in names if not survives(name, folder, given.seconds)]
    say(f"{len(names) - len(broken)} of {len(names)} parsers held; what was learned lies in {folder}")
    return 1 if broken else 0


def survives(name: str, folder: Path, seconds: int) -> bool:
    """Fuzz a parser in a process of its own, and say whether nothing was found."""
    say(f"== {name}")
    given = ["--within", name, "--folder", str(folder), "--seconds", str(seconds)]
    command = [sys.executable, "-m", "tests.fuzzing", *given]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    lines = done.stdout.splitlines()
    say(*(lines[-25:] if done.returncode else lines[-1:]))
    return done.returncode == 0


def say(*lines: str) -> None:
    """Print some lines at once."""
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def fuzz(name: str, folder: Path, seconds: int) -> None:
    """Fuzz a parser in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=list(INSTRUMENTED)):
        from tests.fuzzing.parsers import parsers

    parser = parsers()[name]
    corpus = folder / name.replace(" ", "-")
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(parser.seeds):
        (corpus / f"seed-{number}").write_bytes(seed)

    def read(data: bytes) -> None:
        with suppress(*parser.errors):
            parser.parse(data)

    options = [f"-max_total_time={seconds}", f"-max_len={LARGEST_BYTES}", f"-timeout={SLOW_SECONDS}"]
    options += [f"-rss_limit_mb={MEMORY_MIB}", f"-artifact_prefix={corpus}-"]
    atheris.Setup([sys.argv[0], *options, os.fspath(corpus)], read)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
