"""Members of recorded objects, read without a complaint: what is not what it should be is as if it were not there.

Pure. What could not be understood at all was set aside when it came; an answer is not refused for what is odd in an
object that was recorded.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def mapping_in(holder: Any, *path: str) -> Mapping[str, Any]:
    """The mapping at a path; an empty one where there is none."""
    found = _at(holder, path)
    return found if isinstance(found, dict) else NOTHING


def mappings_in(holder: Any, *path: str) -> list[Mapping[str, Any]]:
    """The mappings in the list at a path."""
    return [each for each in _list(_at(holder, path)) if isinstance(each, dict)]


def texts_in(holder: Any, *path: str) -> tuple[str, ...]:
    """The texts in the list at a path."""
    return tuple(each for each in _list(_at(holder, path)) if isinstance(each, str))


def text_in(holder: Any, *path: str) -> str:
    """The text at a path; empty where there is none."""
    found = _at(holder, path)
    return found if isinstance(found, str) else ""


def _at(holder: Any, path: Sequence[str]) -> Any:
    for name in path:
        if not isinstance(holder, dict):  # what was read out of JSON is one, or none that is looked into
            return None
        holder = holder.get(name)
    return holder


def _list(found: Any) -> Sequence[Any]:
    return found if isinstance(found, list | tuple) else ()
