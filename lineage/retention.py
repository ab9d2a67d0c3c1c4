"""How long the details of runs are kept: a file of rules in TOML, read strictly. Pure.

    [[rules]]
    name = "scratch"
    namespace = "scratch-*"
    after_days = 14

    [[rules]]
    name = "all else"
    after_days = 400
    keep_descendants = true
    keep_tier = "re_executable"

The first rule that fits the namespace of a run speaks of it. Where none does, it is kept for ever.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from lineage.audit import Tier
from lineage.errors import InvalidSettings
from lineage.identity import canonical, sha256
from lineage.rule_files import WrittenRule, fits, number_in, only, policy_in, read_toml, rules_in, text_in, tier_in

LEAST_DAYS: Final = 1.0
MOST_DAYS: Final = 36_500.0
_KEYS: Final = ("name", "namespace", "after_days", "keep_descendants", "keep_tier", "policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """How long the details of runs are kept in namespaces of this name, or like this pattern; None is any.

    They are forgotten so many days `after` the run ended. Not so while something that is known in full descends from
    it (`keep_descendants`), or where it earned a tier: `keep_tier`, or a higher one, under a `policy` of audits.
    """

    name: str
    after_days: float
    namespace: str | None = None
    keep_descendants: bool = False
    keep_tier: Tier | None = None
    policy: str | None = None


@dataclass(frozen=True, kw_only=True)
class Retention:
    """All rules of a file, in their order."""

    rules: tuple[RetentionRule, ...]

    @cached_property
    def digest(self) -> str:
        """Tells whether two files say the same."""
        return sha256(canonical([asdict(one) for one in self.rules]))

    def rule_for(self, namespace: str) -> RetentionRule | None:
        """The rule that speaks of the runs of a namespace; None where they are kept for ever."""
        return next((one for one in self.rules if fits(one.namespace, (namespace,))), None)

    def due_at(self, namespace: str, ended_at: datetime) -> datetime | None:
        """When a run that ended then comes to its age; None for never."""
        rule = self.rule_for(namespace)
        return None if rule is None else ended_at + timedelta(days=rule.after_days)


def read_retention(text: str, file: str) -> Retention:
    """Read the rules of a file, which is named in errors.

    Raises:
        InvalidSettings: the message says which file, rule and key, what is wrong with it, and what to write.
    """
    found = read_toml(text, file)
    only(found, ("rules",), file)
    return Retention(rules=tuple(_rule(one) for one in rules_in(found, file)))


def _rule(rule: WrittenRule) -> RetentionRule:
    found, place = rule.found, rule.place
    only(found, _KEYS, place)
    days = number_in(found, "after_days", place)
    if days is None or not LEAST_DAYS <= days <= MOST_DAYS:
        raise InvalidSettings(
            f"{place}: after_days: a number from {LEAST_DAYS:g} to {MOST_DAYS:g} is expected: write after_days = 180"
        )
    tier = tier_in(found, "keep_tier", place) if "keep_tier" in found else None
    policy = policy_in(found, place)
    if policy is not None and tier is None:
        raise InvalidSettings(f"{place}: policy: it says how a tier is earned: write keep_tier as well")
    return RetentionRule(
        name=rule.name,
        after_days=days,
        namespace=text_in(found, "namespace", place),
        keep_descendants=_flag(found, "keep_descendants", place),
        keep_tier=tier,
        policy=policy,
    )


def _flag(found: Mapping[str, Any], name: str, place: str) -> bool:
    value = found.get(name, False)
    if not isinstance(value, bool):
        raise InvalidSettings(f"{place}: {name}: true or false is expected: write {name} = true")
    return value
