"""Reading foreign objects: each function narrows one value, or says where it is not what it should be.

Pure. Absent and null are the same. Times are those of Kubernetes: RFC 3339, in whole seconds or finer.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from lineage.errors import InvalidObservation


def mapping(holder: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Read a member that is an object; empty where it is absent."""
    value = holder.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidObservation(f"{name} is {_kind(value)}, expected an object")
    return value


def mappings(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Read a member that is a list of objects; empty where it is absent."""
    value = sequence(holder, name)
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise InvalidObservation(f"{name}[{index}] is {_kind(item)}, expected an object")
    return value


def sequence(holder: Mapping[str, Any], name: str) -> list[Any]:
    """Read a member that is a list; empty where it is absent."""
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidObservation(f"{name} is {_kind(value)}, expected a list")
    return value


def text(holder: Mapping[str, Any], name: str) -> str:
    """Read a member that is a text; empty where it is absent."""
    value = holder.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidObservation(f"{name} is {_kind(value)}, expected a text")
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
    """Read a whole number, be it written as a number or as text; None where it is absent."""
    value = holder.get(name)
    if value is None or value == "":
        return None
    try:
        if isinstance(value, int | str) and not isinstance(value, bool):
            return int(value)
    except ValueError:
        pass
    raise InvalidObservation(f"{name} is {value!r:.40}, expected a whole number")


def time(holder: Mapping[str, Any], name: str) -> datetime | None:
    """Read a time, in UTC; None where it is absent or Go's zero time, which means the same."""
    value = holder.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidObservation(f"{name} is {_kind(value)}, expected a time such as 2026-01-31T08:00:00Z")
    try:
        found = datetime.fromisoformat(value)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidObservation(f"{name} is {value!r:.40}, expected a time such as 2026-01-31T08:00:00Z") from error
    return found if found.year > 1 else None


def seconds(moment: datetime | None) -> int | None:
    """Count whole seconds since 1970."""
    return None if moment is None else int(moment.timestamp() // 1)


def _kind(value: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)
