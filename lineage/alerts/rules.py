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
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from lineage.alerts.addresses import Network
from lineage.alerts.alert import Kind
from lineage.audit import Tier
from lineage.errors import InvalidSettings
from lineage.rule_files import (
    WrittenRule,
    fits,
    number_in,
    only,
    policy_in,
    read_toml,
    rules_in,
    text_in,
    tier_in,
)
from lineage.trends.baseline import SURPRISE

LAST: Final = 200
"""Runs of a series that are looked at, unless a rule says otherwise."""
MOST_LAST: Final = 10_000

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
        return all(fits(getattr(self, scope), names.get(scope, ())) for scope in SCOPES)


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
    found = read_toml(text, file)
    only(found, ("webhook", "rules"), file)
    target = found.get("webhook")
    if not isinstance(target, dict):
        raise InvalidSettings(f'{file}: webhook: a table is expected: write url = "https://…" below [webhook]')
    read = tuple(_rule(one) for one in rules_in(found, file))
    return Rules(target=_target(target, f"{file}: webhook"), rules=read)


# ------------------------------------------------------------------------------------------ where to
def _target(found: Mapping[str, Any], place: str) -> Target:
    only(found, _OF_TARGET, place)
    url = found.get("url")
    if not isinstance(url, str) or not _URL.fullmatch(url) or not _has_host(url):
        # What it is instead is not shown: it may hold a secret.
        raise InvalidSettings(
            f"{place}: url: an address is expected, in ASCII and without spaces: write https://HOST/PATH"
        )
    if "token" in found and "token_file" in found:
        raise InvalidSettings(f"{place}: token: it is given twice: write token or token_file")
    token = _secret(found, place)
    target = Target(
        url=url, token=token, token_file=text_in(found, "token_file", place), allowed=_networks(found, place)
    )
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
def _rule(rule: WrittenRule) -> Rule:
    found, place = rule.found, rule.place
    kind = found.get("kind")
    if kind not in tuple(Kind):
        raise InvalidSettings(f"{place}: kind: {kind!r:.60} is none: write one of {', '.join(Kind)}")
    of_kind = Kind(kind)
    scopes = ("recurring_run", "namespace") if of_kind is Kind.MISSED_SLOT else SCOPES
    only(found, ("name", "kind", *scopes, *_KEYS[of_kind]), place)
    metric = text_in(found, "metric", place)
    if "metric" in _KEYS[of_kind] and metric is None:
        raise InvalidSettings(f'{place}: metric: a rule of the kind {kind} needs one: write metric = "accuracy"')
    above, below = number_in(found, "above", place), number_in(found, "below", place)
    if of_kind is Kind.THRESHOLD and above is None and below is None:
        raise InvalidSettings(f"{place}: above: a bound is missing: write above = 0.5, below = 0.5 or both")
    z = number_in(found, "z", place)
    if z is not None and z <= 0:
        raise InvalidSettings(f"{place}: z: a number above 0 is expected: write z = {SURPRISE}")
    return Rule(
        name=rule.name,
        kind=of_kind,
        **{one: text_in(found, one, place) for one in SCOPES},
        metric=metric,
        task=text_in(found, "task", place),
        last=_count(found, place),
        above=above,
        below=below,
        z=SURPRISE if z is None else z,
        tier=tier_in(found, "tier", place) if of_kind is Kind.TIER_LOST else None,
        policy=policy_in(found, place),
    )


def _count(found: Mapping[str, Any], place: str) -> int:
    value = found.get("last", LAST)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_LAST:
        raise InvalidSettings(f"{place}: last: a number of runs from 1 to {MOST_LAST} is expected: write last = {LAST}")
    return value
