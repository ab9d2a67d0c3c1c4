"""Headers that keep the pages to themselves: nothing is loaded from, sent to or framed by anyone else."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from starlette.types import Scope

Header: TypeAlias = tuple[bytes, bytes]

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'{inline_styles}; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
STRICT_POLICY: Final = _POLICY.format(inline_styles="")
GRAPHIQL_POLICY: Final = _POLICY.format(inline_styles=" 'unsafe-inline'")  # its editor styles single elements
SECURITY_HEADERS: Final[tuple[Header, ...]] = (
    (b"content-security-policy", STRICT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def combined(asked: Scope) -> Mapping[str, str]:
    """The headers of a request by their names. One that comes several times is a list, as RFC 9110 §5.3 has it: whoever
    adds a second name to that of a proxy has a name that nobody has."""
    found: dict[str, str] = {}
    for raw_name, raw_value in asked["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def with_security(headers: Iterable[Header]) -> list[Header]:
    """Add the headers of every answer to those of one; one that brings its own policy keeps it."""
    given = list(headers)
    present = {name for name, _ in given}
    return [*given, *(one for one in SECURITY_HEADERS if one[0] not in present)]
