"""What is waited for is said once, and can be asked."""

import pytest
from structlog.testing import capture_logs

from lineage.outage import Outage


def an_outage(**more: str) -> Outage:
    return Outage(begins="it does not work", ends="it works again", **more)


def asked(outage: Outage) -> tuple[str | None, float]:
    return outage.reason, outage.seconds


def test_an_outage_is_said_once_when_it_begins_and_once_when_it_is_over() -> None:
    outage = an_outage(log="kafka://a/b")
    with capture_logs() as logged:
        for _ in range(3):
            outage.goes_on("connection refused")
        outage.is_over()
        outage.is_over()
    assert logged == [
        {"event": "it does not work", "log_level": "warning", "error": "connection refused", "log": "kafka://a/b"},
        {"event": "it works again", "log_level": "info", "seconds": pytest.approx(0, abs=1), "log": "kafka://a/b"},
    ]


def test_each_reason_is_said_once_and_numbers_make_no_other() -> None:
    outage = an_outage()
    with capture_logs() as logged:
        for reason in ("refused", "starting up", "refused", "process 7 waits", "process 12 waits"):
            outage.goes_on(reason)
    assert [line["error"] for line in logged] == ["refused", "starting up", "process 7 waits"]


def test_the_next_outage_is_said_again() -> None:
    outage = an_outage()
    with capture_logs() as logged:
        for _ in range(2):
            outage.goes_on("refused")
            outage.is_over()
    assert len(logged) == 4


def test_who_asks_is_told_why_and_for_how_long() -> None:
    outage = an_outage()
    assert asked(outage) == (None, 0)
    outage.goes_on("refused")
    assert asked(outage) > ("refused", 0)
    outage.is_over()
    assert asked(outage) == (None, 0)


def test_what_was_not_reached_yet_is_waited_for_without_a_word() -> None:
    outage = an_outage(at_first="not reached yet")
    with capture_logs() as logged:
        assert asked(outage) > ("not reached yet", 0)
        outage.is_over()
    assert asked(outage) == (None, 0)
    assert logged == []
