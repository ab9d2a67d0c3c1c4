"""Secrets that are planted in every place of an object, and looked for in all that comes of it. Pure.

Places are found by walking objects as they were recorded, and schemas of their kinds, so that a new member is planted
in without a word here. Each secret is told from all others: what is found says where it was.
"""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from lineage.redaction.names import words
from lineage.redaction.repeats import IDENTITIES

Json: TypeAlias = Any
Form: TypeAlias = Callable[[Json, "Plants"], Json]
"""Plants in every place of one kind. Returns another object."""

MARK: Final = "zQpLaNt"
_CORE: Final = "{mark}{number:06d}aB3dE5fG7hJ9kL1mN2"
_ENCODED: Final = [base64.b64encode(b" " * lead + MARK.encode() + b" " * 3)[lead + 2 : -8] for lead in range(3)]

# How a secret shows in any text what it is: {} is where it stands. In two parts, so that no scanner takes this for one.
SHAPES: Final = (
    "ghp_" + "{}",
    "glpat-" + "{}",
    "xoxb-" + "{}",
    "hf_" + "{}",
    "npm_" + "{}",
    "sk-proj-" + "{}",
    "eyJ" + "{0}.{0}.{0}",
    "hvs." + "{}",
    "-----BEGIN RSA " + "PRIVATE KEY-----\n{0}\n-----END RSA " + "PRIVATE KEY-----",
    "postgresql://churn:" + "{}@db:5432/churn",
    "https://store/model?X-Amz-Signature=" + "{}&x=1",
    "Authorization: Bearer " + "{}",
)
# What a name gives away in a text.
ASSIGNMENTS: Final = (
    "password='{}'",
    "\ndb-password: {}\n",
    '{{"api_key": "{}"}}',
    " --token={} ",
    "export API_KEY={}\n",
)


class Plants:
    """The secrets that were planted, by their numbers."""

    def __init__(self) -> None:
        self._places: list[str] = []

    def new(self, place: str) -> str:
        """Make a secret for a place."""
        self._places.append(place)
        return _CORE.format(mark=MARK, number=len(self._places) - 1)

    def shaped(self, place: str) -> str:
        """Make one that shows what it is: of each place another form, in turns."""
        return SHAPES[len(self._places) % len(SHAPES)].format(self.new(place))

    def assigned(self, place: str) -> str:
        """Make a text that gives one away by its name."""
        return ASSIGNMENTS[len(self._places) % len(ASSIGNMENTS)].format(self.new(place))

    def found_in(self, data: bytes) -> set[str]:
        """Name the places whose secrets occur in some bytes, in any case; what is in base64 has no place."""
        lowered, mark = data.lower(), MARK.lower().encode()
        found, at = set[str](), lowered.find(mark)
        while at >= 0:
            digits = lowered[at + len(mark) : at + len(mark) + 6]
            found.add(self._places[int(digits)] if digits.isdigit() else "cut off")
            at = lowered.find(mark, at + 1)
        return found | {"in base64" for spelling in _ENCODED if spelling in data}

    def __len__(self) -> int:
        return len(self._places)


# ------------------------------------------------------------------------------------------ in objects
def in_texts(item: Json, plants: Plants) -> Json:
    """A secret that shows what it is, at the end of each text."""
    return mapped(item, text=lambda text, place: f"{text} {plants.shaped(place)}")


def in_whole_texts(item: Json, plants: Plants) -> Json:
    """The same, in the place of each text."""
    return mapped(item, text=lambda _text, place: plants.shaped(place))


def in_assignments(item: Json, plants: Plants) -> Json:
    """A secret that its name gives away, at the end of each text that is no name itself."""

    def planted(text: str, place: str) -> str:
        return text if place.rpartition(".")[2] in NAMES else f"{text}\n{plants.assigned(place)}"

    return mapped(item, text=planted)


def in_members(item: Json, plants: Plants) -> Json:
    """A member with a secret name in each object: a plain value, a list, an object of values."""

    def planted(members: dict[str, Json], place: str) -> dict[str, Json]:
        one, listed, held = (plants.new(f"{place}.{name}") for name in ("db_password", "api_keys", "token"))
        return members | {"db_password": one, "api_keys": [listed], "token": {"stringValue": held}}

    return mapped(item, members=planted)


def in_names(item: Json, plants: Plants) -> Json:
    """A secret that shows what it is, as the name of a member of each object."""
    return mapped(item, members=lambda members, place: members | {plants.shaped(f"{place}.*"): "x"})


def in_lists(item: Json, plants: Plants) -> Json:
    """In each list of objects a pair with a secret name, in each list of texts an argument of a secret flag."""

    def planted(items: list[Json], place: str) -> list[Json]:
        if all(isinstance(one, dict) for one in items):
            pairs = [("name", "db_password"), ("key", "a-token")]
            return [*items, *({called: name, "value": plants.new(place)} for called, name in pairs)]
        if all(isinstance(one, str) for one in items):
            return [*items, "--db-password", plants.new(place), f"--api-key={plants.new(place)}"]
        return items

    return mapped(item, items=planted)


