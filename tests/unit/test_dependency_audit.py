"""What is made of known weaknesses of dependencies: none is let pass unless somebody has allowed it, for a time."""

import sys
from datetime import date
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / ".ci" / "audit_dependencies.py"
TODAY = date(2026, 6, 1)
REPORT: dict[str, Any] = {
    "dependencies": [
        {"name": "fine", "version": "1", "vulns": []},
        {"name": "skipped", "skip_reason": "not found"},
        {"name": "weak", "version": "2", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["3"]}]},
    ]
}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = spec_from_file_location("audit_dependencies", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def allowing(id_: str, package: str = "weak", until: str = "2026-06-01", reason: str = "it is not called") -> str:
    return f'[[allowed]]\nid = "{id_}"\npackage = "{package}"\nreason = "{reason}"\nuntil = {until}\n'


def wrong(audit: ModuleType, allowed: str, report: dict[str, Any] = REPORT) -> list[str]:
    return list(audit.judged(audit.weaknesses(report), audit.read_allowances(allowed), TODAY))


def test_a_known_weakness_is_wrong(audit: ModuleType) -> None:
    assert wrong(audit, "") == ["weak 2: CVE-1, PYSEC-1, mended in 3"]


@pytest.mark.parametrize("id_", ["PYSEC-1", "CVE-1"])
def test_one_that_is_allowed_is_let_pass_to_the_last_day(audit: ModuleType, id_: str) -> None:
    assert wrong(audit, allowing(id_)) == []


def test_after_its_last_day_it_is_wrong_again(audit: ModuleType) -> None:
    (told,) = wrong(audit, allowing("CVE-1", until="2026-05-31"))
    assert "allowed until 2026-05-31" in told


def test_what_is_allowed_of_one_package_is_not_of_another(audit: ModuleType) -> None:
    assert len(wrong(audit, allowing("CVE-1", package="other"))) == 2


def test_what_is_allowed_and_gone_is_to_be_taken_out(audit: ModuleType) -> None:
    assert "is allowed and not there" in wrong(audit, allowing("CVE-1"), {"dependencies": []})[0]


@pytest.mark.parametrize(
    "text", [allowing("CVE-1", reason=" "), allowing("CVE-1") + "more = 1\n", '[[allowed]]\nid = "a"']
)
def test_nothing_is_allowed_without_a_reason_and_an_end(audit: ModuleType, text: str) -> None:
    with pytest.raises((TypeError, ValueError)):
        audit.read_allowances(text)


def test_who_does_not_know_what_is_known_to_be_weak_knows_nothing(audit: ModuleType) -> None:
    name, version = audit.WEAK
    blind = {"dependencies": [{"name": name, "skip_reason": "Dependency not found on PyPI"}]}
    knowing = {"dependencies": [{"name": name, "version": version, "vulns": [{"id": "PYSEC-2021-108"}]}]}
    assert not audit.knows_anything(blind)
    assert not audit.knows_anything({"dependencies": [{"name": name, "version": version, "vulns": []}]})
    assert audit.knows_anything(knowing)
