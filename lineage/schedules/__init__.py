"""When recurring runs are due, and what became of that: cron expressions, intervals, and the ledger of slots.

Pure: what is asked comes as arguments, the present moment too.
"""

from lineage.schedules.cron import InvalidSchedule
from lineage.schedules.due import fault_of
from lineage.schedules.ledger import LATE_SECONDS, Ledger, Made

__all__ = ["LATE_SECONDS", "InvalidSchedule", "Ledger", "Made", "fault_of"]
