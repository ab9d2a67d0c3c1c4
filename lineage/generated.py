"""Names that an engine makes up for one run, and what stands for them where runs are compared.

Pure. Argo names pods and nodes after the workflow, with a hash at the end (`GeneratePodName` and `NodeID` in
argo-workflows/workflow/util/pod_name.go and workflow_types.go), and code is given such names as arguments and paths.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

_SHORTEST: Final = 6  # characters: what is shorter may well be a word of its own
_OF_NODE: Final = r"(?:-[a-z0-9.-]{1,253}?)?-[0-9]{5,10}(?![0-9a-z])"

RUN: Final = "{{workflow.name}}"
NODE: Final = "{{pod.name}}"
UID: Final = "{{workflow.uid}}"


@dataclass(frozen=True, slots=True)
class Generated:
    """The generated names of one run."""

    _pattern: re.Pattern[str] | None
    _uids: frozenset[str]

    @classmethod
    def of(cls, *, names: Iterable[str | None], uids: Iterable[str | None]) -> "Generated":
        """Collect them: names of workflows, and uids of workflows, runs and pods."""
        known = sorted({name for name in names if name and len(name) >= _SHORTEST}, key=lambda name: (-len(name), name))
        own = frozenset(uid for uid in uids if uid and len(uid) >= _SHORTEST)
        words = [f"(?P<uid>{'|'.join(map(re.escape, sorted(own)))})"] if own else []
        if known:
            words.append(f"(?P<run>{'|'.join(map(re.escape, known))})(?P<node>{_OF_NODE})?")
        return cls(re.compile("|".join(words)) if words else None, own)

    def neutral(self, text: str) -> str:
        """Put what they stand for in the place of generated names."""
        return text if self._pattern is None else self._pattern.sub(_stand_in, text)

    def neutral_value(self, value: Any) -> Any:
        """Do so in all texts of a JSON value."""
        if isinstance(value, str):
            return self.neutral(value)
        if isinstance(value, dict):
            return {name: self.neutral_value(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.neutral_value(each) for each in value]
        return value


def _stand_in(found: re.Match[str]) -> str:
    groups = found.groupdict()
    if groups.get("uid"):
        return UID
    return NODE if groups.get("node") else RUN
