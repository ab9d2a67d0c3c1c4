"""Argo's own tables on PostgreSQL and MySQL: the archive of its workflows, and the nodes that it offloaded. Read only.

The only file outside of `lineage.store` that speaks SQL: these tables are Argo's, and no part of the store. Foreign
errors end here: every method raises ClusterError. Sources, in argo-workflows: persist/sqldb/migrate.go for tables and
columns, workflow_archive.go and offload_node_status_repo.go for what is in them. The column `creationtimestamp`, which
older releases lack, is not read.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from lineage.errors import BadAnswer, ClusterError, InvalidSettings, ResourceAbsent, ResourceForbidden
from lineage.redaction import beginning
from watchers.argo_archive import MAX_NODES_BYTES, MAX_TEXT_BYTES, Content, Entry, Page, Place, TooLarge

PAGE_SIZE: Final = 500  # entries of some hundred bytes
CONNECT_TIMEOUT_SECONDS: Final = 10
ARCHIVE_TABLE: Final = "argo_archived_workflows"
NODES_TABLE: Final = "argo_workflows"  # as Argo's examples call it: persistence.….tableName
NUL_IN_POSTGRESQL: Final = b"ARGO_POSTGRES_NULL_REPLACEMENT"  # which JSONB cannot hold: workflow_archive.go
_QUOTED: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Speech:
    """What the two databases say differently. `as_text` writes JSON as text, `as_time` reads a time that was written as
    text, and `session` is done to each connection."""

    driver: str
    extra: str
    as_text: str
    as_time: str
    moment_as_text: str
    session: tuple[str, ...]
    connecting: Mapping[str, Any]
    absent: frozenset[object]
    forbidden: frozenset[object]


_SPEECHES: Final = {
    "postgresql": _Speech(
        driver="postgresql+psycopg",
        extra="postgresql",
        as_text="CAST({} AS text)",
        as_time="CAST({} AS timestamp)",
        moment_as_text="CAST({} AS text)",
        session=("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",),
        # A server that vanishes without a word is given up after half a minute.
        connecting={"keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 30_000},
        absent=frozenset({"42P01", "42703", "3D000"}),  # undefined_table, undefined_column, invalid_catalog_name
        forbidden=frozenset({"42501", "28000", "28P01"}),  # insufficient_privilege, invalid_authorization, …_password
    ),
    "mysql": _Speech(
        driver="mysql+pymysql",
        extra="mysql",
        as_text="CAST({} AS CHAR)",
        as_time="{}",
        moment_as_text="CAST({} AS CHAR)",
        # A time is read as it is written back to go on from it, also where clocks change.
        session=("SET SESSION TRANSACTION READ ONLY", "SET time_zone = '+00:00'"),
        connecting={"charset": "utf8mb4"},
        absent=frozenset({1146, 1054, 1049}),  # no such table, column, database
        forbidden=frozenset({1142, 1143, 1044, 1045}),  # denied: table, column, database, user
    ),
}


class ArgoDatabase:
    """Implements `watchers.argo_archive.Archive` and `OffloadedNodes`, on the database that a URL names. Safe among
    threads; it connects when it is first asked.

    `cluster` is what Argo calls the cluster there (`persistence.clusterName`): several may share a database. Rows of
    all its controllers are read, whatever their instance id.
    """

    def __init__(
        self, url: str, *, cluster: str, nodes_table: str = NODES_TABLE, timeout_seconds: float = 20.0
    ) -> None:
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError) as error:
            raise InvalidSettings("Argo's database is named by a URL such as postgresql://USER@HOST/argo") from error
        self.shown = parsed.render_as_string(hide_password=True)
        self._speech = _SPEECHES[parsed.get_backend_name()]
        self._cluster = cluster
        self._nodes_table = nodes_table
        self._timeout_seconds = timeout_seconds
        self._engine = _engine(parsed, self._speech, timeout_seconds)

    def page(self, namespace: str | None, since: datetime | None, place: Place | None) -> Page:
        as_time = self._speech.as_time
        conditions, values = ["clustername = :cluster"], {"cluster": self._cluster, "size": PAGE_SIZE}
        if namespace is not None:
            conditions.append("namespace = :namespace")
            values["namespace"] = namespace
        if since is not None:
            conditions.append(f"startedat >= {as_time.format(':since')}")
            values["since"] = f"{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        if place is not None:
            # Not as one comparison of rows, for which MySQL uses no index.
            moment = as_time.format(":moment")
            conditions.append(f"startedat <= {moment} AND (startedat < {moment} OR uid < :uid)")
            values["moment"], values["uid"] = place
        statement = (
            f"SELECT uid, namespace, name, {self._speech.moment_as_text.format('startedat')} AS started_at "
            f"FROM {ARCHIVE_TABLE} WHERE {' AND '.join(conditions)} ORDER BY startedat DESC, uid DESC LIMIT :size"
        )
        with self._asking(ARCHIVE_TABLE) as connection:
            rows = connection.execute(text(statement), values).all()
        entries = [Entry(uid=uid, namespace=of, name=name, started_at=str(began)) for uid, of, name, began in rows]
        last = entries[-1] if len(entries) == PAGE_SIZE else None
        return Page(entries=entries, further=None if last is None else (last.started_at, last.uid))

    def content(self, uid: str) -> Content:
        written = self._written(ARCHIVE_TABLE, "workflow", "uid = :uid", {"uid": uid}, most=MAX_TEXT_BYTES)
        if isinstance(written, bytes) and self._speech.extra == "postgresql":
            return written.replace(NUL_IN_POSTGRESQL, b"\\u0000")
        return written

    def nodes(self, uid: str, version: str) -> bytes | None:
        chosen = {"uid": uid, "version": version}
        condition = "uid = :uid AND version = :version"
        written = self._written(self._nodes_table, "nodes", condition, chosen, most=MAX_NODES_BYTES)
        return written if isinstance(written, bytes) else None

    def close(self) -> None:
        self._engine.dispose()

    def _written(self, table: str, column: str, condition: str, values: Mapping[str, str], *, most: int) -> Content:
        """Read JSON as text of so many bytes at most: it is measured where it lies."""
        statement = (
            "SELECT CASE WHEN octet_length(written) <= :most THEN written END, octet_length(written) FROM "
            f"(SELECT {self._speech.as_text.format(column)} AS written FROM {table} "
            f"WHERE clustername = :cluster AND {condition} LIMIT 1) AS found"
        )
        with self._asking(table) as connection:
            chosen = {**values, "cluster": self._cluster, "most": most}
            row = connection.execute(text(statement), chosen).first()
        if row is None:
            return None
        written, size = row
        if written is None:
            return TooLarge(size_bytes=size)
        return str(written).encode(errors="surrogatepass")

    @contextmanager
    def _asking(self, table: str) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise self._trouble(error, table) from error
        except UnicodeDecodeError as error:
            raise BadAnswer(f"{self.shown}: a text in {table} is no UTF-8") from error

    def _trouble(self, error: SQLAlchemyError, table: str) -> ClusterError:
        original = getattr(error, "orig", None)
        said = beginning(" ".join(str(original or type(error).__name__).split()), _QUOTED)
        codes = {getattr(original, "sqlstate", None), *getattr(original, "args", ())[:1]}
        if codes & self._speech.absent:
            return ResourceAbsent(
                f"{self.shown} has no table {table} that could be read ({said}): is this the database that Argo's "
                "persistence names, and has its controller run with it?"
            )
        if codes & self._speech.forbidden:
            return ResourceForbidden(
                f"{self.shown} does not let us read {table} ({said}): see who we are there, and grant SELECT on it"
            )
        return ClusterError(
            f"{self.shown} cannot be asked, or not within {self._timeout_seconds:g} s (argo_timeout_seconds): {said}"
        )


def _engine(url: URL, speech: _Speech, timeout_seconds: float) -> Engine:
    connecting = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, **speech.connecting}
    session = [*speech.session]
    if speech.extra == "mysql":
        connecting["read_timeout"] = timeout_seconds
    else:
        session.append(f"SET statement_timeout TO {ceil(timeout_seconds * 1000)}")
    try:
        engine = create_engine(
            url.set(drivername=speech.driver),
            hide_parameters=True,
            pool_pre_ping=True,
            isolation_level="AUTOCOMMIT",  # each statement stands by itself, and holds up no vacuum
            connect_args={name: value for name, value in connecting.items() if name not in url.query},
        )
    except ImportError as error:
        raise InvalidSettings(
            f"Argo's database on {url.get_backend_name()} needs a driver: pip install 'kfp-lineage[{speech.extra}]', "
            f"in a checkout '.[{speech.extra}]'"
        ) from error

    @event.listens_for(engine, "connect")
    def _begin(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            for statement in session:
                cursor.execute(statement)
        connection.commit()

    return engine
