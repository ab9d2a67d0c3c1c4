"""Rules of alerts: what a file may say, and what is said of one that makes no sense."""

import tomllib
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.alerts import Kind, Rule, Target, read_rules
from lineage.audit import Tier
from lineage.errors import InvalidSettings

WEBHOOK = '[webhook]\nurl = "https://hooks.example/a"\n'


def rule(text: str, *, name: str = "a rule") -> str:
    return f'{WEBHOOK}[[rules]]\nname = "{name}"\n{text}'


def read(text: str) -> Rule:
    (found,) = read_rules(rule(text), "alerts.toml").rules
    return found


def refusal(text: str) -> str:
    with pytest.raises(InvalidSettings) as caught:
        read_rules(text, "alerts.toml")
    return str(caught.value)


def test_a_file_says_where_to_and_what() -> None:
    found = read_rules(
        """
        [webhook]
        url = "http://alerts.internal:8080/in?from=lineage"
        token = "t0ken"
        allow = ["127.0.0.0/8", "fd00:ec2::254/128"]

        [[rules]]
        name = "accuracy fell"
        kind = "shift"
        metric = "accuracy"
        pipeline = "churn-*"
        last = 50

        [[rules]]
        name = "slow"
        kind = "threshold"
        metric = "duration_seconds"
        task = "train"
        above = 3600

        [[rules]]
        name = "no night without"
        kind = "missed_slot"
        recurring_run = "nightly"

        [[rules]]
        name = "traceable"
        kind = "tier_lost"
        tier = "traceable"
        policy = "code"
        """,
        "alerts.toml",
    )
    assert found.target.shown == "http://alerts.internal:8080"
    assert found.target.allowed == (ip_network("127.0.0.0/8"), ip_network("fd00:ec2::254/128"))
    fell, slow, night, traceable = found.rules
    assert (fell.kind, fell.metric, fell.pipeline, fell.last) == (Kind.SHIFT, "accuracy", "churn-*", 50)
    assert (slow.above, slow.below, slow.task) == (3600.0, None, "train")
    assert (night.kind, night.recurring_run) == (Kind.MISSED_SLOT, "nightly")
    assert (traceable.tier, traceable.policy) == (Tier.TRACEABLE, "code")


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("nonsense", "alerts.toml: it is no TOML", ""),
        ('[[rules]]\nname = "a"\nkind = "z"', "alerts.toml: webhook", "[webhook]"),
        (WEBHOOK, "alerts.toml: rules", "[[rules]]"),
        (f"{WEBHOOK}[rule]", "alerts.toml: rule:", "webhook, rules"),
        (f"{WEBHOOK}[[rules]]\nkind = 'z'", "alerts.toml: rule 1: name", "write name ="),
        (rule('kind = "drop"'), "alerts.toml: rule 'a rule': kind: 'drop'", "shift, threshold, z"),
        (rule('kind = "shift"'), "rule 'a rule': metric", "write metric ="),
        (rule('kind = "shift"\nmetric = 1'), "rule 'a rule': metric", "a text is expected"),
        (rule('kind = "shift"\nmetric = "a"\nabove = 1'), "rule 'a rule': above", "metric, task, last"),
        (rule('kind = "shift"\nmetric = "a"\nlast = 0'), "rule 'a rule': last", "from 1 to 10000"),
        (rule('kind = "threshold"\nmetric = "a"'), "rule 'a rule': above", "write above = 0.5"),
        (rule('kind = "threshold"\nmetric = "a"\nbelow = nan'), "rule 'a rule': below", "a number"),
        (rule('kind = "z"\nmetric = "a"\nz = -1'), "rule 'a rule': z", "above 0"),
        (rule('kind = "missed_slot"\npipeline = "a"'), "rule 'a rule': pipeline", "recurring_run, namespace"),
        (rule('kind = "tier_lost"'), "rule 'a rule': tier", "traceable, re_executable, verified"),
        (rule('kind = "tier_lost"\ntier = "none"'), "rule 'a rule': tier", "traceable"),
        (rule('kind = "tier_lost"\ntier = "verified"\npolicy = "x"'), "rule 'a rule': policy", "code, default"),
        (rule('kind = "failed_run"\n[[rules]]\nname = "a rule"\nkind = "failed_run"'), "rule 'a rule': name", "own"),
    ],
)
def test_what_makes_no_sense_is_said_with_its_place_and_what_to_write(text: str, place: str, what: str) -> None:
    said = refusal(text)
    assert place in said
    assert what in said


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('url = "ftp://secret.example"', "url"),
        ('url = "https://"', "url"),
        ('url = "https://secret.example:port/"', "url"),
        ('url = "https://secret.example/#here"', "url"),
        ('url = "https://[::1/"', "url"),
        ('url = "https://secret.example/a b"', "url"),
        ('url = "https://a.example"\ntoken = "secret word"', "token"),
        ('url = "https://a.example"\ntoken = "secret"\ntoken_file = "/f"', "token"),
        ('url = "https://name:secret@a.example"\ntoken = "b"', "token"),
        ('url = "https://a.example"\nallow = "10.0.0.0/8"', "allow"),
        ('url = "https://a.example"\nallow = ["loopback"]', "allow"),
        ('url = "https://a.example"\nallow = [1]', "allow"),
        ('url = "https://a.example"\nproxy = "b"', "proxy"),
    ],
)
def test_a_webhook_that_makes_no_sense_is_refused_and_what_it_is_instead_is_not_shown(line: str, key: str) -> None:
    said = refusal(f'[webhook]\n{line}\n[[rules]]\nname = "a"\nkind = "failed_run"')
    assert f"alerts.toml: webhook: {key}" in said
    assert "secret" not in said


