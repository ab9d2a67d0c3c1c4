"""What is drawn: things with a title and a kind, and which leads to which. It knows nothing of where they come from."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a thing is: each has a shape of its own."""

    EXECUTION = "execution"
    ARTIFACT = "artifact"
    DEPLOYMENT = "deployment"
    HIDDEN = "hidden"


class Tone(StrEnum):
    """How loud a mark is: it names something to know of, to look at, or that is wrong."""

    QUIET = "quiet"
    NOTICE = "notice"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A word on a thing: it says by itself what its colour says, too."""

    text: str
    tone: Tone = Tone.QUIET


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One box. `group` is what it belongs to, such as the run of an execution: things of one group are marked alike.
    `is_asked_for`: the picture was made for it. `details` are shown to who points at it, a line each. `anchor` is where
    the document around the picture tells more, if it does."""

    id: str
    kind: Kind
    title: str
    subtitle: str = ""
    marks: tuple[Mark, ...] = ()
    group: str = ""
    is_asked_for: bool = False
    details: tuple[str, ...] = ()
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """From one thing to another, in the direction of the data. `label` is shown to who points at it. Dashed: by time,
    place or content, not by record."""

    source: str
    target: str
    label: str = ""
    is_dashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A title, things, and arrows between them; `notes` stand below, such as why anything is missing.

    Each thing has an id of its own, and arrows lead between ids of things.
    """

    title: str
    things: tuple[Thing, ...]
    arrows: tuple[Arrow, ...]
    notes: tuple[str, ...] = ()
