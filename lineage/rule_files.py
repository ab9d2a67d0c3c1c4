"""Files of rules, in TOML: read strictly. What a file says and nobody knows is an error, which names the file, the rule
and the key, and what to write there. Pure."""

import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import isfinite
from typing import Any, Final

from lineage.audit import POLICIES, Tier
from lineage.errors import InvalidSettings

MOST_BYTES: Final = 256 * 2**10
MOST_RULES: Final = 200
MOST_NAME: Final = 200
"""Characters of the name of a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenRule:
    """A table below `[[rules]]`: its name, what it says, and how it is named in errors."""

    name: str
    found: Mapping[str, Any]
    place: str


def read_toml(text: str, file: str) -> Mapping[str, Any]:
    """Read a file, which is named in errors.

    Raises:
        InvalidSettings: it is too long, or no TOML.
    """
    if len(text.encode()) > MOST_BYTES:
        raise InvalidSettings(f"{file}: it has more than {MOST_BYTES // 1024} KiB: rules are written in less")
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidSettings(f"{file}: it is no TOML: {error}") from error


def rules_in(found: Mapping[str, Any], file: str) -> Iterator[WrittenRule]:
    """The rules of a file, each under a name of its own.

    Raises:
        InvalidSettings: there are none, or one is no table, or bears no name or that of another.
    """
    rules = found.get("rules")
    if not isinstance(rules, list) or not 0 < len(rules) <= MOST_RULES:
        raise InvalidSettings(f"{file}: rules: 1 to {MOST_RULES} tables are expected: write each below [[rules]]")
    seen: set[str] = set()
    for number, one in enumerate(rules, start=1):
        rule = _rule(one, file, number)
        if rule.name in seen:
            raise InvalidSettings(f"{rule.place}: name: two rules are called so: give each a name of its own")
        seen.add(rule.name)
        yield rule


def _rule(found: object, file: str, number: int) -> WrittenRule:
    place = f"{file}: rule {number}"
    if not isinstance(found, dict):
        raise InvalidSettings(f"{place}: a table is expected: write it below [[rules]]")
    name = text_in(found, "name", place)
    if name is None or len(name) > MOST_NAME or not name.isprintable():
        raise InvalidSettings(
            f'{place}: name: a name of at most {MOST_NAME} characters is expected: write name = "accuracy fell"'
        )
    return WrittenRule(name=name, found=found, place=f"{file}: rule {name!r}")


def only(found: Mapping[str, Any], allowed: Sequence[str], place: str) -> None:
    """Refuse keys that nobody knows."""
    for name in found:
        if name not in allowed:
            raise InvalidSettings(f"{place}: {name}: there is no such key here: write one of {', '.join(allowed)}")


def text_in(found: Mapping[str, Any], name: str, place: str) -> str | None:
    """Read a text; None where there is none."""
    value = found.get(name)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise InvalidSettings(f'{place}: {name}: a text is expected: write {name} = "…"')
    return value


def number_in(found: Mapping[str, Any], name: str, place: str) -> float | None:
    """Read a finite number; None where there is none."""
    value = found.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise InvalidSettings(f"{place}: {name}: a number is expected: write {name} = 0.5")
    return float(value)


def tier_in(found: Mapping[str, Any], name: str, place: str) -> Tier:
    """Read a tier that runs can earn, in small letters."""
    known = [one.value.lower() for one in Tier if one is not Tier.NONE]
    tier = found.get(name)
    if tier not in known:
        raise InvalidSettings(f"{place}: {name}: {tier!r:.60} is no tier to earn: write one of {', '.join(known)}")
    return Tier(str(tier).upper())


def policy_in(found: Mapping[str, Any], place: str) -> str | None:
    """Read the name of a policy that audits follow; None where there is none."""
    policy = text_in(found, "policy", place)
    if policy is not None and policy not in POLICIES:
        raise InvalidSettings(f"{place}: policy: {policy!r:.60} is none: write one of {', '.join(sorted(POLICIES))}")
    return policy


def fits(pattern: str | None, names: Collection[str]) -> bool:
    """Say whether one of the names of something is the one, or like the pattern, that is asked for; None is any."""
    return pattern is None or any(name == pattern or fnmatchcase(name, pattern) for name in names)
