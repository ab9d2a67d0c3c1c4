"""What somebody wants to be told of, and where: a file of TOML, read strictly.

Pure. What the file says and nobody knows is an error, which names the file, the rule and the key, and what to write:

    [webhook]
    url = "https://hooks.example/lineage"

    [[rules]]
    name = "accuracy fell"
    kind = "shift"
    pipeline = "churn-training"
    metric = "accuracy"
"""

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import ip_network
from math import isfinite
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from lineage.alerts.addresses import Network
from lineage.alerts.alert import Kind
from lineage.audit import POLICIES, Tier
from lineage.errors import InvalidSettings
from lineage.trends.baseline import SURPRISE

LAST: Final = 200
"""Runs of a series that are looked at, unless a rule says otherwise."""
MOST_LAST: Final = 10_000
MOST_BYTES: Final = 256 * 2**10
MOST_RULES: Final = 200
MOST_NAME: Final = 200
"""Characters of the name of a rule."""

SCOPES: Final = ("pipeline", "experiment", "recurring_run", "namespace")
"""What a rule may ask runs to belong to."""
_SERIES: Final = ("metric", "task", "last")
_KEYS: Final[Mapping[Kind, Sequence[str]]] = {
    Kind.SHIFT: _SERIES,
    Kind.THRESHOLD: ("metric", "task", "above", "below"),
    Kind.Z: (*_SERIES, "z"),
    Kind.MISSED_SLOT: (),
    Kind.FAILED_RUN: (),
    Kind.TIER_LOST: ("tier", "policy"),
}
_OF_TARGET: Final = ("url", "token", "token_file", "allow")
_URL: Final = re.compile(r"https?://[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where alerts are sent. Neither its url nor its token is ever shown: receivers put secrets into both.

    `allowed` are networks that it may be in although addresses like these are refused.
    """

    url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None
    allowed: tuple[Network, ...] = ()

    @property
    def parts(self) -> SplitResult:
        """Its url, taken apart."""
        return urlsplit(self.url)

    @property
    def login(self) -> tuple[str, str] | None:
        """The name and the password that its url holds."""
        parts = self.parts
        return None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))

    @property
    def shown(self) -> str:
        """Name it: scheme and host alone."""
        parts = self.parts
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}" + ("" if parts.port is None else f":{parts.port}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one rule looks for, and in which runs: names, or patterns of names; None is any.

    What is not of its `kind` is None. `last` are the newest runs of a series that are looked at. A value is `above` or
    `below` a bound; `z` is how many standard deviations are far; `tier` is what runs should earn under the `policy`.
    """

    name: str
    kind: Kind
    pipeline: str | None = None
    experiment: str | None = None
    recurring_run: str | None = None
    namespace: str | None = None
    metric: str | None = None
    task: str | None = None
    last: int = LAST
    above: float | None = None
    below: float | None = None
    z: float = SURPRISE
    tier: Tier | None = None
    policy: str | None = None

    def is_for(self, names: Mapping[str, Collection[str]]) -> bool:
        """Say whether it speaks of what has these names: by SCOPES, and of each the ways in which it is called."""
        return all(_fits(getattr(self, scope), names.get(scope, ())) for scope in SCOPES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """All of a file."""

    target: Target
    rules: tuple[Rule, ...]


def read_rules(text: str, file: str) -> Rules:
    """Read the rules of a file, which is named in errors.

    Raises:
        InvalidSettings: the message says which file, rule and key, what is wrong with it, and what to write.
    """
    if len(text.encode()) > MOST_BYTES:
        raise InvalidSettings(f"{file}: it has more than {MOST_BYTES // 1024} KiB: rules are written in less")
    try:
        found = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidSettings(f"{file}: it is no TOML: {error}") from error
    _only(found, ("webhook", "rules"), file)
    target, rules = found.get("webhook"), found.get("rules")
    if not isinstance(target, dict):
        raise InvalidSettings(f'{file}: webhook: a table is expected: write url = "https://…" below [webhook]')
    if not isinstance(rules, list) or not 0 < len(rules) <= MOST_RULES:
        raise InvalidSettings(f"{file}: rules: 1 to {MOST_RULES} tables are expected: write each below [[rules]]")
    read = tuple(_rule(one, file, number) for number, one in enumerate(rules, start=1))
    names = [one.name for one in read]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InvalidSettings(f"{file}: rule {twice[0]!r}: name: two rules are called so: give each a name of its own")
    return Rules(target=_target(target, f"{file}: webhook"), rules=read)


# ------------------------------------------------------------------------------------------ where to
def _target(found: Mapping[str, Any], place: str) -> Target:
    _only(found, _OF_TARGET, place)
    url = found.get("url")
    if not isinstance(url, str) or not _URL.fullmatch(url) or not _has_host(url):
        # What it is instead is not shown: it may hold a secret.
        raise InvalidSettings(
            f"{place}: url: an address is expected, in ASCII and without spaces: write https://HOST/PATH"
        )
    if "token" in found and "token_file" in found:
        raise InvalidSettings(f"{place}: token: it is given twice: write token or token_file")
    token = _secret(found, place)
    target = Target(url=url, token=token, token_file=_text(found, "token_file", place), allowed=_networks(found, place))
    if target.login is not None and (target.token, target.token_file) != (None, None):
        raise InvalidSettings(f"{place}: token: the url holds a login as well: write one of them")
    return target


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0 and not parts.fragment
    except ValueError:
        return False


def _secret(found: Mapping[str, Any], place: str) -> str | None:
    token = found.get("token")
    if token is not None and (not isinstance(token, str) or not re.fullmatch(r"[!-~]+", token)):
        raise InvalidSettings(f"{place}: token: a text in ASCII without spaces is expected: write it in quotes")
    return token


def _networks(found: Mapping[str, Any], place: str) -> tuple[Network, ...]:
    written = found.get("allow", [])
    usage = 'write networks in numbers: allow = ["127.0.0.1/32", "fe80::/10"]'
    if not isinstance(written, list):
        raise InvalidSettings(f"{place}: allow: a list is expected: {usage}")
    networks = []
    for one in written:
        try:
            networks.append(ip_network(one if isinstance(one, str) else ""))
        except ValueError as error:
            raise InvalidSettings(f"{place}: allow: {one!r:.60} is no network: {usage}") from error
    return tuple(networks)


# ------------------------------------------------------------------------------------------ rules
def _rule(found: object, file: str, number: int) -> Rule:
    place = f"{file}: rule {number}"
    if not isinstance(found, dict):
        raise InvalidSettings(f"{place}: a table is expected: write it below [[rules]]")
    name = _text(found, "name", place)
    if name is None or len(name) > MOST_NAME or not name.isprintable():
        raise InvalidSettings(
            f'{place}: name: a name of at most {MOST_NAME} characters is expected: write name = "accuracy fell"'
        )
    place = f"{file}: rule {name!r}"
    kind = found.get("kind")
    if kind not in tuple(Kind):
        raise InvalidSettings(f"{place}: kind: {kind!r:.60} is none: write one of {', '.join(Kind)}")
    of_kind = Kind(kind)
    scopes = ("recurring_run", "namespace") if of_kind is Kind.MISSED_SLOT else SCOPES
    _only(found, ("name", "kind", *scopes, *_KEYS[of_kind]), place)
    metric = _text(found, "metric", place)
    if "metric" in _KEYS[of_kind] and metric is None:
        raise InvalidSettings(f'{place}: metric: a rule of the kind {kind} needs one: write metric = "accuracy"')
    above, below = _number(found, "above", place), _number(found, "below", place)
    if of_kind is Kind.THRESHOLD and above is None and below is None:
        raise InvalidSettings(f"{place}: above: a bound is missing: write above = 0.5, below = 0.5 or both")
    z = _number(found, "z", place)
    if z is not None and z <= 0:
        raise InvalidSettings(f"{place}: z: a number above 0 is expected: write z = {SURPRISE}")
    return Rule(
        name=name,
        kind=of_kind,
        **{one: _text(found, one, place) for one in SCOPES},
        metric=metric,
        task=_text(found, "task", place),
        last=_count(found, place),
        above=above,
        below=below,
        z=SURPRISE if z is None else z,
        tier=_tier(found, place) if of_kind is Kind.TIER_LOST else None,
        policy=_policy(found, place),
    )


def _fits(pattern: str | None, names: Collection[str]) -> bool:
    return pattern is None or any(name == pattern or fnmatchcase(name, pattern) for name in names)


def _tier(found: Mapping[str, Any], place: str) -> Tier:
    known = [one.value.lower() for one in Tier if one is not Tier.NONE]
    tier = found.get("tier")
    if tier not in known:
        raise InvalidSettings(f"{place}: tier: {tier!r:.60} is none to lose: write one of {', '.join(known)}")
    return Tier(str(tier).upper())


def _policy(found: Mapping[str, Any], place: str) -> str | None:
    policy = _text(found, "policy", place)
    if policy is not None and policy not in POLICIES:
        raise InvalidSettings(f"{place}: policy: {policy!r:.60} is none: write one of {', '.join(sorted(POLICIES))}")
    return policy


def _only(found: Mapping[str, Any], allowed: Sequence[str], place: str) -> None:
    for name in found:
        if name not in allowed:
            raise InvalidSettings(f"{place}: {name}: there is no such key here: write one of {', '.join(allowed)}")


def _text(found: Mapping[str, Any], name: str, place: str) -> str | None:
    value = found.get(name)
    if value is not None and (not isinstance(value, str) or not value.strip()):
        raise InvalidSettings(f'{place}: {name}: a text is expected: write {name} = "…"')
    return value


def _number(found: Mapping[str, Any], name: str, place: str) -> float | None:
    value = found.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        raise InvalidSettings(f"{place}: {name}: a number is expected: write {name} = 0.5")
    return float(value)


def _count(found: Mapping[str, Any], place: str) -> int:
    value = found.get("last", LAST)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_LAST:
        raise InvalidSettings(f"{place}: last: a number of runs from 1 to {MOST_LAST} is expected: write last = {LAST}")
    return value
