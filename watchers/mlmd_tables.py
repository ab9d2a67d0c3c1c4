"""ML Metadata's own tables, on SQLite and MySQL. Read only.

These tables are no part of the store: they are those of ML Metadata 1.x. Foreign errors end here: every method raises
ClusterError, or a more precise one. Source: ml-metadata/ml_metadata/util/metadata_source_query_config.cc for tables and
the versions of their schema, query_config_executor.cc and struct_utils.cc for what is in them.
"""

import math
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    TableClause,
    and_,
    column,
    create_engine,
    event,
    exists,
    func,
    make_url,
    not_,
    select,
    table,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from lineage.errors import BadAnswer, ClusterError, InvalidSettings, ResourceAbsent, ResourceForbidden
from lineage.redaction import beginning
from watchers.mlmd_messages import ENUMS, decode_struct
from watchers.mlmd_records import RUN, Census, Record

OLDEST: Final = 6  # of ML Metadata 0.25: the first with the columns that are read
NEWEST: Final = 10  # of 1.11 and later
PAGE_SIZE: Final = 500
CONNECT_TIMEOUT_SECONDS: Final = 10
SILENCE_SECONDS: Final = 60
_WITH_BOOLEANS: Final = 10
_STRUCT: Final = "mlmd-struct::"
_QUOTED: Final = 200
_ABSENT: Final = frozenset({1146, 1054, 1049})  # MySQL: no such table, column, database
_FORBIDDEN: Final = frozenset({1142, 1143, 1044, 1045})  # denied: table, column, database, user
_NUMBERED: Final = ("id", "create_time_since_epoch", "last_update_time_since_epoch")


def _table(name: str, *columns: str) -> TableClause:
    return table(name, *(column(each) for each in columns))


_TIMES: Final = ("create_time_since_epoch", "last_update_time_since_epoch")
_ENV: Final = _table("MLMDEnv", "schema_version")
_TYPE: Final = _table("Type", "id", "name", "type_kind")
_CONTEXT: Final = _table("Context", "id", "type_id", "name", *_TIMES)
_EXECUTION: Final = _table("Execution", "id", "type_id", "name", "last_known_state", *_TIMES)
_ARTIFACT: Final = _table("Artifact", "id", "type_id", "uri", "last_update_time_since_epoch")
_EVENT: Final = _table("Event", "id", "artifact_id", "execution_id", "type")
_PATH: Final = _table("EventPath", "event_id", "is_index_step", "step_index", "step_key")
_ASSOCIATION: Final = _table("Association", "context_id", "execution_id")
_ATTRIBUTION: Final = _table("Attribution", "context_id", "artifact_id")


