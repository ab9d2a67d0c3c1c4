"""Nodes that Argo offloaded come back into what is watched, and are never waited for."""

from collections.abc import Mapping
from copy import deepcopy

import orjson
import pytest

from lineage.errors import ClusterError
from lineage.observation import ObjectSeen
from tests.factories import CLUSTER, RECORDED_AT, REDACTOR, KubernetesObject, a_node, a_workflow, observed
from watchers.hydrating import REST_SECONDS, Hydrating
from watchers.nodes import WorkflowHead
from watchers.observe import Observer
from watchers.sent import Reader, Sent
from watchers.sources.argo_workflow import RESOURCE, SOURCE

WHOLE = a_workflow({"w-1": a_node("w.a", 10, 20, writes=["model"])}, phase="Succeeded")


class Offloaded:
    """Nodes by the version of a workflow. `trouble` befalls who asks."""

    def __init__(self, nodes: Mapping[tuple[str, str], bytes]) -> None:
        self.kept = nodes
        self.trouble: ClusterError | None = None
        self.asked = 0

    def nodes(self, uid: str, version: str) -> bytes | None:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        return self.kept.get((uid, version))


def offloaded(item: KubernetesObject = WHOLE) -> KubernetesObject:
    """The same workflow as the cluster has it."""
    twin = deepcopy(item)
    del twin["status"]["nodes"]
    twin["status"]["offloadNodeStatusVersion"] = "fnv:1"
    return twin


def sent(item: KubernetesObject) -> Sent:
    return Reader(RESOURCE, WorkflowHead).item(orjson.dumps(item))


def seen(one: Sent) -> ObjectSeen:
    return Observer(SOURCE, cluster=CLUSTER, redactor=REDACTOR).observe(one, seen_at=RECORDED_AT)


@pytest.fixture
def kept() -> Offloaded:
    return Offloaded({("u1", "fnv:1"): orjson.dumps(WHOLE["status"]["nodes"])})


def test_a_view_is_what_it_was_before_its_nodes_were_offloaded(kept: Offloaded) -> None:
    assert seen(Hydrating(kept)(sent(offloaded()))) == observed(WHOLE)


@pytest.mark.parametrize("item", [WHOLE, a_workflow(), a_workflow(compressedNodes="x", offloadNodeStatusVersion="y")])
def test_who_has_nodes_or_none_at_all_is_not_asked_about(item: KubernetesObject, kept: Offloaded) -> None:
    one = sent(item)
    assert Hydrating(kept)(one) is one
    assert kept.asked == 0


@pytest.mark.parametrize("nodes", [None, b"", b"[]", b'{"w-1": ', b"null"])
def test_nodes_that_are_gone_or_none_leave_the_view_as_it_is(nodes: bytes | None) -> None:
    one = sent(offloaded())
    assert Hydrating(Offloaded({} if nodes is None else {("u1", "fnv:1"): nodes}))(one) is one


def test_after_a_failure_nobody_is_asked_for_a_while(kept: Offloaded) -> None:
    now = 0.0
    hydrating = Hydrating(kept, clock=lambda: now)
    kept.trouble = ClusterError("away")
    one = sent(offloaded())
    assert hydrating(one) is one
    assert hydrating(one) is one
    assert (kept.asked, hydrating.outage.reason) == (1, "away")
    kept.trouble, now = None, REST_SECONDS
    assert seen(hydrating(one)) == observed(WHOLE)
    assert hydrating.outage.reason is None
