"""Names and their values inside a text: scripts, command lines, messages, JSON and YAML that is not whole.

Pure. A value in quotes is believed; one without is a variable in code, and may be the next word in a
sentence, so what surrounds it decides.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lineage.redaction.names import KINDS_OF_KEY, can_be_secret, is_secret_name, words

# No secret is longer than 20 000 characters: a quote that nobody closes must not be searched for to the end.
_QUOTED: Final = (
    r'(?:[rbuf]{0,2}(?:"""(?P<block>(?s:.*?))"""|"(?P<double>(?:[^"\\]|\\.)*)"|'
    r"'(?P<single>(?:[^'\\]|\\.)*)')"
    r"|(?P<escape>\\+)(?P<quote>[\"'])(?P<escaped>.*?)(?P=escape)(?P=quote))"
)
_BARE: Final = (
    r"(?P<bare>(?!--)(?:\$\{[^}\n]*\}|\$\([^)\n]*\)|\{\{.*?\}\}"
    r"|[^\s\"'`;|&<>(){}\[\],\\]|,(?!\s|$|[\w.-]+[=:])|\\(?![\"'\\nrt]))+)"
)
_GAP: Final = 200  # characters between a name and its value: blanks and the annotation of a type
_CLOSED: Final = r"(?P<close>\\*[\"'])?\]?"  # the end of a quoted name, or of d["name"]
_ANNOTATION: Final = r"(?::[ \t]*[A-Za-z][\w. |]*(?:\[[\w., |\[\]]*\])?[\w. |]*(?==))?"  # password: str | None = "…"
_VALUE_GROUPS: Final = ("block", "double", "single", "escaped", "bare")

_ASSIGNED: Final = re.compile(rf"{_CLOSED}{_ANNOTATION}[ \t]*(?::=|=>|=|:)(?!=)[ \t]*{_QUOTED}")
_ASSIGNED_BARE: Final = re.compile(rf"{_CLOSED}(?P<before>[ \t]*)(?P<sign>:=|=|:)(?!=|//)(?P<after>[ \t]*){_BARE}")
_YAML_BLOCK: Final = re.compile(
    r":[ \t]*[|>][+-]?\d?[ \t]*\n(?P<indent>[ \t]+)(?P<block>\S.*(?:\n(?:(?P=indent).*|[ \t]*(?=\n|\Z)))*)"
)
_FLAG_VALUE: Final = re.compile(rf"[ \t]+(?:\\\r?\n\s*)?(?:{_QUOTED}|(?!-){_BARE})")
_SHELL_DEFAULT: Final = re.compile(r":?[-=](?P<bare>[^}]+)\}")  # ${NAME:-value}
_LOOK_UP: Final = re.compile(r"(?:\bget|getenv|setdefault|setenv|putenv)\(\s*\\*[\"']$")  # getenv("NAME", "value")
_NEXT_QUOTED: Final = re.compile(rf"\\*[\"']\s*,\s*{_QUOTED}")
_NAME_OF_PAIR: Final = re.compile(r"\b(?:name|key)\\*[\"']?\s*[:=]\s*\\*[\"']?$")  # {name: …, value: …}, in any order
_VALUE_AFTER: Final = re.compile(
    rf"\\*[\"']?\s*,?\s*\\*[\"']?(?:value|default)\\*[\"']?\s*[:=][ \t]*(?:{_QUOTED}|{_BARE})"
)
_VALUE_BEFORE: Final = re.compile(
    rf"\b(?:value|default)\\*[\"']?\s*[:=][ \t]*(?:{_QUOTED}|{_BARE})\s*,?\s*\\*[\"']?{_NAME_OF_PAIR.pattern[2:]}"
)
_CODE: Final = re.compile(
    r"(?:^|\\n)[ \t]*(?:def |import |from \S+ import |class |func |package |const |let |var )", re.M
)
_LINE_END: Final = re.compile(r"[ \t]*(?:#|\\n|$)", re.M)
_IDENTIFIER: Final = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_NEXT_WORDS: Final = words(
    """
    to is and or flag option argument for with in the a as from must should not if parameter value via file was
    has failed expired invalid missing found required denied rejected error unexpected unknown
    """
)

_SECRET_MANIFEST: Final = re.compile(r"^[ \t]*kind:[ \t]*[\"']?Secret[\"']?[ \t]*$", re.M)
_MANIFEST_DATA: Final = re.compile(
    r"^(?P<indent>[ \t]*)(?P<name>data|stringData):"
    r"(?:[ \t]*\{[^}]*\}[ \t]*(?:\n|\Z)|[ \t]*\n(?:(?P=indent)[ \t]+.*(?:\n|\Z)|[ \t]*\n)*)",
    re.M,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A secret in a text: where it stands, and what it is once quotes and escapes are taken off."""

    start: int
    end: int
    secret: str


