"""Policies of audits: how they are read, and what they change of a verdict."""

from datetime import date

import pytest

from lineage.audit import DEFAULT, IDS, POLICIES, Audit, Severity, Tier, Verdict, audit, read_policy
from lineage.audit.policy import MOST_BYTES, Policy, Waiver
from lineage.errors import InvalidPolicy
from tests.audited import NAME, Seen, check, clean, evidence_of

WAIVER = '[[waivers]]\ncheck = "K-03"\nby = "ada"\nuntil = 2026-01-02\nwhy = "the base image moves next week"\n'


def read(text: str) -> Policy:
    return read_policy(text, IDS)


# ------------------------------------------------------------------------------------------ reading
@pytest.mark.parametrize("text", [None, "", " \n", "default"])
def test_without_a_policy_it_is_the_default(text: str | None) -> None:
    assert read_policy(text, IDS) is DEFAULT


def test_a_policy_that_is_there_is_called_by_its_name() -> None:
    assert read("code") is POLICIES["code"]
    assert POLICIES["code"].severity_of("K-05", Severity.WARNING) is Severity.TRACEABLE


def test_everything_that_a_policy_can_say_is_read() -> None:
    found = read(
        'name = "team"\nversion = 3\nignore = ["G-01"]\nrequire = ["K-05"]\nseeds = ["Zufall"]\n'
        'revisions = ["build"]\nexternal = ["s3://landing/"]\nconfidence = 0.9\ndigest_within_seconds = 60\n'
        '[severities]\n"D-06" = "RE_EXECUTABLE"\n[margins]\nauc = 0.01\n'
        f'{WAIVER}run = "r"\npipeline = "p"\nstep = "s"\n'
    )
    assert found == Policy(
        name="team",
        version="3",
        ignore=frozenset({"G-01"}),
        require=frozenset({"K-05"}),
        seeds=frozenset({"zufall"}),
        revisions=frozenset({"build"}),
        external=("s3://landing/",),
        confidence=0.9,
        digest_within_seconds=60.0,
        severities={"D-06": Severity.RE_EXECUTABLE},
        margins={"auc": 0.01},
        waivers=(
            Waiver(
                check="K-03",
                by="ada",
                until=date(2026, 1, 2),
                why="the base image moves next week",
                run="r",
                pipeline="p",
                step="s",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "place", "allowed"),
    [
        ("strict", "no policy called 'strict'", "code, default"),
        ("name = \nversion = 1", "it is no TOML", "line 1"),
        ('nam = "x"', "nam: there is no such key", "severities"),
        ("ignore = []", "name: a text is expected", "must be given"),
        ('name = "x"\nignore = ["K-99"]', "ignore: there is no check 'K-99'", "K-08"),
        ('name = "x"\nignore = "K-01"', "ignore: a list of texts", ""),
        ('name = "x"\nignore = ["K-01"]\nrequire = ["K-01"]', "require: K-01 is left out", "in one of them"),
        ('name = "x"\n[severities]\n"K-1" = "WARNING"', "severities: there is no check 'K-1'", "K-01"),
        ('name = "x"\n[severities]\n"K-01" = "LOW"', "severities.K-01: 'LOW' is no severity", "INFORMATION"),
        ('name = "x"\nseverities = 5', "severities: a table is expected", "[severities]"),
        ('name = "x"\nconfidence = 2', "confidence: a number from 0.5 to 0.9999", ""),
        ('name = "x"\nconfidence = true', "confidence: a number", ""),
        ('name = "x"\n[margins]\nauc = -1', "margins.auc: a number from 0", ""),
        ('name = "x"\n[margins]\nauc = nan', "margins.auc: a number from 0", ""),
        ('name = "x"\nwaivers = [1]', "waivers[0]: a table is expected", "[[waivers]]"),
        (f'name = "x"\n{WAIVER}until_ = 1', "waivers[0].until_: there is no such key", "check, by, until, why"),
        ('name = "x"\n[[waivers]]\ncheck = "K-01"', "waivers[0].until: a date is expected", "2027-01-31"),
        (f'name = "x"\n{WAIVER.replace("K-03", "K-33")}', "waivers[0].check: there is no check 'K-33'", "K-03"),
        (f'name = "x"\n{WAIVER.replace("ada", " ")}', "waivers[0].by: a text is expected", ""),
        (f'name = "{"x" * MOST_BYTES}"', "more than 256 KiB", ""),
    ],
)
def test_what_a_policy_should_not_say_is_told_with_its_place_and_what_is_allowed(
    text: str, place: str, allowed: str
) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        read(text)
    assert place in str(refused.value)
    assert allowed in str(refused.value)


def test_equal_policies_have_equal_titles_and_others_another() -> None:
    one, same = read('name = "x"\nignore = ["G-01", "G-02"]'), read('ignore = ["G-02", "G-01"]\nname = "x"')
    assert one.title == same.title
    assert one.title != read('name = "x"\nignore = ["G-01"]').title
    assert one.title.startswith("x 1 sha256:")


# ------------------------------------------------------------------------------------------ what it changes
def by_tag(seen: Seen) -> Seen:
    """The same run, of which one step asked for its image by a tag."""
    seen.container("train")["image"] = "registry.example/step:1"
    return seen


@pytest.fixture(scope="module")
def held_to() -> dict[str, Audit]:
    """What becomes of that run by some policies."""
    evidence = evidence_of(by_tag(clean()))
    assert evidence is not None
    policies = {
        "none": "",
        "waived": WAIVER,
        "waived till yesterday": WAIVER.replace("2026-01-02", "2026-01-01"),
        "waived for the step": f'{WAIVER}step = "train"\n',
        "waived for another step": f'{WAIVER}step = "measure"\n',
        "waived for the run": f'{WAIVER}run = "{NAME}"\n',
        "waived for another run": f'{WAIVER}run = "other"\n',
        "waived for the pipeline": f'{WAIVER}pipeline = "nightly"\n',
        "ignored": 'ignore = ["K-03", "G-01", "G-02"]\n',
        "a warning": '[severities]\n"K-03" = "WARNING"\n',
        "required": 'require = ["K-03"]\n',
    }
    return {name: audit(evidence, read(f'name = "x"\n{text}')) for name, text in policies.items()}


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [
        ("none", Verdict.FAIL),
        ("waived", Verdict.WAIVED),
        ("waived till yesterday", Verdict.FAIL),
        ("waived for the step", Verdict.WAIVED),
        ("waived for another step", Verdict.FAIL),
        ("waived for the run", Verdict.WAIVED),
        ("waived for another run", Verdict.FAIL),
        ("waived for the pipeline", Verdict.WAIVED),
        ("ignored", Verdict.NOT_APPLICABLE),
        ("a warning", Verdict.FAIL),
    ],
)
def test_a_policy_changes_the_verdict_that_it_speaks_of(
    held_to: dict[str, Audit], policy: str, verdict: Verdict
) -> None:
    assert check(held_to[policy], "K-03").verdict is verdict


