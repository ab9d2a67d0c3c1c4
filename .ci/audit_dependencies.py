"""Ask for known weaknesses of every package of this environment, by pip-audit, and fail for those that nobody allowed.

Who is asked (PyPI, or OSV) may be out of reach where this runs. So a package that is known to be weak is asked for
first: where nothing is said of that one, nothing would be learned of the others, and that is said, and is no failure.
pip-audit lives in an environment of its own (`~/.cache/kfp-lineage/pip-audit`), so that it is no dependency of what it
judges.

`audit_allowed.toml` beside this allows a weakness until a date, for a reason:

    [[allowed]]
    id = "GHSA-…"
    package = "name"
    reason = "why it cannot be used against us"
    until = 2027-01-31
"""

import json
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import distributions
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

ALLOWED: Final = Path(__file__).with_name("audit_allowed.toml")
ENVIRONMENT: Final = Path.home() / ".cache" / "kfp-lineage" / "pip-audit"
OWN: Final = "kfp-lineage"
WEAK: Final = ("urllib3", "1.26.4")  # CVE-2021-33503, of 2021: whoever knows anything knows this
SOURCES: Final = ("pypi", "osv")
SECONDS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """A known weakness of a package; `fixed` are the versions that have it no more."""

    package: str
    version: str
    ids: frozenset[str]
    fixed: tuple[str, ...] = ()

    def __str__(self) -> str:
        mended = f"mended in {', '.join(self.fixed)}" if self.fixed else "not mended yet"
        return f"{self.package} {self.version}: {', '.join(sorted(self.ids))}, {mended}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """A weakness that somebody has looked at, and until when that holds."""

    id: str
    package: str
    reason: str
    until: date


def main() -> int:
    installed = {one.name: one.version for one in distributions() if one.name.lower() != OWN}
    report = next((found for source in SOURCES if (found := asked(source, installed)) is not None), None)
    if report is None:
        weak, sources = "==".join(WEAK), " nor ".join(SOURCES)
        say(f"skipped: nobody can be asked from here, as neither {sources} says that {weak} is known to be weak")
        return 0
    allowances = read_allowances(ALLOWED.read_text()) if ALLOWED.exists() else ()
    failures = list(judged(weaknesses(report), allowances, datetime.now(UTC).date()))
    say(*(f"audit: {one}" for one in failures), f"{len(installed)} packages, {len(failures)} things that are wrong")
    return 1 if failures else 0


# ------------------------------------------------------------------------------------------ judging: pure
def weaknesses(report: Mapping[str, Any]) -> list[Weakness]:
    """Read what pip-audit reports as JSON."""
    return [
        Weakness(
            package=one["name"],
            version=one["version"],
            ids=frozenset({found["id"], *found.get("aliases", ())}),
            fixed=tuple(found.get("fix_versions", ())),
        )
        for one in report.get("dependencies", ())
        for found in one.get("vulns", ())
    ]


def knows_anything(report: Mapping[str, Any]) -> bool:
    """Say whether a report knows the package that is known to be weak."""
    known = (one for one in report.get("dependencies", ()) if one.get("vulns"))
    return any((one["name"], one["version"]) == WEAK for one in known)


def judged(found: Sequence[Weakness], allowances: Sequence[Allowance], today: date) -> Iterator[str]:
    """Say what is wrong: weaknesses that nobody allowed, or no longer, and allowances of what is no weakness now."""
    for weakness in found:
        allowed = [one for one in allowances if one.id in weakness.ids and one.package == weakness.package]
        if not allowed:
            yield str(weakness)
        elif (until := max(one.until for one in allowed)) < today:
            yield f"{weakness}; it was allowed until {until}"
    for one in allowances:
        if not any(one.id in weakness.ids and one.package == weakness.package for weakness in found):
            yield f"{one.id} of {one.package} is allowed and not there: take it out of {ALLOWED.name}"


def read_allowances(text: str) -> tuple[Allowance, ...]:
    """Read the file of allowances. A member that is missing, empty or unknown is an error."""
    found = tuple(Allowance(**one) for one in tomllib.loads(text).get("allowed", ()))
    for one in found:
        if not (one.id and one.package and one.reason.strip() and isinstance(one.until, date)):
            raise ValueError(f"{one}: id, package, reason and until are wanted")
    return found


# ------------------------------------------------------------------------------------------ asking
def asked(source: str, installed: Mapping[str, str]) -> Mapping[str, Any] | None:
    """Ask for all packages; None where not even of the one that is known to be weak anything is said."""
    weak = _report(source, dict([WEAK]))
    return None if weak is None or not knows_anything(weak) else _report(source, installed)


def _report(source: str, packages: Mapping[str, str]) -> Mapping[str, Any] | None:
    if not _installed():
        return None
    with TemporaryDirectory() as folder:
        wanted = Path(folder) / "requirements.txt"
        wanted.write_text("".join(f"{name}=={version}\n" for name, version in sorted(packages.items())))
        options = ["--vulnerability-service", source, "--no-deps", "--disable-pip", "--format", "json"]
        command = [ENVIRONMENT / "bin" / "python", "-m", "pip_audit", "-r", wanted, *options]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
            found: Mapping[str, Any] = json.loads(done.stdout)
        except (subprocess.TimeoutExpired, json.JSONDecodeError):
            return None
    return found


def _installed() -> bool:
    """Make the environment of pip-audit, where there is none; say whether there is one."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "pip-audit>=2.10,<3"]
    try:
        return subprocess.run(install, stdin=subprocess.DEVNULL, check=False, timeout=SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def say(*lines: str) -> None:
    """Print some lines."""
    sys.stdout.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