class MetadataTables:
    """Implements `watchers.mlmd_records.Records` on the database that a URL names: `sqlite:///file`, or
    `mysql://user@host/name`. It connects when it is first asked.

    Raises:
        InvalidSettings: there is no such file, or what speaks to MySQL is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError) as error:
            raise InvalidSettings(
                "a database of ML Metadata is named by a URL such as sqlite:///metadata.sqlite, or mysql://USER@HOST/metadb"
            ) from error
        self.shown = parsed.render_as_string(hide_password=True)
        self._engine = _on_sqlite(parsed) if parsed.get_backend_name() == "sqlite" else _on_mysql(parsed)
        self._version: int | None = None

    # -- the questions
    def census(self) -> Census:
        return Census(
            contexts=self._by_type(_CONTEXT),
            executions=self._by_type(_EXECUTION),
            artifacts=self._count(select(func.count()).select_from(_ARTIFACT)),
            unused_artifacts=self._count(
                select(func.count())
                .select_from(_ARTIFACT)
                .where(not_(exists(select(1).where(_EVENT.c.artifact_id == _ARTIFACT.c.id))))
            ),
            events=self._count(select(func.count()).select_from(_EVENT)),
        )

    def runs(self) -> Iterator[Record]:
        return self._paged(_CONTEXT, _TYPE.c.name == RUN)

    def run(self, name: str) -> Record | None:
        return next(self._paged(_CONTEXT, and_(_TYPE.c.name == RUN, _CONTEXT.c.name == name)), None)

    def executions_in(self, context: str) -> Iterator[Record]:
        inside = select(_ASSOCIATION.c.execution_id).where(_ASSOCIATION.c.context_id == int(context))
        return self._paged(_EXECUTION, _EXECUTION.c.id.in_(inside))

    def artifacts_in(self, context: str) -> Iterator[Record]:
        inside = select(_ATTRIBUTION.c.artifact_id).where(_ATTRIBUTION.c.context_id == int(context))
        return self._paged(_ARTIFACT, _ARTIFACT.c.id.in_(inside))

    def events_of(self, executions: Sequence[str]) -> Sequence[Record]:
        found: list[Record] = []
        for start in range(0, len(executions), PAGE_SIZE):
            ids = [int(one) for one in executions[start : start + PAGE_SIZE]]
            events = self._read(select(_EVENT).where(_EVENT.c.execution_id.in_(ids)).order_by(_EVENT.c.id))
            paths: dict[Any, list[Record]] = {}
            # Steps have no number of their own: they come in the order in which they were written.
            for one in self._read(select(_PATH).where(_PATH.c.event_id.in_([one.id for one in events]))):
                paths.setdefault(one.event_id, []).append(_step(one))
            found += (_event(one, paths.get(one.id, ())) for one in events)
        return found

    def artifacts(self, ids: Sequence[str]) -> Sequence[Record]:
        found: list[Record] = []
        for start in range(0, len(ids), PAGE_SIZE):
            found += self._paged(_ARTIFACT, _ARTIFACT.c.id.in_([int(one) for one in ids[start : start + PAGE_SIZE]]))
        return found

    def close(self) -> None:
        self._engine.dispose()

    # -- inside
    def _paged(self, of: TableClause, condition: ColumnElement[bool]) -> Iterator[Record]:
        """Read records a page after another: each goes on from the last id of the one before."""
        statement = (
            select(of, _TYPE.c.name.label("type"))
            .select_from(of.outerjoin(_TYPE, _TYPE.c.id == of.c.type_id))
            .where(condition)
            .order_by(of.c.id)
            .limit(PAGE_SIZE)
        )
        after: Any = None
        while True:
            rows = self._read(statement if after is None else statement.where(of.c.id > after))
            properties = self._properties(of, [row.id for row in rows])
            yield from (_record(row, properties.get(row.id, {})) for row in rows)
            if len(rows) < PAGE_SIZE:
                return
            after = rows[-1].id

    def _properties(self, of: TableClause, ids: Sequence[Any]) -> Mapping[Any, Mapping[str, dict[str, Any]]]:
        values = ["int_value", "double_value", "string_value"]
        if self._schema_version() >= _WITH_BOOLEANS:
            values.append("bool_value")
        owner = f"{of.name.lower()}_id"
        held = _table(f"{of.name}Property", owner, "name", "is_custom_property", *values)
        found: dict[Any, dict[str, dict[str, Any]]] = {}
        for row in self._read(select(held).where(held.c[owner].in_(ids))) if ids else ():
            kind = "custom_properties" if row.is_custom_property else "properties"
            found.setdefault(row._mapping[owner], {}).setdefault(kind, {})[_text(row.name)] = _value(row._mapping)
        return found

    def _by_type(self, of: TableClause) -> Mapping[str, int]:
        counted = (
            select(_TYPE.c.name, func.count().label("number"))
            .select_from(of.outerjoin(_TYPE, _TYPE.c.id == of.c.type_id))
            .group_by(_TYPE.c.name)
        )
        return {_text(row.name): row.number for row in self._read(counted)}

    def _count(self, statement: Select[Any]) -> int:
        return int(self._read(statement)[0][0])

    def _schema_version(self) -> int:
        if self._version is None:
            rows = self._asked(select(_ENV))
            version = rows[0].schema_version if rows else None
            if not isinstance(version, int):
                raise BadAnswer(f"{self.shown} holds no ML Metadata: MLMDEnv does not say which version its schema has")
            if not OLDEST <= version <= NEWEST:
                remedy = ": let a newer release of its own server bring it up to date" if version < OLDEST else ""
                raise BadAnswer(
                    f"{self.shown} has version {version} of the schema of ML Metadata, and {OLDEST} to {NEWEST} are "
                    f"understood{remedy}"
                )
            self._version = version
        return self._version

    def _read(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        self._schema_version()
        return self._asked(statement)

    def _asked(self, statement: Select[Any]) -> Sequence[Row[Any]]:
        with self._asking() as connection:
            return connection.execute(statement).all()

    @contextmanager
    def _asking(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except (SQLAlchemyError, UnicodeDecodeError) as error:
            raise self._trouble(error) from error

    def _trouble(self, error: Exception) -> ClusterError:
        original = getattr(error, "orig", None)
        said = beginning(" ".join(str(original or type(error).__name__).split()), _QUOTED)
        codes = set(getattr(original, "args", ())[:1])
        if codes & _ABSENT or "no such table" in said or "no such column" in said:
            return ResourceAbsent(f"{self.shown} holds no ML Metadata ({said})")
        if codes & _FORBIDDEN:
            return ResourceForbidden(f"{self.shown} does not let us read it ({said}): grant SELECT on its tables")
        if "not a database" in said or "malformed" in said:
            return BadAnswer(f"{self.shown} is no database of SQLite, or is damaged ({said})")
        return ClusterError(f"{self.shown} cannot be read: {said}")


# ------------------------------------------------------------------------------------------ from rows to records
def _record(row: Row[Any], properties: Mapping[str, Mapping[str, Any]]) -> Record:
    """Write a row as its message is written: without what is not set."""
    held = {name: value for name, value in row._mapping.items() if value is not None and name != "type_id"}
    written: dict[str, Any] = {}
    for name, value in held.items():
        if name == "last_known_state":
            written[name] = _word("ExecutionState", value)
        else:
            written[name] = _text(value)
    return {**written, **properties}


def _event(row: Row[Any], steps: Sequence[Record]) -> Record:
    ends = {"artifact_id": _text(row.artifact_id), "execution_id": _text(row.execution_id)}
    path = {"path": {"steps": list(steps)}} if steps else {}
    return {**ends, **path, "type": _word("EventType", row.type)}


def _step(row: Row[Any]) -> Record:
    return {"index": _text(row.step_index)} if row.is_index_step else {"key": _text(row.step_key)}


def _word(enum: str, number: Any) -> str:
    words = ENUMS[enum]
    return words[number] if isinstance(number, int) and 0 <= number < len(words) else words[0]


def _value(held: Mapping[Any, Any]) -> dict[str, Any]:
    """Write a property as its message is written. A struct that is none stays the text that it is."""
    number, text = held["double_value"], held["string_value"]
    if isinstance(text, str) and text.startswith(_STRUCT):
        try:
            return {"struct_value": decode_struct(b64decode(text.removeprefix(_STRUCT), validate=True))}
        except ValueError:
            return {"string_value": text}
    if text is not None:
        return {"string_value": _text(text)}
    if held["int_value"] is not None:
        return {"int_value": _text(held["int_value"])}
    if isinstance(number, int | float):
        return {"double_value": float(number) if math.isfinite(number) else _not_finite(number)}
    if held.get("bool_value") is not None:
        return {"bool_value": bool(held["bool_value"])}
    return {}


def _not_finite(number: float) -> str:
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _text(value: Any) -> str:
    """Write whatever stands in a column as text: SQLite lets anything stand there."""
    return value.decode(errors="surrogateescape") if isinstance(value, bytes) else str(value)


# ------------------------------------------------------------------------------------------ connecting
def _on_sqlite(url: URL) -> Engine:
    file = Path(url.database or "")
    if not file.is_file():
        raise InvalidSettings(f"there is no file {file}")
    # Read only, and never made: SQLite's own words for that stand in the name of a file that is a URI.
    engine = create_engine(f"sqlite:///file:{quote(str(file.absolute()))}?mode=ro&uri=true", hide_parameters=True)

    def as_it_is(data: bytes) -> str:
        return data.decode(errors="surrogateescape")  # what is no UTF-8 is refused where its object is observed

    @event.listens_for(engine, "connect")
    def _begin(connection: Any, _record: object) -> None:
        connection.text_factory = as_it_is

    return engine


def _on_mysql(url: URL) -> Engine:
    connecting = {"charset": "utf8mb4", "connect_timeout": CONNECT_TIMEOUT_SECONDS, "read_timeout": SILENCE_SECONDS}
    try:
        engine = create_engine(
            url.set(drivername="mysql+pymysql"),
            hide_parameters=True,
            pool_pre_ping=True,
            isolation_level="AUTOCOMMIT",  # each statement stands by itself, and holds nothing up
            connect_args={name: value for name, value in connecting.items() if name not in url.query},
        )
    except ImportError as error:
        raise InvalidSettings(
            "ML Metadata on MySQL needs a driver: pip install 'kfp-lineage[mysql]', in a checkout '.[mysql]'"
        ) from error

    @event.listens_for(engine, "connect")
    def _begin(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION READ ONLY")

    return engine
