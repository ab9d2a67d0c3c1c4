"""The walk over one object: what each place in it means.

Pure. Only what changes is copied. A walk belongs to one object and is thrown away.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property, lru_cache
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

import orjson

from lineage.errors import InvalidObservation
from lineage.redaction.names import KINDS_OF_KEY, NAME_HINTS, can_be_secret, is_secret_name, words
from lineage.redaction.repeats import Repeats
from lineage.redaction.shapes import SHAPES
from lineage.redaction.texts import lower, secrets_by_name, without_manifest_data

_Mark: TypeAlias = Callable[[str], str]

# The value of {name, value}, and of {"password": {"stringValue": …}}.
_HOLDERS: Final = words(
    """
    value default enum defaultValue constant constantValue stringValue intValue doubleValue numberValue
    runtimeValue raw data
    """
)
_TELLING: Final = _HOLDERS | {"stringData", "secretKey", "envVar", "valueFrom"}
_NO_TEXTS: Final = frozenset(
    {"name", "displayName", "image", "imageID", "containerID", "key"}
)  # `my-token:latest` is no assignment
_FLAG: Final = re.compile(r"--?[A-Za-z][\w.-]+")
_JSON_STYLES: Final[tuple[dict[str, Any], ...]] = (
    *({"ensure_ascii": ascii_only} for ascii_only in (True, False)),
    *({"ensure_ascii": ascii_only, "separators": (",", ":")} for ascii_only in (True, False)),
    *({"ensure_ascii": ascii_only, "indent": indent} for indent in (1, 2, 4) for ascii_only in (True, False)),
)


def redacted_object(item: dict[str, Any], mark: _Mark) -> dict[str, Any]:
    """Replace every secret of an object by what `mark` writes for it.

    Raises:
        InvalidObservation: the object is nested too deeply to be searched.
    """
    redacted, found = walked(item, Whole(item), mark)
    return repeated(redacted, found, mark)


def walked(part: dict[str, Any], whole: "Surroundings", mark: _Mark) -> tuple[dict[str, Any], frozenset[str]]:
    """Replace what is secret by its place, name or shape; say what may be repeated elsewhere in the object.

    `whole` is what the object says of the parts of which this is one.

    Raises:
        InvalidObservation: as `redacted_object`.
    """
    if not whole.clues.names and not whole.clues.shapes:
        return part, frozenset()
    walk = _Walk(mark, whole)
    with _not_too_deep(part):
        return walk.object(part), frozenset(walk.found)


def repeated(part: dict[str, Any], found: frozenset[str], mark: _Mark) -> dict[str, Any]:
    """Replace what was found anywhere in an object wherever a part repeats it.

    Raises:
        InvalidObservation: as `redacted_object`.
    """
    if not found:
        return part
    with _not_too_deep(part):
        return Repeats(found, mark).object(part)


@contextmanager
def _not_too_deep(item: dict[str, Any]) -> Iterator[None]:
    try:
        yield
    except RecursionError as error:
        raise InvalidObservation(f"{item.get('kind')}: nested too deeply to be searched for secrets") from error


# ------------------------------------------------------------------------------------------ the whole and its parts
class Clues(NamedTuple):
    """What occurs in an object at all. Most hold next to nothing, and a few searches of the bytes are fast.

    `shapes` are places in SHAPES.
    """

    names: frozenset[str]
    shapes: frozenset[int]
    references: bool
    """Something in it comes from a Secret."""
    refers: bool
    """It may name a Secret, or refer to something."""


class Surroundings(Protocol):
    """What an object as a whole says of each of its parts: what its parts say, each under its path, together. None of
    a clue, a variable and a reference is cut in two by parts that are whole members of objects.

    `from_secrets`: names of the environment variables that a Secret feeds somewhere in it. `public`: names of
    Secrets and of the object itself, which stay even where a name calls them secret.
    """

    @property
    def clues(self) -> Clues: ...
    @property
    def from_secrets(self) -> frozenset[str]: ...
    @property
    def public(self) -> frozenset[str]: ...


class Survey(NamedTuple):
    """`Surroundings` that were looked up."""

    clues: Clues
    from_secrets: frozenset[str]
    public: frozenset[str]

    def covers(self, other: "Survey") -> bool:
        """Say whether it says everything that another says."""
        return (
            other.clues.names <= self.clues.names
            and other.clues.shapes <= self.clues.shapes
            and other.clues.references <= self.clues.references
            and other.clues.refers <= self.clues.refers
            and other.from_secrets <= self.from_secrets
            and other.public <= self.public
        )


def survey(item: dict[str, Any], clues: Clues | None = None) -> Survey:
    """Look up what an object says of its parts; or what it would say if this part, under its path, were all of it.

    Which `clues` occur in it may be known. Of an object that does not refer to anything, its metadata are enough then.
    """
    clues = clues or _clues(_searched(item))
    return Survey(clues, _from_secrets(item, clues), _public(item, clues))


def are_apart(names: Iterable[str]) -> bool:
    """Say whether each member of an object with these is redacted in the same way as if it were alone in it: none
    of them says something about another."""
    return _TELLING.isdisjoint(names)


class Whole:
    """`Surroundings` that are looked up when they are asked for, which is rare."""

    def __init__(self, item: dict[str, Any]) -> None:
        self._item = item
        self._text = _searched(item)

    @cached_property
    def clues(self) -> Clues:
        return _clues(self._text)

    @cached_property
    def from_secrets(self) -> frozenset[str]:
        return _from_secrets(self._item, self.clues)

    @cached_property
    def public(self) -> frozenset[str]:
        return _public(self._item, self.clues)


def _searched(item: dict[str, Any]) -> bytes | None:
    """Write an object as it is searched, in lower case; None where it cannot be written. It is refused after us."""
    try:
        return orjson.dumps(item, option=orjson.OPT_NON_STR_KEYS).lower()
    except TypeError:
        return None


def _from_secrets(item: dict[str, Any], clues: Clues) -> frozenset[str]:
    if not clues.references:
        return frozenset()
    return frozenset(
        str(entry.get("name"))
        for entry in _dicts(item)
        if isinstance(entry.get("valueFrom"), dict) and "secretKeyRef" in entry["valueFrom"]
    )


def _public(item: dict[str, Any], clues: Clues) -> frozenset[str]:
    metadata = item.get("metadata")
    own = metadata if isinstance(metadata, dict) else {}
    public = {str(own[key]) for key in _OWN_NAMES if key in own}
    if not clues.refers:
        return frozenset(public)
    for entry in _dicts(item):
        for key, value in entry.items():
            if key == "secretName" and isinstance(value, str):
                public.add(value)
            elif _refers_by_name(key):
                named = value if isinstance(value, list) else [value]
                public.update(str(one["name"]) for one in named if isinstance(one, dict) and "name" in one)
    return frozenset(public)


@lru_cache(maxsize=8192)
def _refers_by_name(key: object) -> bool:
    return str(key).lower().endswith(("secret", "ref", "secrets"))


def _clues(data: bytes | None) -> Clues:
    """Look up what occurs in a text. No clue holds a digit, so that short texts which differ in them alone, as versions
    and times do, are searched once."""
    if data is None:
        return Clues(frozenset(NAME_HINTS), frozenset(range(len(SHAPES))), references=True, refers=True)
    return _clues_of_short(data.translate(_DIGITS_ALIKE)) if len(data) < _SHORT else _clues_in(data)


@lru_cache(maxsize=4096)
def _clues_of_short(data: bytes) -> Clues:
    return _clues_in(data)


def _clues_in(data: bytes) -> Clues:
    names = {hint for hint, needle in _HINTS_OF_NAMES if needle in data}
    if _stands_after(data, b"key", _KINDS_OF_KEY):
        names.add("key")
    shapes = {shape for needle, shape in _HINTS_OF_SHAPES if needle in data}
    if _stands_after(data, b"_", _TOKENS_WITH_DASH):
        shapes |= {shape for needle, shape in _HINTS_WITH_DASH if needle in data}
    return Clues(
        frozenset(names),
        frozenset(shapes),
        references="secret" in names and b"secretkeyref" in data,
        refers="secret" in names or b'ref"' in data or b'ref\\"' in data,  # of names of members, also in JSON in texts
    )


_SHORT: Final = 256
_DIGITS_ALIKE: Final = bytes.maketrans(b"0123456789", b"0000000000")
_OWN_NAMES: Final = ("name", "namespace", "uid", "generateName")
_HINTS: Final = tuple((hint.encode(), index) for index, shape in enumerate(SHAPES) for hint in shape.hints)
_HINTS_OF_NAMES: Final = tuple((hint, hint.encode()) for hint in NAME_HINTS if hint != "key")
_HINTS_WITH_DASH: Final = tuple((hint, index) for hint, index in _HINTS if hint.endswith(b"_"))
_HINTS_OF_SHAPES: Final = tuple((hint, index) for hint, index in _HINTS if not hint.endswith(b"_"))


_KINDS_OF_KEY: Final = tuple(f"{kind}{gap}".encode() for kind in KINDS_OF_KEY for gap in ("", "_", "-", ".", " "))
_TOKENS_WITH_DASH: Final = tuple(hint[:-1] for hint, _ in _HINTS_WITH_DASH)


def _stands_after(data: bytes, word: bytes, before: tuple[bytes, ...]) -> bool:
    """Say whether `word` stands anywhere right after one of `before`: one search in the place of many."""
    at = data.find(word)
    while at >= 0:
        if data.endswith(before, 0, at):
            return True
        at = data.find(word, at + 1)
    return False


class _Walk:
    """Replaces what is secret by its place, name or shape; `found` collects what may be repeated elsewhere."""

    def __init__(self, mark: _Mark, whole: Surroundings) -> None:
        self._mark = mark
        self._whole = whole
        self._hints = tuple(hint for hint in NAME_HINTS if hint in whole.clues.names)
        self._shapes = tuple((hint, SHAPES[at]) for at in sorted(whole.clues.shapes) for hint in SHAPES[at].hints)
        self._headers = any(hint == "authorization" for hint, _ in self._shapes)
        self.found: set[str] = set()

    def object(self, item: dict[str, Any], *, held: bool = False) -> dict[str, Any]:
        """Redact an object. `held`: it stands under a secret name, so that what it holds is secret."""
        if item.get("kind") == "Secret" and ("data" in item or "stringData" in item):
            item = {key: {} if key in ("data", "stringData") else value for key, value in item.items()}
        held = held or (not _HOLDERS.isdisjoint(item) and self._names_a_secret(item))
        changed: dict[str, Any] = {}
        renamed: dict[str, str] = {}
        for key, value in item.items():
            if key in _NO_TEXTS and isinstance(value, str):
                new: Any = self._shaped(value)
            elif held and key in _HOLDERS:
                new = self._secret(value)
            elif isinstance(key, str) and is_secret_name(key):
                is_reference = key == "secretKey" and "envVar" in item  # a key of a Secret, in Kubeflow's own words
                new = value if is_reference else self._secret(value)
            elif self._headers and isinstance(value, str) and _is_header(key, item):
                new = self._shaped(_HEADER + value).removeprefix(_HEADER)
            else:
                new = self.value(value)
            if new is not value:
                changed[key] = new
            if self._shapes and isinstance(key, str) and len(key) >= _SHORTEST and _shows_a_secret(key):
                renamed[key] = self._shaped(key)
        item = {**item, **changed} if changed else item
        return {renamed.get(key, key): value for key, value in item.items()} if renamed else item

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return self.object(value)
        if isinstance(value, list):
            return self._list(value)
        return value

    def _names_a_secret(self, item: dict[str, Any]) -> bool:
        for key in ("name", "key"):
            name = item.get(key)
            if not isinstance(name, str):
                continue
            if is_secret_name(name) or ("value" in item and name in self._whole.from_secrets):
                return True
        return False

    def _secret(self, value: Any) -> Any:
        """Redact what stands under a secret name."""
        if isinstance(value, dict):
            return self.object(value, held=True)
        if isinstance(value, list):
            new = [self._secret(one) if not isinstance(one, dict) else self.object(one) for one in value]
            return new if any(one is not old for one, old in zip(new, value, strict=True)) else value
        if isinstance(value, bool) or value is None:
            return value
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        if not can_be_secret(text) or text in self._whole.public:
            return self.value(value)
        self._text(text)  # what is secret within it may be repeated too: the password of a connection string
        self.found.update((text.strip(), _SCHEME.sub("", text).strip()))
        return self._mark(text)

    def _list(self, items: list[Any]) -> list[Any]:
        new = [self.value(one) for one in items]
        for index, flag in enumerate(items[:-1]):
            argument = items[index + 1]
            if not isinstance(flag, str) or not isinstance(argument, str) or argument.startswith("-"):
                continue
            if _FLAG.fullmatch(flag) and is_secret_name(flag):
                new[index + 1] = self._secret(argument)
        return new if any(one is not old for one, old in zip(new, items, strict=True)) else items

    def _text(self, text: str) -> str:
        """Replace what shows in a text, and what shows only once that is replaced: a name that was glued to a token."""
        for _ in range(_MOST_LOOKS):
            new = self._looked_at(text)
            if new == text:
                break
            text = new
        return text

    def _looked_at(self, text: str) -> str:
        lowered = text.lower()
        for hint in self._hints:
            if hint in lowered:
                break
        else:
            return self._shaped(text)
        if text.lstrip()[:1] in ("{", "["):
            try:
                parsed = json.loads(text)
                new = self.value(parsed)
                return self._shaped(text) if new is parsed else _written_like(text, parsed, new)
            except (ValueError, RecursionError):
                pass  # no JSON, or JSON with templates in it: it is read as any text
        if "secret" in lowered:
            text = without_manifest_data(text)
        spans = []
        for found in secrets_by_name(text, self._hints):
            if found.secret not in self._whole.public:
                self.found.add(found.secret.strip())
                spans.append((found.start, found.end, found.secret))
        return self._shaped(self._replaced(text, spans))

    def _shaped(self, text: str) -> str:
        lowered = text.lower() if self._shapes else ""
        for hint, shape in self._shapes:
            if hint in lowered:
                spans = [(start, end, text[start:end]) for start, end in shape.spans(text)]
                if shape.repeats:
                    self.found.update(secret for _, _, secret in spans)
                text = self._replaced(text, spans)
        return text

    def _replaced(self, text: str, spans: list[tuple[int, int, str]]) -> str:
        pieces: list[str] = []
        done = 0
        for start, end, secret in spans:
            pieces += (text[done:start], self._mark(secret))
            done = end
        return "".join([*pieces, text[done:]]) if pieces else text


@lru_cache(maxsize=8192)
def _shows_a_secret(name: str) -> bool:
    """Say whether a name of a member is or holds what shows that it is secret. Names come again and again."""
    lowered = name.lower()
    return any(
        hint in lowered and next(shape.spans(name), None) is not None for shape in SHAPES for hint in shape.hints
    )


_MOST_LOOKS: Final = 8  # at a text: the second finds nothing, but in texts that were made to have it do so
_SHORTEST: Final = 8  # letters of a name in which a secret can show: `://:a@` is the shortest
_SCHEME: Final = re.compile(r"^\s*(?i:bearer|basic|token)\s+(?=\S+\s*$)")
_HEADER: Final = "Authorization: "


def _is_header(key: str, item: dict[str, Any]) -> bool:
    """Say whether the value at `key` is an authorization header: by the key, or as the value of a pair."""
    name = item.get("name") if key == "value" else key
    return isinstance(name, str) and lower(name).endswith("authorization")


def _written_like(text: str, before: Any, after: Any) -> str:
    """Write JSON in the style of the text that it came from."""
    body = text.strip()
    style = next((style for style in _JSON_STYLES if json.dumps(before, **style) == body), {"ensure_ascii": False})
    return text.replace(body, json.dumps(after, **style))


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object inside a value, JSON in texts included, in no order."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and "ecret" in one and one.lstrip()[:1] in ("{", "["):
            with suppress(ValueError, RecursionError):
                waiting.append(json.loads(one))
