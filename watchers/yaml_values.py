"""One YAML document as a JSON value, as Kubernetes reads it.

Pure. Built on PyYAML's safe loader over libyaml, with what a foreign file could do harm by taken out:
times stay the text they are, `1:30` and `=` are texts and `1e3` a number, names are texts whatever they
look like, tags that JSON does not have are refused, and so is what is nested, or grows by its aliases,
beyond measure (https://en.wikipedia.org/wiki/Billion_laughs_attack).
"""

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import yaml

MAX_DEPTH: Final = 200  # orjson writes 254 levels; libyaml overflows the stack at some thousands, or ends at a thousand
TOO_DEEP: Final = f"nested deeper than {MAX_DEPTH} levels"
FREE_NODES: Final = 100_000  # what aliases may make of a small document
MAX_GROWTH: Final = 10  # how many times its own size a document may become by its aliases

_BOOLEAN: Final = re.compile(r"^(?:[Yy]es|YES|[Nn]o|NO|[Tt]rue|TRUE|[Ff]alse|FALSE|[Oo]n|ON|[Oo]ff|OFF)$")
_INTEGER: Final = re.compile(r"^[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)$")
_FLOAT: Final = re.compile(
    r"^(?:[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9]+(?:[eE][-+]?[0-9]+)?)"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)


class InvalidYaml(Exception):
    """A text is no YAML document, or none that we read. `line` counts from 0."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


def load_yaml(data: bytes) -> Any:
    """Read one document; None where there is nothing but comments.

    Raises:
        InvalidYaml: it cannot be read, or is nested or grows beyond measure.
    """
    try:
        text = data.decode("utf-8")
        _measure(text)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, with fewer types than SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InvalidYaml(_in_our_words(error.problem), mark.line if mark else 0) from error
    except UnicodeDecodeError as error:
        raise InvalidYaml(f"not UTF-8: {error.reason}", data.count(b"\n", 0, error.start)) from error
    except (yaml.YAMLError, ValueError) as error:
        raise InvalidYaml(str(error).splitlines()[0], 0) from error


def _in_our_words(problem: str | None) -> str:
    """libyaml counts brackets as it reads ahead, and may end before we see the first of them."""
    return TOO_DEEP if problem == "exceeded maximum nesting depth" else problem or "no YAML"


def _measure(text: str) -> None:
    """Refuse what is too deep or too large, before anything is built of it."""
    anchors: dict[str, _Extent] = {}
    open_ones: list[tuple[str | None, _Extent]] = [(None, _Extent())]
    written = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line if event.start_mark else 0
        match event:
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                written += 1
                open_ones.append((event.anchor, _Extent(nodes=1)))
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                anchor, extent = open_ones.pop()
                open_ones[-1][1].take_in(extent)
                if anchor:
                    anchors[anchor] = extent
            case yaml.ScalarEvent():
                written += 1
                open_ones[-1][1].take_in(_Extent(nodes=1))
                if event.anchor:
                    anchors[event.anchor] = _Extent(nodes=1)
            case yaml.AliasEvent() if event.anchor:
                if any(anchor == event.anchor for anchor, _ in open_ones):
                    raise InvalidYaml(f"*{event.anchor} holds itself", line)
                open_ones[-1][1].take_in(anchors.get(event.anchor, _Extent(nodes=1)))
            case _:
                continue
        innermost = open_ones[-1][1]
        if len(open_ones) + innermost.height > MAX_DEPTH:
            raise InvalidYaml(TOO_DEEP, line)
        if innermost.nodes > max(FREE_NODES, MAX_GROWTH * written):
            raise InvalidYaml(f"its aliases make more than {MAX_GROWTH} times its size of it", line)


@dataclass(slots=True)
class _Extent:
    """How many nodes something has with its aliases written out, and how many levels."""

    nodes: int = 0
    height: int = 0

    def take_in(self, inner: "_Extent") -> None:
        self.nodes += inner.nodes
        self.height = max(self.height, inner.height + 1)


def _construct_text(loader: yaml.constructor.SafeConstructor, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


def _construct_int(loader: yaml.constructor.SafeConstructor, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node)).replace("_", "").lower()
    digits = text.lstrip("+-")
    return int(text, 8) if digits.startswith("0") and digits.isdecimal() else int(text, 0)


def _construct_float(loader: yaml.constructor.SafeConstructor, node: yaml.ScalarNode) -> float:
    text = str(loader.construct_scalar(node)).replace("_", "").lower()
    if text.endswith(("inf", "nan")):
        raise yaml.constructor.ConstructorError(None, None, f"{text} is no number of JSON", node.start_mark)
    return float(text)


_TAG: Final = "tag:yaml.org,2002:"


class _Loader(yaml.CSafeLoader):
    """The safe loader, with the types of JSON alone."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - PyYAML's own form
    yaml_constructors: ClassVar[dict[str | None, Callable[..., object]]] = {
        _TAG + "null": yaml.constructor.SafeConstructor.construct_yaml_null,
        _TAG + "bool": yaml.constructor.SafeConstructor.construct_yaml_bool,
        _TAG + "int": _construct_int,
        _TAG + "float": _construct_float,
        _TAG + "seq": yaml.constructor.SafeConstructor.construct_yaml_seq,
        _TAG + "map": yaml.constructor.SafeConstructor.construct_yaml_map,
        _TAG + "str": _construct_text,
        _TAG + "timestamp": _construct_text,
        None: yaml.constructor.SafeConstructor.construct_undefined,
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        self.flatten_mapping(node)
        names: dict[Hashable, Any] = {}
        for name, value in node.value:
            if not isinstance(name, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a name that is no text", name.start_mark)
            names[name.value] = self.construct_object(value, deep=deep)
        return names


for _type, _form, _starts in (
    ("bool", _BOOLEAN, "yYnNtTfFoO"),
    ("int", _INTEGER, "-+0123456789"),
    ("float", _FLOAT, "-+0123456789."),
    ("merge", re.compile(r"^<<$"), "<"),
    ("null", re.compile(r"^(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(_TAG + _type, _form, list(_starts))
