"""Alerts as processes send them: `lineage alert` beside who records, and `lineage up` by itself."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lineage.alerts import AlertState
from lineage.identity import global_id, run_key
from lineage.ports import EVERYTHING, PageRequest
from lineage.store import open_store
from tests.factories import a_workflow, record
from tests.integration.test_cli import serving
from tests.probed import started
from tests.waiting import comes_true
from tests.webhook_server import Hook, webhook

SECRET = "hunter2"


def rules(folder: Path, hook: Hook) -> Path:
    """Rules whose webhook takes a login, and is allowed to be on this machine."""
    file = folder / "alerts.toml"
    file.write_text(
        f'[webhook]\nurl = "http://name:{SECRET}@127.0.0.1:{hook.port}/{SECRET}"\nallow = ["127.0.0.1/32"]\n'
        '[[rules]]\nname = "nothing fails"\nkind = "failed_run"\n'
    )
    return file


def a_run_fails_now(url: str) -> None:
    """Record a run that fails in a moment, after whatever follows rules has begun."""
    end = datetime.now(UTC) + timedelta(seconds=5)
    with closing(open_store(url)) as store:
        record(store, a_workflow(phase="Failed", finishedAt=end.strftime("%Y-%m-%dT%H:%M:%SZ")))


def test_a_run_that_fails_is_told_to_the_webhook_and_listed(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'lineage.db'}"
    with webhook() as hook:
        arguments = ("alert", "--rules", str(rules(tmp_path, hook)), "--store", store)
        with started(tmp_path / "alert.log", *arguments) as alerter:
            assert comes_true(lambda: alerter.status("/readyz") == 200), alerter.logged()
            a_run_fails_now(store)
            assert comes_true(lambda: bool(hook.received)), alerter.logged()
            assert alerter.end() == 0
    (got,) = hook.received
    assert (got.event["subject"], got.path) == (global_id(run_key("u1")), f"/{SECRET}")
    with closing(open_store(store)) as opened:
        (kept,) = opened.alerts(EVERYTHING, PageRequest(first=9)).items
    assert (kept.alert.key, kept.state) == (got.event["id"], AlertState.SENT)
    assert SECRET not in (tmp_path / "alert.log").read_text()
    assert all(SECRET.encode() not in file.read_bytes() for file in tmp_path.glob("lineage.db*"))


def test_what_watches_and_records_follows_the_rules_of_its_settings(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'lineage.db'}"
    with webhook() as hook:
        environment = {"LINEAGE_ALERT_RULES": str(rules(tmp_path, hook))}
        with serving("up", "--demo", "--speed", "0.01", "--store", store, **environment):
            a_run_fails_now(store)
            assert comes_true(lambda: bool(hook.received))
    assert hook.received[0].event["subject"] == global_id(run_key("u1"))
