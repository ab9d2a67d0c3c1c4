"""Where two JSON documents differ, leaf by leaf. Pure.

Members of lists are matched by their names where they have any, else by what stays the same around them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final

from lineage.identity import canonical

MOST_ALIGNED: Final = 1000  # members of a list that are matched by what is around them: it takes their square


class _Absent:
    """Stands for a member that is not there; null is one that is."""


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place at which two documents differ, as the names on the way to it: of members, `[NAME]` or `[NUMBER]` in
    lists."""

    path: tuple[str, ...]
    before: Any
    after: Any

    @property
    def written(self) -> str:
        """The place as people write it, such as `templates[train].container.args[2]`."""
        text = ""
        for part in self.path:
            text += part if part.startswith("[") or not text else f".{part}"
        return text


def leaves(before: Any, after: Any, path: tuple[str, ...] = ()) -> Iterator[Leaf]:
    """Find where two documents differ. What is there in one alone is one leaf, whole."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted(before.keys() | after.keys()):
            yield from leaves(before.get(name, ABSENT), after.get(name, ABSENT), (*path, str(name)))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _in_lists(before, after, path)
    elif type(before) is not type(after) or before != after:
        yield Leaf(path, before, after)


def _in_lists(before: Sequence[Any], after: Sequence[Any], path: tuple[str, ...]) -> Iterator[Leaf]:
    if before == after:
        return
    named_before, named_after = _by_name(before), _by_name(after)
    if named_before is not None and named_after is not None:
        for name in sorted(named_before.keys() | named_after.keys()):
            yield from leaves(named_before.get(name, ABSENT), named_after.get(name, ABSENT), (*path, f"[{name}]"))
        return
    for old, new in _pairs(before, after):
        number = new if old is None else old
        yield from leaves(
            ABSENT if old is None else before[old], ABSENT if new is None else after[new], (*path, f"[{number}]")
        )


def _by_name(members: Sequence[Any]) -> dict[str, Any] | None:
    """The members of a list by their names, if each has one of its own."""
    names = [one.get("name") if isinstance(one, Mapping) else None for one in members]
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        return None
    return {str(name): one for name, one in zip(names, members, strict=True)}


def _pairs(before: Sequence[Any], after: Sequence[Any]) -> Iterator[tuple[int | None, int | None]]:
    """Match the members of two lists by their places, None where there is no other."""
    if max(len(before), len(after)) > MOST_ALIGNED:
        for number in range(max(len(before), len(after))):
            yield (number if number < len(before) else None), (number if number < len(after) else None)
        return
    matcher = SequenceMatcher(None, list(map(canonical, before)), list(map(canonical, after)), autojunk=False)
    for tag, old, old_end, new, new_end in matcher.get_opcodes():
        if tag == "equal":
            continue
        both = min(old_end - old, new_end - new)
        yield from ((old + number, new + number) for number in range(both))
        yield from ((number, None) for number in range(old + both, old_end))
        yield from ((None, number) for number in range(new + both, new_end))


def as_text(value: Any) -> str | None:
    """Write a value of a document as text; None for what is not there."""
    if value is ABSENT:
        return None
    return value if isinstance(value, str) else canonical(value).decode()
