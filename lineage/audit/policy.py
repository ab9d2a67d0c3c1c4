"""What an audit is held to: which checks block what, which are left out, and what is let be, by whom and until when.

Pure. A policy is TOML. It is read strictly: what it says and nobody knows is an error, with its place and what is
allowed there.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any, Final

from lineage.audit.verdicts import Severity
from lineage.errors import InvalidPolicy
from lineage.identity import canonical, sha256
from lineage.model import Run

SEEDS: Final = ("seed", "random_state", "random_seed", "pythonhashseed", "tf_deterministic_ops")
REVISIONS: Final = ("git_sha", "git_commit", "git_revision", "commit", "commit_sha", "revision")
MOST_BYTES: Final = 256 * 2**10


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Somebody lets a check be that does not pass, to the end of the day `until` in UTC: for a run (its id, uid or
    name), a pipeline and a step (its name), or for all of them where none is named."""

    check: str
    by: str
    until: date
    why: str
    run: str | None = None
    pipeline: str | None = None
    step: str | None = None

    def holds(self, as_of: datetime) -> bool:
        """Say whether it has not ended."""
        return as_of.date() <= self.until

    def is_for(self, run: Run, pipeline: str | None) -> bool:
        """Say whether it speaks of a run."""
        named = self.run is None or self.run in (run.id, run.uid, run.name)
        return named and (self.pipeline is None or self.pipeline == pipeline)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What an audit is held to.

    `severities` are of checks that weigh something else here than they do by themselves. What is in `ignore` is not
    judged; what is in `require` must pass before a run is TRACEABLE. `seeds` and `revisions` are names of parameters
    and variables, in small letters. `external` are beginnings of uris of data that is meant to come from outside.
    `margins` say by how much a metric may differ, up or down, and still be the same; `confidence` how sure that must
    be. A digest was taken at production if that was within so many seconds.
    """

    name: str
    version: str = "1"
    severities: Mapping[str, Severity] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    require: frozenset[str] = frozenset()
    waivers: tuple[Waiver, ...] = ()
    seeds: frozenset[str] = frozenset(SEEDS)
    revisions: frozenset[str] = frozenset(REVISIONS)
    external: tuple[str, ...] = ()
    margins: Mapping[str, float] = field(default_factory=dict)
    confidence: float = 0.95
    digest_within_seconds: float = 3600.0

    @property
    def title(self) -> str:
        """Name it, its version, and the digest of all that it says."""
        return f"{self.name} {self.version} {sha256(canonical(_written(self)))}"

    def severity_of(self, check: str, by_itself: Severity) -> Severity:
        """What a check weighs here."""
        return Severity.TRACEABLE if check in self.require else self.severities.get(check, by_itself)


DEFAULT: Final = Policy(name="default")
POLICIES: Final[Mapping[str, Policy]] = {
    DEFAULT.name: DEFAULT,
    "code": Policy(name="code", require=frozenset({"K-05"})),
}
"""Those that are there without a file. `code` asks of each image which revision of its source it was built from."""


def read_policy(text: str | None, checks: Sequence[str]) -> Policy:
    """Read a policy: its text, or the name of one that is there; the default where nothing is given. `checks` are the
    ids that there are.

    Raises:
        InvalidPolicy: the message says what is wrong, where, and what is allowed there.
    """
    given = (text or "").strip()
    if not given:
        return DEFAULT
    if given in POLICIES:
        return POLICIES[given]
    if len(given.encode()) > MOST_BYTES:
        raise InvalidPolicy(f"a policy of more than {MOST_BYTES // 1024} KiB is not read")
    if "=" not in given and "[" not in given:
        raise InvalidPolicy(
            f"there is no policy called {given!r:.80}: give the text of one, or one of {', '.join(sorted(POLICIES))}"
        )
    try:
        found = tomllib.loads(given)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidPolicy(f"it is no TOML: {error}") from error
    return _policy(found, frozenset(checks))


# ------------------------------------------------------------------------------------------ reading
def _policy(found: Mapping[str, Any], checks: frozenset[str]) -> Policy:
    _only(found, [one.name for one in fields(Policy)], "")
    severities = {
        _check(name, checks, "severities"): _severity(value, f"severities.{name}")
        for name, value in _table(found, "severities").items()
    }
    waivers = found.get("waivers", [])
    if not isinstance(waivers, list):
        raise InvalidPolicy("waivers: a list of tables is expected: write each below [[waivers]]")
    ignore, require = (frozenset(_checks(found, name, checks)) for name in ("ignore", "require"))
    if both := ignore & require:
        raise InvalidPolicy(f"require: {min(both)} is left out by `ignore` as well: name it in one of them")
    version, margins = found.get("version", "1"), _table(found, "margins")
    return Policy(
        name=_text(found, "name", ""),
        version=str(version) if isinstance(version, int) else _text({"version": version}, "version", ""),
        severities=severities,
        ignore=ignore,
        require=require,
        waivers=tuple(_waiver(one, f"waivers[{index}]", checks) for index, one in enumerate(waivers)),
        seeds=frozenset(one.casefold() for one in _texts(found, "seeds", SEEDS)),
        revisions=frozenset(one.casefold() for one in _texts(found, "revisions", REVISIONS)),
        external=tuple(_texts(found, "external", ())),
        margins={name: _number(margins, name, 0.0, least=0.0, most=1e300, place="margins.") for name in margins},
        confidence=_number(found, "confidence", 0.95, least=0.5, most=0.9999),
        digest_within_seconds=_number(found, "digest_within_seconds", 3600.0, least=0.0, most=1e9),
    )


def _waiver(found: Any, place: str, checks: frozenset[str]) -> Waiver:
    if not isinstance(found, dict):
        raise InvalidPolicy(f"{place}: a table is expected: write it below [[waivers]]")
    _only(found, [one.name for one in fields(Waiver)], f"{place}.")
    until = found.get("until")
    if isinstance(until, datetime) or not isinstance(until, date):
        raise InvalidPolicy(f"{place}.until: a date is expected, as until = 2027-01-31 without quotes")
    optional = {name: _text(found, name, f"{place}.") for name in ("run", "pipeline", "step") if name in found}
    return Waiver(
        check=_check(_text(found, "check", f"{place}."), checks, f"{place}.check"),
        by=_text(found, "by", f"{place}."),
        until=until,
        why=_text(found, "why", f"{place}."),
        **optional,
    )


def _only(found: Mapping[str, Any], allowed: Sequence[str], place: str) -> None:
    for name in found:
        if name not in allowed:
            raise InvalidPolicy(f"{place}{name}: there is no such key; there are {', '.join(allowed)}")


def _check(name: str, checks: frozenset[str], place: str) -> str:
    if name not in checks:
        raise InvalidPolicy(f"{place}: there is no check {name!r:.40}; there are {', '.join(sorted(checks))}")
    return name


def _severity(value: Any, place: str) -> Severity:
    if value not in Severity.__members__:
        raise InvalidPolicy(f"{place}: {value!r:.40} is no severity; there are {', '.join(Severity)}")
    return Severity(value)


def _text(found: Mapping[str, Any], name: str, place: str) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InvalidPolicy(f"{place}{name}: a text is expected, and it must be given")
    return value


def _texts(found: Mapping[str, Any], name: str, default: Sequence[str]) -> Sequence[str]:
    value = found.get(name, default)
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise InvalidPolicy(f"{name}: a list of texts is expected")
    return value


def _checks(found: Mapping[str, Any], name: str, checks: frozenset[str]) -> list[str]:
    return [_check(one, checks, name) for one in _texts(found, name, ())]


def _table(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name, {})
    if not isinstance(value, dict):
        raise InvalidPolicy(f"{name}: a table is expected: write it below [{name}]")
    return value


def _number(
    found: Mapping[str, Any], name: str, default: float, *, least: float, most: float, place: str = ""
) -> float:
    value = found.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InvalidPolicy(f"{place}{name}: a number from {least:g} to {most:g} is expected")
    return float(value)


def _written(policy: Policy) -> dict[str, Any]:
    """All that a policy says, as JSON."""
    waivers = [{one.name: getattr(waiver, one.name) for one in fields(Waiver)} for waiver in policy.waivers]
    plain = {one.name: getattr(policy, one.name) for one in fields(Policy)}
    sets = {name: sorted(value) for name, value in plain.items() if isinstance(value, frozenset)}
    return plain | sets | {"severities": dict(policy.severities), "margins": dict(policy.margins), "waivers": waivers}
