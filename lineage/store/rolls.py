"""What the last views of runs showed of them and of their attempts, so that the next view costs what changed in it.

A memo, on which nothing depends but speed. What a view shows never changes, and its rank says which view it is; so
it does not matter whether the transaction that saw it was committed, or who else writes.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from lineage.facts import ExecutionState, Revision, RunSeen
from lineage.remembering import LastViews

States: TypeAlias = Mapping[tuple[str, int | None], ExecutionState]
"""What a view shows of attempts, by node and start."""

NO_STATES: Final[States] = MappingProxyType({})
_STATE_BYTES: Final = 2_000  # of an attempt with some ports and parameters, roughly
_HEADER_TIMES: Final = 4  # as long as its body is what is read out of it, roughly, and the body


class LastRolls:
    """Safe among threads."""

    def __init__(self) -> None:
        self._views = LastViews[tuple[str, States]]()
        self._headers = LastViews[tuple[bytes, RunSeen]]()

    def last(self, run: str, kind: Literal["K", "R"]) -> States:
        """What the last view of a run showed, whichever that was."""
        view = self._views.get((run, kind))
        return NO_STATES if view is None else view[1]

    def shown(self, run: str, kind: Literal["K", "R"], rank: str) -> States:
        """What the view of this rank showed; nothing where that is not remembered."""
        view = self._views.get((run, kind))
        return view[1] if view is not None and view[0] == rank else NO_STATES

    def header(self, run: str, body: bytes) -> RunSeen | None:
        """What a body says of a run; nothing where that is not remembered."""
        said = self._headers.get(run)
        return said[1] if said is not None and said[0] == body else None

    def put_header(self, run: str, body: bytes, header: RunSeen) -> None:
        """Remember what a body says of a run."""
        self._headers.put(run, (body, header), _HEADER_TIMES * len(body))

    def put(self, run: str, revision: Revision, states: tuple[ExecutionState, ...]) -> None:
        """Remember what a view shows."""
        shown = {(state.node_id, state.started_at): state for state in states}
        self._views.put((run, revision.kind), (revision.rank, shown), _STATE_BYTES * len(shown))
