"""A MariaDB server of the tests' own, from the binaries that Debian installs: it stands for MySQL.

It listens on a socket in a folder of its own and nowhere else, and is thrown away."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import pymysql

from tests.postgresql import DEADLINE_SECONDS

USER: Final = "root"


def is_installed() -> bool:
    """Say whether there is a server to start."""
    return _binary("mariadbd") is not None and _binary("mariadb-install-db") is not None


def _binary(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


class MariaDb:
    """A server that is up."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "socket"
        self._data = folder / "data"
        self._log = folder / "log"
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def new_database(self) -> str:
        """Make a database and name it."""
        name = f"test_{next(self._numbers)}"
        with self._connected() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return f"mysql://{USER}@localhost/{name}?unix_socket={self.socket}"

    def start(self) -> None:
        """Make what it keeps, start it, and wait until it is up."""
        made = subprocess.run(
            [
                _binary("mariadb-install-db") or "",
                "--no-defaults",
                f"--datadir={self._data}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *self._as_user(),
            ],
            check=False,
            capture_output=True,
            text=True,
        )
        assert made.returncode == 0, made.stdout + made.stderr
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    _binary("mariadbd") or "",
                    "--no-defaults",
                    f"--datadir={self._data}",
                    f"--socket={self.socket}",
                    "--skip-networking",
                    "--innodb-flush-log-at-trx-commit=0",
                    "--max-allowed-packet=256M",
                    *self._as_user(),
                ],
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + DEADLINE_SECONDS
        while not self._answers():
            assert time.monotonic() < deadline, f"the server did not come up: {self._log.read_text(errors='replace')}"
            time.sleep(0.05)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(DEADLINE_SECONDS)

    def _as_user(self) -> list[str]:
        return ["--user=root"] if os.geteuid() == 0 else []

    def _answers(self) -> bool:
        if not self.socket.exists():
            return False  # who fails to connect leaves a socket open (PyMySQL 1.2)
        try:
            self._connected().close()
        except pymysql.OperationalError:
            return False
        return True

    def _connected(self) -> "pymysql.connections.Connection[pymysql.cursors.Cursor]":
        return pymysql.connect(unix_socket=str(self.socket), user=USER)


@contextmanager
def mariadb() -> Iterator[MariaDb]:
    """Start a server, and stop it at the end."""
    folder = Path(mkdtemp(prefix="mariadb-"))  # the path of a socket may have 100 characters at most
    made = MariaDb(folder)
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
