"""A PostgreSQL server of the tests' own, from the binaries that Debian installs: started, used, thrown away.

It listens on a socket in a folder of its own and nowhere else, and writes nothing to disk for good.
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    """A server that is up. Databases are copies of one that was migrated."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def url(self, database: str) -> str:
        """Name a database."""
        return f"postgresql://{SUPERUSER}@/{database}?host={self._folder}"

    def new_database(self, *, migrated: bool = True, encoding: str = "UTF8") -> str:
        """Make a database and name it."""
        name = f"test_{next(self._numbers)}"
        template = TEMPLATE if migrated else f"template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def make_template(self) -> None:
        """Make the database that others are copies of, once the server is up."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while True:
            try:
                self._execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0")
                break
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, "the server did not come up"
                time.sleep(0.05)
        migrate(self.url(TEMPLATE))

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def server(binaries: Path) -> Iterator[Server]:
    """Start a server, and stop it at the end."""
    # Not in pytest's folder: only its owner may enter that, and the path of a socket may have 100 characters at most.
    folder = Path(mkdtemp(prefix="pg-"))
    user = _unprivileged() if os.geteuid() == 0 else None
    try:
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        _run(
            user,
            binaries / "initdb",
            "-D",
            data,
            "-U",
            SUPERUSER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        )
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": folder,
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": 60,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", data, *options],
                stdout=log,
                stderr=log,
                cwd=folder,
                user=user,
                group=_group(user),
                extra_groups=None if user is None else [],
            )
        try:
            running = Server(folder)
            running.make_template()
            yield running
        finally:
            process.send_signal(signal.SIGINT)  # it goes down in order, and waits for no client
            process.wait(DEADLINE_SECONDS)
    finally:
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
