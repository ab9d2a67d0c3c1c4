"""What somebody is told of: rules in a file, what they make of runs and schedules, and the events that say so.

Pure. `lineage.alerting` reads what is judged, and `lineage.alerter` does so again and again, and sends.
"""

from lineage.alerts.alert import Alert, AlertKept, AlertMark, AlertState, Kind, Span
from lineage.alerts.events import CONTENT_TYPE, event_of
from lineage.alerts.rules import Rule, Rules, Target, read_rules

__all__ = [
    "CONTENT_TYPE",
    "Alert",
    "AlertKept",
    "AlertMark",
    "AlertState",
    "Kind",
    "Rule",
    "Rules",
    "Span",
    "Target",
    "event_of",
    "read_rules",
]
