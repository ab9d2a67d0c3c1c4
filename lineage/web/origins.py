"""From where a request may come: under which name it reaches us, and from whose page.

A page in a user's browser may ask any address that the browser reaches. By a name of its own that it lets lead to
127.0.0.1 ("DNS rebinding") it would be of the same origin as a server there: where that is a danger, only names of this
machine are answered. Browsers say which page asks (Fetch Metadata Request Headers, W3C): what another site asks for,
other than by a link, is not answered either. What is no browser says nothing of that, and is let pass.
"""

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

IsOurs: TypeAlias = Callable[[str], bool]
"""Says whether a server goes by a name, as the header `Host` gives it, with or without a port."""

NOT_OUR_NAME: Final = (
    "This server is asked without a login, so it answers only to names of its own machine: localhost, 127.0.0.1 or "
    "[::1]. Ask by one of them, or start it with `access` set: to none, if whoever reaches it may read everything."
)
NOT_OUR_PAGE: Final = "Pages of other sites are not answered; follow a link to this one."
NAMES_REMEMBERED: Final = 64
_OTHER_SITES: Final = (b"cross-site", b"same-site")
_POLICY_VIOLATION: Final = 1008  # the code with which a WebSocket is closed for that: RFC 6455


def any_name(host: str) -> bool:
    """Answer to every name: for a server that others reach, or that asks for logins."""
    del host
    return True


@lru_cache(NAMES_REMEMBERED)
def is_loopback_name(host: str) -> bool:
    """Say whether a name always leads to the machine that asks: `localhost`, 127.0.0.0/8 and [::1], with any port."""
    try:
        parts = urlsplit(f"//{host}")
        name, _ = parts.hostname, parts.port
        if not name or parts.netloc != host or "@" in host:
            return False
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class Origins:
    """Answers 403 to what comes under another name, or from the page of another site."""

    def __init__(self, app: ASGIApp, is_ours: IsOurs) -> None:
        self._app = app
        self._is_ours = is_ours

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await PlainTextResponse(f"{refusal}\n", 403, headers={"Cache-Control": "no-store"})(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": refusal[:100]})

    def _refusal(self, scope: Scope) -> str | None:
        names, page, mode = [], None, None
        for name, value in scope["headers"]:
            if name == b"host":
                names.append(value.decode("latin-1"))
            elif name == b"sec-fetch-site":
                page = value
            elif name == b"sec-fetch-mode":
                mode = value
        if not all(map(self._is_ours, names or [""])):
            return NOT_OUR_NAME
        return NOT_OUR_PAGE if page in _OTHER_SITES and mode != b"navigate" else None
