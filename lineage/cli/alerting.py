"""Putting together what follows rules: the webhook that their file names, and which way metrics should go."""

from pathlib import Path
from typing import TYPE_CHECKING

from lineage.alerts import Rules, Target
from lineage.cli.parts import now
from lineage.cli.rules import text_of
from lineage.errors import InvalidSettings
from lineage.ports import LineageStore
from lineage.settings import Settings, secret
from lineage.trends.directions import Directions, read_directions
from lineage.webhook import Webhook

if TYPE_CHECKING:
    from lineage.alerter import Alerter


def alerter_of(settings: Settings, store: LineageStore, rules: Rules) -> "Alerter":
    """Make what follows rules over a store.

    Raises:
        InvalidSettings: a secret, or the file of the directions of metrics, is of no use.
    """
    from lineage.alerter import Alerter  # noqa: PLC0415 - with numpy, for what few programs follow

    webhook = Webhook(rules.target, token=_token(rules.target))
    return Alerter(store, rules.rules, webhook.send, clock=now, directions=directions_of(settings))


def _token(target: Target) -> str | None:
    token = secret(None, Path(target.token_file)) if target.token_file is not None else target.token
    if token is not None and not (token.isascii() and token.isprintable()):
        raise InvalidSettings(f"the secret in {target.token_file} is no token: one in ASCII on one line is expected")
    return token


def directions_of(settings: Settings) -> Directions:
    """Read which way metrics should go.

    Raises:
        InvalidSettings: the file cannot be read, or says something that makes no sense.
    """
    file = settings.metric_directions
    return Directions() if file is None else read_directions(text_of(file), str(file))
