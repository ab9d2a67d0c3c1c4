"""Reading the files of rules that settings name: what is told to whom, how long runs are kept, and which way metrics
should go."""

from pathlib import Path

from lineage.alerts import Rules, read_rules
from lineage.errors import InvalidSettings
from lineage.retention import Retention, read_retention
from lineage.settings import Settings


def alerts_of(settings: Settings) -> Rules | None:
    """Read the rules of alerts; None where the settings name no file.

    Raises:
        InvalidSettings: the file cannot be read, or says something that makes no sense.
    """
    file = settings.alert_rules
    return None if file is None else read_rules(text_of(file), str(file))


def retention_of(settings: Settings) -> Retention | None:
    """Read the rules of retention; None where the settings name no file.

    Raises:
        InvalidSettings: the file cannot be read, or says something that makes no sense.
    """
    file = settings.retention_rules
    return None if file is None else read_retention(text_of(file), str(file))


def text_of(file: Path) -> str:
    """Read a file of rules."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"{file} cannot be read ({type(error).__name__})") from error