def test_a_waiver_says_who_until_when_and_why_and_what_it_waives(held_to: dict[str, Audit]) -> None:
    reason = check(held_to["waived"], "K-03").reason
    assert reason.startswith("waived by ada until 2026-01-02: the base image moves next week. It is: 1 of 4 containers")


def test_a_waiver_that_has_ended_is_told(held_to: dict[str, Audit]) -> None:
    assert check(held_to["waived till yesterday"], "K-03").reason.endswith("; a waiver by ada ended on 2026-01-01")


def test_no_waiver_earns_a_tier(held_to: dict[str, Audit]) -> None:
    assert {held_to[name].tier for name in held_to if name.startswith("waived")} == {Tier.TRACEABLE}


def test_what_is_only_a_warning_blocks_nothing(held_to: dict[str, Audit]) -> None:
    assert held_to["none"].tier is Tier.TRACEABLE
    assert held_to["a warning"].tier is Tier.RE_EXECUTABLE
    assert held_to["ignored"].tier is Tier.RE_EXECUTABLE


def test_what_is_required_blocks_everything(held_to: dict[str, Audit]) -> None:
    assert (held_to["required"].tier, check(held_to["required"], "K-03").blocks) == (Tier.NONE, Tier.TRACEABLE)


def test_leaving_every_check_of_a_tier_out_does_not_earn_it() -> None:
    evidence = evidence_of(clean())
    assert evidence is not None
    assert audit(evidence, read('name = "x"\nignore = ["R-05", "G-01", "G-02"]')).tier is Tier.RE_EXECUTABLE
