"""Reading foreign objects: each function narrows one value, or says where it is not what it should be.

Pure. Absent and null are the same. Times are those of Kubernetes: RFC 3339, in whole seconds or finer. Whole
numbers are those of Kubernetes too: 32 bits.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from lineage.errors import InvalidObservation
from lineage.redaction import beginning

LARGEST: Final = 2**31 - 1  # int32: exit codes, counts of restarts
_QUOTED: Final = 40


class WrongMember(InvalidObservation):
    """A member, or an item of it, is not what it should be. `placing` finds out where its holder stands."""

    def __init__(self, holder: Mapping[str, Any], name: str, what: str, *, index: int | None = None) -> None:
        item = "" if index is None else f"[{index}]"
        super().__init__(f"{_short(name)}{item} {what}")
        self.holder = holder
        self.name = name
        self.what = f"{item} {what}"


@contextmanager
def placing(what: str, item: Mapping[str, Any]) -> Iterator[None]:
    """Say of every InvalidObservation which object it is about, and where in it."""
    try:
        yield
    except InvalidObservation as error:
        metadata = item.get("metadata")
        known = metadata if isinstance(metadata, dict) else {}
        namespace, name, version = (f"{known.get(key, '')!s:.253}" for key in ("namespace", "name", "resourceVersion"))
        said = str(error)
        if isinstance(error, WrongMember) and (path := _path_to(error.holder, item)) is not None:
            said = f"{path}{step(error.name, path)}{error.what}"
        raise InvalidObservation(f"{what} {namespace}/{name}@{version:.40}: {said}") from error


def _path_to(wanted: Mapping[str, Any], within: object, path: str = "") -> str | None:
    """Find the very same object within another, and write the way to it; None where it was put together."""
    if within is wanted:
        return path
    members = within.items() if isinstance(within, dict) else enumerate(within) if isinstance(within, list) else ()
    steps = ((_path_to(wanted, member, path + step(name, path)), name) for name, member in members)
    return next((found for found, _ in steps if found is not None), None)


def step(name: str | int, path: str) -> str:
    """Write the way from an object to one of its members, or from a list to one of its items."""
    if isinstance(name, str) and name.isidentifier():
        return f".{_short(name)}" if path else _short(name)
    return f"[{_short(name)!r}]" if isinstance(name, str) else f"[{name}]"


def _short(name: str) -> str:
    return name if len(name) <= _QUOTED else f"{name[:_QUOTED]}…"


def mapping(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Read a member that is an object; empty where it is absent."""
    value = holder.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise WrongMember(holder, name, f"is {_kind(value)}, expected an object")
    return value


def mappings(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Read a member that is a list of objects; empty where it is absent."""
    value = sequence(holder, name)
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise WrongMember(holder, name, f"is {_kind(item)}, expected an object", index=index)
    return value


def sequence(holder: Mapping[str, Any], name: str) -> list[Any]:
    """Read a member that is a list; empty where it is absent."""
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise WrongMember(holder, name, f"is {_kind(value)}, expected a list")
    return value


def text(holder: Mapping[str, Any], name: str) -> str:
    """Read a member that is a text; empty where it is absent."""
    value = holder.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise WrongMember(holder, name, f"is {_kind(value)}, expected a text")
    return value


def texts(holder: Mapping[str, Any], name: str) -> dict[str, str]:
    """Read labels or annotations. A value that is no text, as hand-written YAML has it, becomes one."""
    return {key: scalar(value) or "" for key, value in mapping(holder, name).items()}


def scalar(value: object) -> str | None:
    """Write a parameter's value as text, as Argo does; None where there is none."""
    if value is None or isinstance(value, str):
        return value
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def whole(holder: Mapping[str, Any], name: str) -> int | None:
    """Read a whole number of 32 bits, be it written as a number or as text; None where it is absent."""
    value = holder.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, int | str) and not isinstance(value, bool) and abs(number := int(value)) <= LARGEST:
            return number
    except ValueError:
        pass
    raise WrongMember(holder, name, f"is {beginning(repr(value), 40)}, expected a whole number")


def time(holder: Mapping[str, Any], name: str) -> datetime | None:
    """Read a time, in UTC; None where it is absent or Go's zero time, which means the same."""
    value = holder.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise WrongMember(holder, name, f"is {_kind(value)}, expected a time such as 2026-01-31T08:00:00Z")
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is not UTC:
            found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        reason = f"is {beginning(repr(value), 40)}, expected a time such as 2026-01-31T08:00:00Z"
        raise WrongMember(holder, name, reason) from error
    return found if found.year > 1 else None


def seconds(moment: datetime | None) -> int | None:
    """Count whole seconds since 1970."""
    return None if moment is None else int(moment.timestamp() // 1)


def _kind(value: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)
