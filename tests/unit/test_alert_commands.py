"""`lineage alerts` and `lineage alert`: what is listed, and what is refused before anything is followed."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lineage.alerts import Alert, Kind
from lineage.cli import app
from lineage.identity import global_id, run_key
from lineage.store import migrate, open_store
from tests.factories import CLUSTER, NAMESPACE, RECORDED_AT, moment

MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(tmp_path: Path) -> str:
    """A store with three alerts: one that was sent, one that waits, and one that was given up."""
    url = f"sqlite:///{tmp_path / 'lineage.db'}"
    migrate(url)
    opened = open_store(url)
    for number, name in enumerate(("sent", "waiting", "given up")):
        alert = Alert(
            rule=name,
            kind=Kind.FAILED_RUN,
            subject=run_key(f"u{number}"),
            at=moment(number),
            cluster=CLUSTER,
            namespace=NAMESPACE,
            says=f"run {number} ended as FAILED [red]\x1b[2J",
            data={"phase": "FAILED"},
        )
        now = RECORDED_AT + number * MINUTE
        opened.keep_alerts([alert], {}, now=now)
        (taken,) = opened.take_due_alerts(now=now, until=now + timedelta(days=1), limit=1)
        failure = None if name == "sent" else "status 500"
        next_try_at = now + MINUTE * 60 if name == "waiting" else None
        opened.alert_tried(taken.alert.key, at=now, failure=failure, next_try_at=next_try_at)
    opened.close()
    return url


def test_alerts_are_listed_with_what_became_of_them(store: str) -> None:
    said = CliRunner().invoke(app, ["alerts", "--store", store], env={"COLUMNS": "200"})
    assert said.exit_code == 0, said.output
    _, *rows = said.output.splitlines()
    assert [row.split()[2] for row in rows] == ["given", "waiting", "sent"]
    assert "given up after 1 try: status 500" in rows[0]
    assert "run 2 ended as FAILED [red]" in rows[0]
    assert "\x1b[2J" not in said.output


def test_alerts_as_json_hold_all_that_is_kept(store: str) -> None:
    said = CliRunner().invoke(app, ["alerts", "--store", store, "--json", "--last", "2"])
    assert said.exit_code == 0, said.output
    given_up, waiting = json.loads(said.output)
    assert (given_up["state"], given_up["nextTryAt"], given_up["failure"]) == ("GIVEN_UP", None, "status 500")
    assert {
        name: waiting[name]
        for name in ("rule", "kind", "subject", "at", "foundAt", "tried", "data", "namespace", "cluster")
    } == {
        "rule": "waiting",
        "kind": "FAILED_RUN",
        "subject": global_id(run_key("u1")),
        "at": "1970-01-01T00:00:01Z",
        "foundAt": "2026-01-31T12:01:00Z",
        "tried": 1,
        "data": {"phase": "FAILED"},
        "namespace": NAMESPACE,
        "cluster": CLUSTER,
    }
    assert waiting["nextTryAt"] == "2026-01-31T13:01:00Z"
    assert waiting["key"].startswith("sha256:")


def test_that_there_are_more_alerts_is_said(store: str) -> None:
    said = CliRunner().invoke(app, ["alerts", "--store", store, "--last", "1"])
    assert "1 of 3 alerts" in said.stderr


def test_where_there_are_no_alerts_that_is_said(tmp_path: Path) -> None:
    migrate(f"sqlite:///{tmp_path / 'new.db'}")
    said = CliRunner().invoke(app, ["alerts", "--store", f"sqlite:///{tmp_path / 'new.db'}"])
    assert (said.exit_code, said.stdout) == (0, "")
    assert "No rule has found anything" in said.stderr


def test_rules_that_are_not_named_or_make_no_sense_are_refused(tmp_path: Path) -> None:
    nothing = CliRunner().invoke(app, ["alert"])
    assert "--rules FILE" in str(nothing.exception)
    file = tmp_path / "alerts.toml"
    file.write_text('[webhook]\nurl = "https://a.example"\n[[rules]]\nname = "a"\nkind = "drop"\n')
    wrong = CliRunner().invoke(app, ["alert", "--rules", str(file)])
    assert f"{file}: rule 'a': kind" in str(wrong.exception)
    absent = CliRunner().invoke(app, ["alert", "--rules", str(tmp_path / "absent.toml")])
    assert "--rules, LINEAGE_ALERT_RULES" in str(absent.exception)


@pytest.mark.parametrize("token", ["", "a\nb", "ä"])
def test_a_token_that_is_none_is_refused_and_not_shown(tmp_path: Path, token: str) -> None:
    (tmp_path / "token").write_text(token)
    file = tmp_path / "alerts.toml"
    file.write_text(
        f'[webhook]\nurl = "https://a.example"\ntoken_file = "{tmp_path / "token"}"\n'
        '[[rules]]\nname = "a"\nkind = "failed_run"\n'
    )
    store = f"sqlite:///{tmp_path / 'lineage.db'}"
    said = CliRunner().invoke(app, ["alert", "--rules", str(file), "--store", store])
    assert str(tmp_path / "token") in str(said.exception)
    assert not token or token not in str(said.exception)
