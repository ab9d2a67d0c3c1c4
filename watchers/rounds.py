"""Services of Kubeflow, asked again and again for what they tell.

Pure protocol: no sockets, no threads, no clock of its own. Each kind of thing in each namespace is a round of its own:
one that fails waits and is tried again, and keeps no other from its turn. What to ask in a round, each service says
(`watchers.kubeflow_rounds`, `watchers.mlmd_rounds`).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from lineage.errors import ClusterError
from lineage.identity import canonical, sha256
from lineage.model import SourceState
from watchers.reflector import Backoff, state_of
from watchers.source import KubernetesObject, Resource, uid_of

ALL_NAMESPACES: Final = "*"
REMEMBERED: Final = 100_000  # digests of what was handed on last, some 15 MB
_LONGEST_WISH_SECONDS: Final = 300.0  # of a server that asks to be left alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """How often what is asked for."""

    soon_seconds: float = 15.0  # runs and experiments: two requests a round while nothing happens
    seldom_seconds: float = 600.0  # what is listed whole
    first_delay_seconds: float = 1.0
    longest_delay_seconds: float = 60.0


DEFAULT_TEMPO: Final = Tempo()


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An object that is new, or not as it was told before. `unreadable` says why one cannot be read, of which then only
    its name is told: that keeps nothing else from its turn."""

    resource: Resource
    item: KubernetesObject
    unreadable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundState:
    """How it fares to ask for something; said once, until it is something else."""

    resource: Resource
    namespace: str
    state: SourceState
    message: str | None = None


PollerEvent: TypeAlias = Told | RoundState


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What is asked for together in one namespace (None is all of them), and how often.

    `ask` yields what is told, new or not, and raises ClusterError where it fails.
    """

    resources: tuple[Resource, ...]
    namespace: str | None
    every_seconds: float
    ask: Callable[[], Iterator[Told]]


@dataclass(slots=True, kw_only=True)
class _Turn:
    """When it is the turn of a round."""

    round: Round
    backoff: Backoff
    due: float = 0.0
    said: tuple[SourceState, str | None] | None = field(default=None)


class Handed:
    """Digests of what was handed on, the newest of each; what was not told for longest is forgotten first."""

    def __init__(self) -> None:
        self._digests: OrderedDict[tuple[str, str], str] = OrderedDict()

    def knows(self, resource: Resource, uid: str) -> bool:
        """Say whether something was handed on."""
        return (resource.name, uid) in self._digests

    def is_news(self, told: Told) -> bool:
        """Say whether something was not handed on, or not as it is."""
        return self._digests.get((told.resource.name, uid_of(told.item))) != _digest(told)

    def note(self, told: Told) -> None:
        """Remember that it was."""
        of = (told.resource.name, uid_of(told.item))
        self._digests[of] = _digest(told)
        self._digests.move_to_end(of)
        if len(self._digests) > REMEMBERED:
            self._digests.popitem(last=False)


class Poller:
    """Takes rounds, each in its turn, and hands on what is new. `handed` is what was handed on before.

    `wait` sleeps so many seconds and says whether to stop; `monotonic` tells seconds.
    """

    def __init__(
        self,
        rounds: Sequence[Round],
        handed: Handed,
        *,
        wait: Callable[[float], bool],
        uniform: Callable[[float, float], float],
        monotonic: Callable[[], float],
        tempo: Tempo = DEFAULT_TEMPO,
    ) -> None:
        self._wait = wait
        self._monotonic = monotonic
        self._handed = handed
        self._turns = [
            _Turn(
                round=one,
                backoff=Backoff(
                    first_seconds=tempo.first_delay_seconds,
                    longest_seconds=tempo.longest_delay_seconds,
                    uniform=uniform,
                ),
            )
            for one in rounds
        ]

    def events(self) -> Iterator[PollerEvent]:
        """Yield what is told until `wait` says stop; called again, go on from there.

        Failures are told as RoundState and tried again; nothing but a programming error is raised.
        """
        while True:
            turn = min(self._turns, key=lambda one: one.due)
            if self._wait(max(0.0, turn.due - self._monotonic())):
                return
            yield from self._take(turn)

    def _take(self, turn: _Turn) -> Iterator[PollerEvent]:
        try:
            for told in turn.round.ask():
                if self._wait(0):
                    return
                if self._handed.is_news(told):
                    yield told
                    self._handed.note(told)  # once whoever takes it has done so
        except ClusterError as error:
            if self._wait(0):
                return
            delay = max(turn.backoff.next(), min(error.retry_after_seconds, _LONGEST_WISH_SECONDS))
            turn.due = self._monotonic() + delay
            yield from _become(turn, state_of(error), str(error))
        else:
            turn.backoff.reset()
            turn.due = self._monotonic() + turn.round.every_seconds
            yield from _become(turn, SourceState.SYNCED)


def places_of(rounds: Sequence[Round]) -> tuple[tuple[str, str], ...]:
    """What is asked for, and where: resource and namespace."""
    return tuple((resource.name, one.namespace or ALL_NAMESPACES) for one in rounds for resource in one.resources)


def _digest(told: Told) -> str:
    return sha256(canonical(told.item))


def _become(turn: _Turn, state: SourceState, message: str | None = None) -> Iterator[RoundState]:
    if turn.said != (state, message):
        turn.said = (state, message)
        namespace = turn.round.namespace or ALL_NAMESPACES
        for resource in turn.round.resources:
            yield RoundState(resource=resource, namespace=namespace, state=state, message=message)
