"""An alert as an event that any receiver can read. Source: CloudEvents 1.0.2, with its JSON event format."""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from lineage.alerts.alert import Alert
from lineage.identity import canonical, global_id

CONTENT_TYPE: Final = "application/cloudevents+json; charset=UTF-8"
TYPE: Final = "io.kfp-lineage."
"""What the types of events begin with; the kind of the rule follows."""


def event_of(alert: Alert) -> bytes:
    """Write an alert as a CloudEvent in structured mode.

    The same alert is the same event, byte for byte: a receiver knows one that comes twice by `source` and `id`.
    """
    event = {
        "specversion": "1.0",
        "id": alert.key,
        "source": f"/kfp-lineage/{quote(alert.cluster, safe='')}/{quote(alert.namespace, safe='')}",
        "type": TYPE + alert.kind.value,
        "subject": global_id(alert.subject),
        "time": rfc3339(alert.at),
        "datacontenttype": "application/json",
        "data": {"rule": alert.rule, "says": alert.says, **alert.data},
    }
    return canonical(event)


def rfc3339(at: datetime) -> str:
    """Write a time as events and answers do."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