def test_what_a_webhook_is_called_and_how_it_is_written_hold_no_secret() -> None:
    target = Target(url="https://name:hunter2@hooks.example/services/T0/hunter2?key=hunter2", token="hunter2")
    assert target.shown == "https://hooks.example"
    assert target.login == ("name", "hunter2")
    assert "hunter2" not in repr(target)


def test_a_rule_is_for_what_has_the_names_that_it_asks_for() -> None:
    found = read('kind = "failed_run"\npipeline = "churn-*"\nnamespace = "team-a"')
    assert found.is_for({"pipeline": ["churn-training"], "namespace": ["team-a"]})
    assert found.is_for({"pipeline": ["5f3c", "churn-training"], "namespace": ["team-a"], "experiment": ["e"]})
    assert not found.is_for({"pipeline": ["churn-training"], "namespace": ["team-b"]})
    assert not found.is_for({"pipeline": ["training"], "namespace": ["team-a"]})
    assert not found.is_for({"namespace": ["team-a"]})


_VALUES = st.one_of(
    st.sampled_from(('"shift"', '"threshold"', '"z"', '"tier_lost"', '"failed_run"', '"missed_slot"', '"verified"')),
    st.sampled_from(("true", "-1", "0", "1e400", "nan", "[]", "{}", "[1]", '""', '" "', '"a"', "1979-05-27")),
)
_NAMES = st.sampled_from(
    ("name", "kind", "metric", "task", "last", "above", "below", "z", "tier", "policy", "pipeline", "namespace", "url")
)


@given(st.dictionaries(_NAMES, _VALUES))
def test_any_rule_is_understood_whole_or_refused_with_the_file(members: dict[str, str]) -> None:
    text = WEBHOOK + "[[rules]]\n" + "\n".join(f"{name} = {value}" for name, value in members.items())
    try:
        (found,) = read_rules(text, "alerts.toml").rules
    except InvalidSettings as error:
        assert str(error).startswith("alerts.toml: ")  # noqa: PT017 - either of two outcomes is right
    else:
        written = tomllib.loads(text)["rules"][0]
        kept = {name: getattr(found, name) for name in written}
        assert kept | {"tier": written.get("tier")} == written | {"tier": written.get("tier")}


@given(st.text())
def test_any_text_is_understood_or_refused_with_the_file(text: str) -> None:
    assert refusal(text).startswith("alerts.toml: ")
