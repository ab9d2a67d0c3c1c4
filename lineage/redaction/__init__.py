"""Secrets out of objects, before anything else sees them: each becomes a keyed digest.

Pure. A secret is told by its use (an environment variable that elsewhere comes from a Secret), by its
shape (keys and tokens of known form, passwords in URLs) or by its name (whole words, with an allow-list):
in values, and in the text of scripts, arguments, messages, JSON and YAML alike. What was told by use or
name is then replaced wherever else the object repeats it. Identities, image references, artifact keys and
the names of Secrets stay. The rules are those of "Identity, order and merging", Secrets.

    names.py   what a name says about its value, and what can be a secret at all
    shapes.py  secrets that show what they are
    texts.py   names and values inside a text
    objects.py the walk over one object
    repeats.py the same secrets elsewhere in it
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Any, Final

from lineage.redaction.names import MARKER, REDACTED, is_secret_name
from lineage.redaction.objects import (
    Clues,
    Surroundings,
    Survey,
    Whole,
    are_apart,
    redacted_object,
    repeated,
    survey,
    walked,
)

__all__ = [
    "LONGEST_SECRET",
    "Clues",
    "Redactor",
    "Surroundings",
    "Survey",
    "Whole",
    "are_apart",
    "beginning",
    "is_redacted",
    "is_secret_name",
    "struck_out",
    "struck_text",
    "survey",
]

LONGEST_SECRET: Final = 20_000  # characters of a secret
_PEM_GAPS: Final = re.compile(r"\\[nr]|\s")


def is_redacted(text: str) -> bool:
    """Say whether a text is what stands for a secret, under whatever key."""
    return text.startswith(REDACTED) and MARKER.fullmatch(text) is not None


def struck_out(item: dict[str, Any]) -> dict[str, Any]:
    """Return an object with each secret replaced by one word: for those who hold no key, and compare no secrets."""
    return redacted_object(item, lambda _: "redacted")


def struck_text(text: str) -> str:
    """Return a text, such as a reason that may quote an object, with its secrets struck out."""
    return str(struck_out({"message": text})["message"])


def beginning(text: str, length: int) -> str:
    """Return the beginning of a text, to be quoted. Its secrets are struck out before it is cut: the half of one does
    not show what it is."""
    return struck_text(text[: length + LONGEST_SECRET])[:length]


@dataclass(frozen=True, slots=True)
class Redactor:
    """Replaces secrets by their digest under the key of one installation."""

    key: bytes = field(repr=False)
    key_id: str = field(init=False)
    """Name of the key, from which it cannot be found."""

    def __post_init__(self) -> None:
        key_id = hmac.digest(self.key, b"kfp-lineage key id", hashlib.sha256).hex()[:12]
        object.__setattr__(self, "key_id", key_id)

    def marker(self, secret: str) -> str:
        """Write what stands for a secret: equal for equal secrets, whatever white space surrounds them.

        A key in PEM is the same one however its lines are broken and escaped.
        """
        plain = _PEM_GAPS.sub("", secret) if secret.lstrip().startswith("-----BEGIN ") else secret.strip()
        digest = hmac.digest(self.key, plain.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return f"redacted:{self.key_id}:{digest.hex()[:32]}"

    def redact(self, item: dict[str, Any]) -> dict[str, Any]:
        """Return the object with every secret replaced. Idempotent; what holds no secret is shared with `item`."""
        return redacted_object(item, self.marker)

    def walk(self, part: dict[str, Any], whole: Surroundings) -> tuple[dict[str, Any], frozenset[str]]:
        """Begin to redact an object part by part: replace what shows in this part that it is secret, and say what
        `repeat` must look for in every part.

        `part` holds one member of the object under its path, and `whole` is what the object says (`survey`, or `Whole`
        where it may not be asked for everything).
        Where paths end in members that `are_apart`, walking and repeating every part comes to what `redact` does.
        """
        return walked(part, whole, self.marker)

    def repeat(self, part: dict[str, Any], found: frozenset[str]) -> dict[str, Any]:
        """End it: replace what was found in any part wherever this one repeats it."""
        return repeated(part, found, self.marker)