def in_uses(item: Json, plants: Plants) -> Json:
    """In each list of objects the value of a variable that elsewhere comes from a Secret."""
    fed = {"name": "FED", "valueFrom": {"secretKeyRef": {"name": "login", "key": "word"}}}

    def planted(items: list[Json], place: str) -> list[Json]:
        is_pairs = all(isinstance(one, dict) for one in items)
        return [*items, {"name": "FED", "value": plants.new(place)}, fed] if is_pairs else items

    return mapped(item, items=planted)


def in_repetitions(item: Json, plants: Plants) -> Json:
    """One secret that a name gives away, once, and at the end of each text that does not say who is who."""
    secret = plants.new("a secret that is repeated")

    def planted(text: str, place: str) -> str:
        members = set(place.replace("[", ".").split("."))
        return text if members & (NAMES | IDENTITIES | {"labels"}) else f"{text} {secret}"

    planted_item: dict[str, Json] = mapped(item, text=planted)
    return planted_item | {"told-once": {"db_password": secret}}


def says_what_it_is(text: str, place: str) -> bool:
    """Say whether a text is one that an object is understood by: who is who, of what kind, when."""
    name = place.rpartition(".")[2].partition("[")[0]
    return name in IDENTITIES | _READ or ".labels." in place or _TIME.match(text) is not None


def in_what_is_read(item: Json, plants: Plants) -> Json:
    """In many places at once, and none that says who is who, of what kind, or when: so that it is recorded."""

    def planted(text: str, place: str) -> str:
        if says_what_it_is(text, place):
            return text
        is_name = place.rpartition(".")[2] in NAMES
        shown = f"{text} {plants.shaped(place)}"
        return shown if is_name else f"{shown}\n{plants.assigned(place)}"

    def with_members(members: dict[str, Json], place: str) -> dict[str, Json]:
        free = place.rpartition(".")[2] in _FREE
        return members | {"db_password": plants.new(place), plants.shaped(f"{place}.*"): "x"} if free else members

    def with_pair(items: list[Json], place: str) -> list[Json]:
        pair = {"name": "db_password", "value": plants.new(place)}
        return [*items, pair] if place.rpartition(".")[2] in ("parameters", "env") else items

    return mapped(item, text=planted, members=with_members, items=with_pair)


_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT")
_FREE: Final = frozenset({"annotations", "parameters", "custom_properties"})
_READ: Final = words(
    """
    scheme state status reason experiment_id pipeline_id pipeline_version_id run_id recurring_run_id mode
    storage_state displayName bucket endpoint restartPolicy nodeId taskid podname schedule timezone cronSchedule
    """
)
"""What must be as it is for an object to be understood, beside its identities."""
NAMES: Final = frozenset({"name", "displayName", "image", "imageID", "containerID", "key"})
"""Texts under these are names: in `my-token:latest` nothing is assigned. What has a shape is found there as well."""
FORMS: Final[Mapping[str, Form]] = {
    "texts": in_texts,
    "whole texts": in_whole_texts,
    "assignments": in_assignments,
    "members": in_members,
    "names of members": in_names,
    "lists": in_lists,
    "uses": in_uses,
    "repetitions": in_repetitions,
}
_KINDS: Final = ("apiVersion", "kind")


def _same(value: Any, _place: str) -> Any:
    return value


def mapped(
    item: Json,
    *,
    text: Callable[[str, str], str] = _same,
    members: Callable[[dict[str, Json], str], dict[str, Json]] = _same,
    items: Callable[[list[Json], str], list[Json]] = _same,
) -> Json:
    """Change texts, objects and lists, from within. What kind of object it is stays."""

    def of(value: Json, place: str) -> Json:
        match value:
            case str():
                return text(value, place)
            case list():
                return items([of(one, f"{place}[{index}]") for index, one in enumerate(value)], place)
            case dict():
                return members({name: of(one, f"{place}.{name}") for name, one in value.items()}, place)
            case _:
                return value

    return {name: one if name in _KINDS else of(one, name) for name, one in item.items()}


# ------------------------------------------------------------------------------------------ in schemas
def an_object_of(schema: Mapping[str, Any]) -> Json:
    """Make an object that has every member that a schema of OpenAPI knows."""
    if schema.get("enum"):
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            found = {name: an_object_of(member) for name, member in schema.get("properties", {}).items()}
            more = schema.get("additionalProperties")
            return found | ({"a": an_object_of(more)} if isinstance(more, dict) else {})
        case "array":
            return [an_object_of(schema["items"])]
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case "string" if schema.get("format") == "date-time":
            return "2026-01-01T00:00:00Z"
        case "string":
            return "a"
        case _:
            return {} if schema.get("x-kubernetes-preserve-unknown-fields") else "1"


def schemas_of(definition: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Give version, kind and schema of each version in the definition of a resource."""
    spec = definition["spec"]
    for version in spec["versions"]:
        yield f"{spec['group']}/{version['name']}", spec["names"]["kind"], version["schema"]["openAPIV3Schema"]
