"""Every fault of an API server, on the real one and on the one that replays: nothing is lost, and nothing comes twice.

The table is `FAULTS`. After each fault the same is asked: did the final state of every object arrive, was every
disappearance noticed, and did nothing come twice?
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from kubernetes.client.configuration import Configuration

from lineage.model import SourceState
from tests.kubernetes_server import ADMIN, NOBODY, KubernetesServer
from tests.reflecting import Watcher
from tests.relay import Relay
from tests.waiting import comes_true
from watchers.apiserver import ApiServer
from watchers.kube import SILENCE_SECONDS, Kube
from watchers.reflector import Changed, Listed, Reached
from watchers.source import KubernetesObject, Resource
from watchers.timeline import WORKFLOWS
from watchers.world import World

TRIALS = Resource(group="kubeflow.org", version="v1beta1", plural="trials", kind="Trial")
STRANGER = "stranger"  # a token that stands for nobody, as an expired one does


# ------------------------------------------------------------------------------------------ the servers
class Server(Protocol):
    """What both servers can do, and what can be done to them."""

    def put(self, resource: Resource, item: KubernetesObject) -> object: ...
    def delete(self, resource: Resource, namespace: str, name: str) -> object: ...

    def standing(self, resource: Resource, namespace: str) -> dict[str, str]:
        """The uids and versions of what there is."""

    @property
    def port(self) -> int: ...

    def way(self, token: Path, silence_seconds: float, port: int) -> Kube:
        """Make a way to it, for whoever the file `token` says; or to what stands at a `port` in its place."""

    def restart(self, *, compact: bool) -> None:
        """Break every connection off; `compact` makes it forget its history as well."""

    def install(self, resource: Resource, definition: Path) -> None:
        """Begin to serve a resource."""

    def remove(self, resource: Resource) -> None:
        """Stop serving it."""

    def forbid(self, token: Path) -> None:
        """Let the bearer of this token read nothing."""

    def permit(self, token: Path) -> None:
        """Let it read again."""


def _configured(configuration: Configuration, token: Path) -> Configuration:
    """Have the token read from its file for each request, as credentials that are renewed are."""

    def read(renewed: Configuration) -> None:
        renewed.api_key["authorization"] = f"Bearer {token.read_text()}"

    configuration.refresh_api_key_hook = read  # type: ignore[assignment] # the library types it by its default
    read(configuration)
    return configuration


class Replayed:
    """The server of `watchers.apiserver`."""

    def __init__(self) -> None:
        self.world = World()
        self.api = ApiServer(self.world, resources=[WORKFLOWS], bookmark_seconds=0.1, initial_events=True)
        self.api.faults.token = ADMIN
        self.api.start()

    def put(self, resource: Resource, item: KubernetesObject) -> object:
        return self.world.put(resource, item)

    def delete(self, resource: Resource, namespace: str, name: str) -> object:
        return self.world.delete(resource, namespace, name)

    def standing(self, resource: Resource, namespace: str) -> dict[str, str]:
        return _versions(self.world.objects(resource, namespace))

    @property
    def port(self) -> int:
        return int(self.api.url.rpartition(":")[2])

    def way(self, token: Path, silence_seconds: float, port: int) -> Kube:
        configuration = Configuration()
        configuration.host = f"http://127.0.0.1:{port}"
        configuration.proxy = None
        return Kube(_configured(configuration, token), silence_seconds=silence_seconds)

    def restart(self, *, compact: bool) -> None:
        if compact:
            self.api.compact()
        self.api.fall_silent()
        self.api.speak_again()

    def install(self, resource: Resource, definition: Path) -> None:
        self.api.serve(resource)

    def remove(self, resource: Resource) -> None:
        for item in self.world.objects(resource):
            self.world.delete(resource, item["metadata"]["namespace"], item["metadata"]["name"])
        self.api.withdraw(resource)

    def forbid(self, token: Path) -> None:
        self.api.forbid(WORKFLOWS)

    def permit(self, token: Path) -> None:
        self.api.faults.permit(WORKFLOWS)


class Real:
    """The API server of Kubernetes."""

    def __init__(self, kubernetes: KubernetesServer) -> None:
        self._kubernetes = kubernetes
        self.put = kubernetes.put
        self.delete = kubernetes.delete
        self.install = kubernetes.define
        self.remove = kubernetes.undefine

    def standing(self, resource: Resource, namespace: str) -> dict[str, str]:
        answer = self._kubernetes.get(resource.path(namespace), {})
        return _versions(answer.json()["items"]) if answer.status_code == 200 else {}

    @property
    def port(self) -> int:
        return int(self._kubernetes.url.rpartition(":")[2])

    def way(self, token: Path, silence_seconds: float, port: int) -> Kube:
        configuration = Configuration()
        configuration.host = f"https://127.0.0.1:{port}"
        configuration.ssl_ca_cert = str(self._kubernetes.certificate)
        configuration.proxy = None
        return Kube(_configured(configuration, token), silence_seconds=silence_seconds)

    def restart(self, *, compact: bool) -> None:
        self._kubernetes.restart(compact=compact)

    def forbid(self, token: Path) -> None:
        token.write_text(NOBODY)

    def permit(self, token: Path) -> None:
        token.write_text(ADMIN)


def _versions(items: list[KubernetesObject]) -> dict[str, str]:
    return {item["metadata"]["uid"]: item["metadata"]["resourceVersion"] for item in items}


# ------------------------------------------------------------------------------------------ one case
class Case:
    """A server, a namespace of its own on it, and a watcher of that. The file `token` says who the watcher is."""

    def __init__(self, server: Server, namespace: str, folder: Path, definitions: Path) -> None:
        self.server = server
        self.definitions = definitions
        self.resource = WORKFLOWS
        self.token = folder / "token"
        self.token.write_text(ADMIN)
        self._namespace = namespace
        self._started: Watcher | None = None
        self._relay: Relay | None = None

    @property
    def watcher(self) -> Watcher:
        assert self._started is not None, "nobody watches yet"
        return self._started

    @property
    def api(self) -> ApiServer:
        """The server that replays, for what only that one can be made to do."""
        assert isinstance(self.server, Replayed)
        return self.server.api

    def over_a_network(self) -> Relay:
        """Put a network between the watcher and the server."""
        self._relay = Relay(self.server.port).start()
        return self._relay

    def watch(self, *, silence_seconds: float = SILENCE_SECONDS, **how: Any) -> None:
        """Begin to watch."""
        way = self.server.way(self.token, silence_seconds, (self._relay or self.server).port)
        self._started = Watcher(way, self.resource, self._namespace, **how).start()

    def watch_until_synced(self, **how: Any) -> None:
        """Begin to watch, and wait until all that there is has been seen."""
        self.put("kept", "changed", "deleted", "made-again")
        self.watch(**how)
        self.watcher.wait(lambda: SourceState.SYNCED in self.watcher.states())

    def put(self, *names: str, namespace: str | None = None, **rest: Any) -> None:
        typed = {"apiVersion": f"{self.resource.group}/{self.resource.version}", "kind": self.resource.kind}
        for name in names:
            metadata = {"name": name, "namespace": namespace or self._namespace}
            self.server.put(self.resource, typed | {"metadata": metadata, "spec": {}} | rest)

    def delete(self, *names: str) -> None:
        for name in names:
            self.server.delete(self.resource, self._namespace, name)

    def change_everything(self) -> None:
        """Change one object, delete one, make one again under its name, and let one come and one come and go."""
        self.put("changed", status={"phase": "Running"})
        self.delete("deleted", "made-again")
        self.put("made-again", "new", "came-and-went")
        self.delete("came-and-went")

    def standing(self) -> dict[str, str]:
        return self.server.standing(self.resource, self._namespace)

    def states(self) -> list[SourceState]:
        return self.watcher.states()

    def size_of_an_event(self) -> int:
        """How many bytes the server writes for an event at least."""
        return min(change.sent.size_bytes for change in self.watcher.events if isinstance(change, Changed))

    def stop(self) -> None:
        if self._started is not None:
            self._started.stop()
        if self._relay is not None:
            self._relay.stop()


@pytest.fixture
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Case]:
    server: Server = Replayed() if request.param == REPLAYED else Real(request.getfixturevalue("kubernetes"))
    namespace = f"ns-{abs(hash(request.node.nodeid)) % 10**12}"
    made = Case(server, namespace, tmp_path, request.getfixturevalue("fixtures") / "crds")
    yield made
    made.stop()
    if made.resource != WORKFLOWS:
        server.remove(made.resource)
    if isinstance(server, Replayed):
        server.api.stop()


# ------------------------------------------------------------------------------------------ the faults
def gone_at_the_list(case: Case) -> None:
    case.put("kept")
    case.api.faults.refuse(410, 410)
    case.watch()


def gone_at_a_continue(case: Case) -> None:
    case.put(*(f"w{number}" for number in range(8)))
    case.watch(by_pages=True, before_continue=lambda: case.server.restart(compact=True))
    case.watcher.wait(lambda: SourceState.SYNCED in case.states())


def gone_within_a_watch(case: Case) -> None:
    case.watch_until_synced()
    case.api.fall_silent()
    case.change_everything()
    case.api.compact()
    case.api.speak_again()
    case.watcher.wait(lambda: len(case.watcher.lists()) == 2)


def gone_as_a_status(case: Case) -> None:
    case.watch_until_synced()
    case.api.fall_silent()
    case.change_everything()
    case.api.compact(gone_as_status=True)
    case.api.speak_again()
    case.watcher.wait(lambda: len(case.watcher.lists()) == 2)


def compacted_while_away(case: Case) -> None:
    def changes_that_are_forgotten() -> None:
        case.change_everything()
        case.server.restart(compact=True)

    case.put("kept", "changed", "deleted", "made-again")
    case.watch(by_pages=True, before_watch=changes_that_are_forgotten)
    case.watcher.wait(lambda: len(case.watcher.lists()) == 2)
    _, second = (event for event in case.watcher.events if isinstance(event, Listed))
    assert second.reason is not None


def changes_elsewhere_and_a_bookmark(case: Case) -> None:
    case.watch_until_synced(watch_seconds=5)
    case.put("elsewhere", namespace="elsewhere")
    (listed,) = (event for event in case.watcher.events if isinstance(event, Listed))

    def farthest() -> int:
        reached = [event.resource_version for event in tuple(case.watcher.events) if isinstance(event, Reached)]
        return max(map(int, reached), default=0)

    case.watcher.wait(lambda: farthest() > int(listed.resource_version))
    # Only what replays stands still: a real server writes as it starts, and may not know older versions then.
    stands_still = isinstance(case.server, Replayed)
    case.server.restart(compact=stands_still)
    case.change_everything()
    case.watcher.wait(lambda: case.watcher.standing() == case.standing())
    assert len(case.watcher.lists()) == 1 or not stands_still


def initial_events(case: Case) -> None:
    case.watch_until_synced()
    case.change_everything()
    assert case.watcher.way.lists == 0


def initial_events_that_are_refused(case: Case) -> None:
    case.watch_until_synced(by_pages=True)
    case.change_everything()
    assert case.watcher.way.lists > 0


def initial_events_that_break_off(case: Case) -> None:
    case.watch_until_synced(breaks_after=2)
    case.change_everything()
    assert case.watcher.way.lists > 0


def cut_at_every_byte(case: Case) -> None:
    case.watch_until_synced()
    case.put("w")
    event = b'{"type":"MODIFIED","object":%b}\n' % case.api.world.snapshot(WORKFLOWS, None).bodies[-1]
    for sent in range(len(event) + 1):
        case.api.faults.cut_next_event(sent=sent)
        case.put("w")
        case.watcher.wait(lambda: case.watcher.standing() == case.standing(), every_seconds=0.005)
    assert len(case.watcher.lists()) == 1


def cut_at_any_byte_on_the_wire(case: Case) -> None:
    """Within what stands around an event as well: the size of its chunk, a record of TLS."""
    relay = case.over_a_network()
    if isinstance(case.server, Replayed):
        case.api.bookmark_seconds = 60  # only events
    case.watch_until_synced()
    case.put("w")
    every = 1 if isinstance(case.server, Replayed) else 37
    counts = range(0, case.size_of_an_event(), every)
    for count in counts:
        relay.cut_after(count)
        case.put("w", status={"message": str(count)})
        case.watcher.wait(lambda: case.watcher.standing() == case.standing(), every_seconds=0.005)
    assert relay.cuts == len(counts)
    assert len(case.watcher.lists()) == 1


def half_open(case: Case) -> None:
    case.watch_until_synced(silence_seconds=5 * case.api.bookmark_seconds)
    case.api.fall_silent()
    asked = len(case.api.requests)
    case.change_everything()
    case.watcher.wait(lambda: len(case.api.requests) > asked)
    case.api.speak_again()


def half_open_on_the_wire(case: Case) -> None:
    relay = case.over_a_network()
    case.watch_until_synced(silence_seconds=1)
    relay.fall_silent()
    made = relay.connections
    case.change_everything()
    case.watcher.wait(lambda: relay.connections > made)
    relay.speak_again()


def away_and_back(case: Case) -> None:
    case.watch_until_synced()
    case.server.restart(compact=False)
    case.change_everything()


def a_token_that_expires_and_is_renewed(case: Case) -> None:
    case.watch_until_synced(watch_seconds=1)
    case.token.write_text(STRANGER)
    case.watcher.wait(lambda: case.states()[-1] is SourceState.WAITING)
    case.change_everything()
    case.token.write_text(ADMIN)


def forbidden_for_a_while(case: Case) -> None:
    case.watch_until_synced(watch_seconds=1)
    case.server.forbid(case.token)
    case.watcher.wait(lambda: case.states()[-1] is SourceState.FORBIDDEN)
    case.change_everything()
    case.server.permit(case.token)


def too_many_requests(case: Case) -> None:
    case.put("kept")
    case.api.faults.refuse(429, 429, retry_after=1)
    begun = time.monotonic()
    case.watch(by_pages=True)
    case.watcher.wait(lambda: SourceState.SYNCED in case.states())
    assert time.monotonic() - begun >= 2  # it asked twice for a second, and would be asked again after 0.02 s


def trouble_of_the_server(case: Case) -> None:
    case.put("kept")
    case.api.faults.refuse(500, 502, 503, 504)
    case.watch()


def installed_while_running(case: Case) -> None:
    case.resource = TRIALS
    case.watch()
    case.watcher.wait(lambda: SourceState.ABSENT in case.states())
    definition = case.definitions / "katib-trial.yaml"
    case.server.install(TRIALS, definition)
    case.put("kept", "changed", "deleted", "made-again")
    case.watcher.wait(lambda: case.watcher.standing() == case.standing())
    case.server.remove(TRIALS)
    case.watcher.wait(lambda: case.states()[-1] is SourceState.ABSENT)
    case.server.install(TRIALS, definition)
    case.put("kept", "changed", "deleted", "made-again")
    case.change_everything()


REPLAYED, REAL = "replayed", "real"
BOTH = (REPLAYED, REAL)
FAULTS: dict[Callable[[Case], None], tuple[str, ...]] = {
    gone_at_the_list: (REPLAYED,),
    gone_at_a_continue: BOTH,
    gone_within_a_watch: (REPLAYED,),
    gone_as_a_status: (REPLAYED,),
    compacted_while_away: BOTH,
    changes_elsewhere_and_a_bookmark: BOTH,
    initial_events: BOTH,
    initial_events_that_are_refused: BOTH,
    initial_events_that_break_off: BOTH,
    cut_at_every_byte: (REPLAYED,),
    cut_at_any_byte_on_the_wire: BOTH,
    half_open: (REPLAYED,),
    half_open_on_the_wire: BOTH,
    away_and_back: BOTH,
    a_token_that_expires_and_is_renewed: BOTH,
    forbidden_for_a_while: BOTH,
    too_many_requests: (REPLAYED,),
    trouble_of_the_server: (REPLAYED,),
    installed_while_running: BOTH,
}
"""Each fault, and the servers that can be made to show it."""


@pytest.mark.parametrize(
    ("fault", "case"),
    [
        pytest.param(fault, server, id=f"{fault.__name__.replace('_', ' ')}, {server}")
        for fault, servers in FAULTS.items()
        for server in servers
    ],
    indirect=["case"],
)
def test_after_every_fault_all_is_known_and_nothing_came_twice(fault: Callable[[Case], None], case: Case) -> None:
    fault(case)
    is_known = comes_true(lambda: case.watcher.standing() == case.standing())
    assert is_known, f"{case.standing()} stand, and these were told: {case.watcher.standing()}"
    handed_on = case.watcher.handed_on()
    assert len(handed_on) == len(set(handed_on))
