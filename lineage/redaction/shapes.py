"""Secrets that show what they are: keys and tokens of known form, authorization headers, passwords in URLs.

Pure. Each pattern begins with a literal, which keeps the search through megabytes fast.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from lineage.redaction.names import MARKER, can_be_secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A form of secrets. A text without any of the `hints` (lower case) holds none.

    The group `secret` is replaced, or all. `own_word`: it does not begin in the middle of a word.
    `repeats`: the secret does not show elsewhere what it is.
    """

    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    own_word: bool = False
    repeats: bool = False
    is_secret: Callable[[str], bool] = lambda secret: True

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Find where the secrets of this shape stand in a text, in order."""
        group = "secret" if self.pattern.groupindex else 0
        for match in self.pattern.finditer(text):
            in_word = self.own_word and match.start() and text[match.start() - 1].isalnum()
            escaped = in_word and text[max(0, match.start() - 2)] == "\\"  # the n of an escaped line end
            if (not in_word or escaped) and not MARKER.search(match[group]) and self.is_secret(match[group]):
                yield match.span(group)


def _is_basic(secret: str) -> bool:
    try:
        return b":" in base64.b64decode(secret + "==")
    except binascii.Error:
        return False


def _is_bearer(secret: str) -> bool:
    return len(secret) >= 20 or any(character.isdigit() for character in secret)  # "bearer authentication"


def _is_password(secret: str) -> bool:
    return re.match(r"\d{2,5}[,;&?#]", secret) is None and can_be_secret(secret)  # a port and a query with an @


_SCHEMES: Final = "(?i:bearer|basic|token|apikey|digest|negotiate)"

SHAPES: Final = (
    Shape(
        hints=("private key",),
        pattern=re.compile(
            r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----"
            r"(?:.{0,10000}?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\]*)",
            re.DOTALL,
        ),
    ),
    Shape(hints=("akia", "asia"), pattern=re.compile(r"A[KS]IA[A-Z0-9]{16}(?![A-Za-z0-9])")),
    Shape(hints=("ghp_", "gho_", "ghs_", "ghu_", "ghr_"), pattern=re.compile(r"gh[pousr]_[A-Za-z0-9]{20,}")),
    Shape(hints=("github_pat_",), pattern=re.compile(r"github_pat_\w{20,}", re.ASCII)),
    Shape(hints=("glpat-",), pattern=re.compile(r"glpat-[\w-]{16,}", re.ASCII)),
    Shape(hints=("xox",), pattern=re.compile(r"xox[abeprs]-[A-Za-z0-9-]{10,}")),
    Shape(hints=("aiza",), pattern=re.compile(r"AIza[\w-]{30,}", re.ASCII)),
    Shape(
        hints=("sk-",),  # a long run of letters and digits: words joined by dashes are no key
        pattern=re.compile(
            r"sk-(?:(?:ant|proj|svcacct|admin|or|live|test)-[\w-]{20,}"
            r"|(?:[A-Za-z0-9]{1,10}-){0,3}(?=[A-Za-z_]*\d|[A-Za-z0-9]{40})\w{16,}[\w-]*)",
            re.ASCII,
        ),
        own_word=True,
    ),
    Shape(hints=("k_live_", "k_test_"), pattern=re.compile(r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}")),
    Shape(hints=("hf_",), pattern=re.compile(r"hf_[A-Za-z0-9]{20,}"), own_word=True),
    Shape(hints=("npm_",), pattern=re.compile(r"npm_[A-Za-z0-9]{30,}"), own_word=True),
    Shape(hints=("pypi-",), pattern=re.compile(r"pypi-[\w-]{50,}", re.ASCII), own_word=True),
    Shape(hints=("dapi",), pattern=re.compile(r"dapi[0-9a-f]{32}(?:-\d)?"), own_word=True),  # of Databricks
    Shape(hints=("hvs.", "hvb."), pattern=re.compile(r"hv[sb]\.[\w-]{20,}", re.ASCII), own_word=True),  # of Vault
    Shape(hints=("dckr_pat_",), pattern=re.compile(r"dckr_pat_[\w-]{20,}", re.ASCII)),
    Shape(
        hints=("hooks.slack.com/",),
        pattern=re.compile(r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[\w/-]{20,})", re.ASCII),
        repeats=True,
    ),
    Shape(  # an address with such a signature opens what it names: S3, Google Cloud Storage, Azure
        hints=("signature=", "sig="),
        pattern=re.compile(r"[?&;](?:(?i:(?:X-(?:Amz|Goog)-)?Signature)|sig)=(?P<secret>[\w%+/=-]{16,})", re.ASCII),
        repeats=True,
    ),
    Shape(hints=("eyj",), pattern=re.compile(r"eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*(?:\.[\w-]+){0,2}", re.ASCII)),
    Shape(
        hints=("authorization",),
        pattern=re.compile(
            rf"(?i:authorization)\\*[\"']?\]?\s*[:=]\s*\\*[\"']?(?:{_SCHEMES}\s+)?"
            rf"(?P<secret>(?!{_SCHEMES}\b)[^\s\"'\\,;<>{{}}$()\[\]`]{{4,}})"
        ),
        repeats=True,
        is_secret=can_be_secret,
    ),
    Shape(
        hints=("bearer",),
        pattern=re.compile(r"(?i:bearer)\s+(?P<secret>[\w.~+/=:-]{12,})", re.ASCII),
        own_word=True,
        repeats=True,
        is_secret=_is_bearer,
    ),
    Shape(
        hints=("basic",),
        pattern=re.compile(r"(?i:basic)\s+(?P<secret>[\w+/-]{8,}={0,2})", re.ASCII),
        own_word=True,
        is_secret=_is_basic,
    ),
    Shape(
        hints=("@",),  # but docker-pullable://image:tag@sha256:… is an image
        pattern=re.compile(r"://[^\s/:@\"'<>\\]*:(?P<secret>[^\s/\"'<>\\]+)@(?!sha\d+:)"),
        repeats=True,
        is_secret=_is_password,
    ),
    Shape(
        hints=("curl", "wget"),  # elsewhere -u is a user and a group
        pattern=re.compile(
            r"(?:curl|wget)\b[^\n;|&]{0,2000}?\s(?:-u|--user)[\s=]*\\*[\"']?[^\s:\"'\\]+:(?P<secret>[^\s\"'\\]+)"
        ),
        repeats=True,
        is_secret=can_be_secret,
    ),
)