def secrets_by_name(text: str, hints: tuple[str, ...]) -> Iterator[Found]:
    """Find the values that stand under secret names, in order and apart. `hints` are the words worth looking for."""
    is_code = _CODE.search(text) is not None
    reached = 0
    for start, end in _secret_names(text, hints):
        if end + _GAP < reached:  # within a secret: its own value would be, too, and long ones would be read again
            continue
        match = _value(text, start, end, is_code=is_code)
        if match is None:
            continue
        group = next(name for name in _VALUE_GROUPS if match.groupdict().get(name) is not None)
        secret, at = _unescaped(match[group], group), match.start(group)
        length = len(secret.rstrip(".,:")) if group == "bare" else len(match[group])
        secret = secret[:length] if group == "bare" else secret
        if at >= reached and can_be_secret(secret):
            yield Found(at, at + length, secret)
            reached = at + length


def without_manifest_data(text: str) -> str:
    """Empty the data of Secrets that a text of YAML creates."""
    if not _SECRET_MANIFEST.search(text):
        return text
    documents = re.split(r"(?m)(^---.*\n)", text)
    return "".join(
        _MANIFEST_DATA.sub(r"\g<indent>\g<name>: {}\n", document) if _SECRET_MANIFEST.search(document) else document
        for document in documents
    )


def lower(text: str) -> str:
    """Lower case, letter for letter: positions stay those of `text`."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else re.sub("[A-Z]", lambda match: match[0].lower(), text)


def _secret_names(text: str, hints: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    lowered, spans = lower(text), set[tuple[int, int]]()
    for hint in hints:
        end = 0
        while (at := lowered.find(hint, end)) >= 0:
            start, end = at, at + len(hint)
            while end < len(text) and (text[end].isalnum() or text[end] in "_.-"):
                end += 1
            if at and text[at - 1] == " " and lowered.endswith((*KINDS_OF_KEY, "connection"), 0, at - 1):
                start = at - 1  # "api key"
            while start and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
                start -= 1
            if start and text[start - 1] == "\\" and text[start] in "nrt":
                start += 1  # an escaped line end
            spans.add((start, start + len(text[start:end].rstrip(".-"))))
    return (span for span in sorted(spans) if is_secret_name(text[slice(*span)]))


def _value(text: str, start: int, end: int, *, is_code: bool) -> re.Match[str] | None:
    before = text[max(0, start - 32) : start]
    if _NAME_OF_PAIR.search(before):
        return _VALUE_AFTER.match(text, end) or _VALUE_BEFORE.search(text, max(0, start - 400), start)
    if before.endswith("${"):
        return _SHELL_DEFAULT.match(text, end)
    if _LOOK_UP.search(before):
        return _NEXT_QUOTED.match(text, end)
    if found := _ASSIGNED.match(text, end):
        return found
    if text.startswith("--", start) and (found := _FLAG_VALUE.match(text, end)):
        return found if found["bare"] is None or _is_argument(found["bare"]) else None
    if text.startswith("--", start) and (found := _NEXT_QUOTED.match(text, end)):  # in a list
        return found
    if (found := _ASSIGNED_BARE.match(text, end)) and _is_literal(found, start, is_code=is_code):
        return found
    return _YAML_BLOCK.match(text, end)


def _is_argument(bare: str) -> bool:
    return bare.lower() not in _NEXT_WORDS and not (bare.isupper() and bare.isalpha())  # `--token TOKEN`: a help text


def _is_literal(found: re.Match[str], start: int, *, is_code: bool) -> bool:
    """Say whether a value without quotes is meant as it stands, for the name that begins at `start`."""
    text, bare = found.string, found["bare"]
    following = text[found.end() : found.end() + 1]
    if following and following in "([":  # a call
        return False
    line = text[max(0, start - 200) : start].rpartition("\n")[2]
    starts_line = not line.strip(" \t-") or line.strip() == "export"
    is_line = starts_line and _LINE_END.match(text, found.end()) is not None
    random = len(bare) >= 8 and any(map(str.isdigit, bare)) and any(map(str.isalpha, bare))
    if found["sign"] == ":":
        quoted = found["close"] is not None or (line[-1:] in ("'", '"') and following in ("'", '"', "\\"))
        flow = line.rstrip()[-1:] in ("{", ",")
        return quoted or ((is_line or flow) and not is_code) or (random and bare.lower() not in _NEXT_WORDS)
    spaced = bool(found["before"] or found["after"])
    if text.startswith("-", start) or (text[start : found.start()].isupper() and not spaced):
        return True  # --password=…, PASSWORD=…
    if is_code or line[-1:] == "(" or (line.endswith(", ") and following in (",", ")", "")):
        return _IDENTIFIER.fullmatch(bare) is None
    return not spaced or is_line or random


def _unescaped(value: str, group: str) -> str:
    if "\\" not in value or group in ("block", "bare"):
        return value
    try:
        for _ in range(2 if group == "escaped" else 1):
            value = json.loads(f'"{value}"', strict=False)
    except ValueError:
        return value  # no escapes of JSON: the digest is of what stands there
    return value
