"""A PostgreSQL server of the tests' own, from the binaries that Debian installs: started, used, thrown away.

It listens on a socket in a folder of its own and nowhere else, and writes nothing to disk for good: what is killed
loses the commits of its last moment, which is the harder test.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import psycopg

from lineage.store import migrate

DEADLINE_SECONDS: Final = 60.0
TEMPLATE: Final = "migrated"
SUPERUSER: Final = "postgres"
UNPRIVILEGED: Final = ("postgres", "nobody")  # the server refuses to run as root


def binaries() -> Path | None:
    """Find the newest server that is installed; None where there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_release, reverse=True)
    if (found := shutil.which("initdb")) is not None:
        folders.append(Path(found).resolve().parent)
    return next((folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


def _release(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.parent.name.split(".") if part.isdecimal())


class Server:
    """A server that is up, and can be killed and started again. Databases are copies of one that was migrated."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self.folder = folder
        self._data = folder / "data"
        self._user = _unprivileged() if os.geteuid() == 0 else None
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    def url(self, database: str) -> str:
        """Name a database."""
        return f"postgresql://{SUPERUSER}@/{database}?host={self.folder}"

    def new_database(self, *, migrated: bool = True, encoding: str = "UTF8") -> str:
        """Make a database and name it."""
        name = f"test_{next(self._numbers)}"
        template = TEMPLATE if migrated else f"template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def execute(self, statement: str, *, database: str = "postgres") -> None:
        """Do something as the superuser."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    # -- life
    def initialise(self) -> None:
        """Make what it keeps. Call it once, before it is started."""
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        superuser = ("-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        _run(self._user, self._binaries / "initdb", "-D", self._data, *superuser, "--no-sync")

    def start(self) -> None:
        """Start it, and wait until it is up."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": 60,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self._data, *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                user=self._user,
                group=_group(self._user),
                extra_groups=None if self._user is None else [],
                start_new_session=True,  # so that all of it can be killed at once
            )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, f"the server did not come up: {self.said()}"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def is_running(self) -> bool:
        """Say whether it has not ended, by itself or otherwise."""
        return self._process is not None and self._process.poll() is None

    def said(self) -> str:
        """Read its log."""
        return (self.folder / "log").read_text(errors="replace")

    def stop(self) -> None:
        """End it in order, without waiting for its clients."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End all of it at once. As it is set up here, it loses the commits of the last moment."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            if number is signal.SIGKILL:
                with suppress(ProcessLookupError):  # it may have ended by itself
                    os.killpg(process.pid, number)
            else:
                process.send_signal(number)
            process.wait(DEADLINE_SECONDS)


@contextmanager
def server(binaries: Path, *, within: Path | None = None) -> Iterator[Server]:
    """Start a server, and stop it at the end. What it keeps is in a folder `within` another, or in a temporary one."""
    # Not in pytest's folder: only its owner may enter that, and the path of a socket may have 100 characters at most.
    folder = Path(mkdtemp(prefix="pg-", dir=within))
    made = Server(binaries, folder)
    try:
        made.initialise()
        made.start()
        made.execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
        migrate(made.url(TEMPLATE))
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _run(user: str | None, *command: object) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
        user=user,
        group=_group(user),
        extra_groups=None if user is None else [],
    )
    assert done.returncode == 0, done.stdout


def _unprivileged() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)


def _group(user: str | None) -> int | None:
    return None if user is None else pwd.getpwnam(user).pw_gid
