"""What the pages on installing say, done with what they name: the overlays as they are rendered, their pods as
processes beside a real API server that knows nothing but their roles, and what a reader is told to run in them."""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx
import orjson
import pytest

from tests.factories import a_node, a_workflow
from tests.kafka_server import KafkaServer
from tests.kubelet import Kubelet, Pod
from tests.kubernetes_server import KubernetesServer
from tests.manifests import DEPLOY, ROOT, Manifest, of_kind, overlay
from tests.minio_server import ACCESS_KEY, SECRET_KEY, MinioServer
from tests.old_stores import migrate_at_rest
from tests.postgresql import Server
from tests.waiting import comes_true
from watchers.timeline import WORKFLOWS

ACCOUNT: Final = "kfp-lineage"
TOKEN: Final = "kfp-lineage-token"
NAMES: Final = {"query": "{ runs(first: 10) { nodes { name phase } } }"}
RBAC: Final = "rbac.authorization.k8s.io"
ANYBODY: Final = "system:authenticated"
OF_ANYBODY: Final = {
    "metadata": {"name": "system:basic-user"},
    "rules": [{"apiGroups": ["authorization.k8s.io"], "resources": ["selfsubjectaccessreviews"], "verbs": ["create"]}],
}
"""What every cluster lets everybody ask: what they may do themselves."""
OF_READERS: Final = re.compile(r"exec deploy/kfp-lineage -- lineage (.+)")
OF_SECRETS: Final = re.compile(r"--from-literal=([\w-]+)=")


@pytest.fixture
def cluster(own_kubernetes: KubernetesServer, fixtures: Path) -> KubernetesServer:
    """An API server that knows workflows."""
    own_kubernetes.define(WORKFLOWS, fixtures / "crds" / "argo-workflows-full.yaml")
    return own_kubernetes


def admitted(cluster: KubernetesServer, manifests: tuple[Manifest, ...]) -> Mapping[str, Path]:
    """Grant what manifests grant and what everybody has; says how each account reaches the cluster."""
    (account,) = of_kind(manifests, "ServiceAccount").values()
    namespace = account["metadata"]["namespace"]
    name = f"system:serviceaccount:{namespace}:{account['metadata']['name']}"
    cluster.give_rights(
        tokens={TOKEN: {"name": name, "groups": [f"system:serviceaccounts:{namespace}", ANYBODY]}},
        clusterRoles=[*of_kind(manifests, "ClusterRole").values(), OF_ANYBODY],
        clusterRoleBindings=[
            *of_kind(manifests, "ClusterRoleBinding").values(),
            {
                "metadata": {"name": "system:basic-user"},
                "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "system:basic-user"},
                "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": ANYBODY}],
            },
        ],
    )
    return {account["metadata"]["name"]: cluster.kubeconfig(TOKEN)}


def a_run(cluster: KubernetesServer, name: str) -> None:
    """Have a workflow run in a cluster."""
    node = a_node(f"{name}.train", 10, 20, outputs={"parameters": [{"name": "accuracy", "value": "0.9"}]})
    workflow = a_workflow({f"{name}-1": node}, name=name, namespace="team-a", phase="Succeeded")
    cluster.put(WORKFLOWS, workflow | {"metadata": {"name": name, "namespace": "team-a"}})


def assert_answers(pod: Pod, probe: str) -> None:
    """Wait until a pod does what it is for, as a kubelet sees it."""
    assert comes_true(lambda: pod.probe(probe) == 200), pod.said()


def names(pod: Pod, port: str) -> list[str]:
    """The runs that a server shows."""
    answer = httpx.post(f"{pod.address(port)}/graphql", json=NAMES, trust_env=False)
    return sorted(one["name"] for one in answer.json()["data"]["runs"]["nodes"])


def told(page: str) -> Iterator[list[str]]:
    """The commands that a page has its reader run in the pod, but those that ask what is elsewhere."""
    text = (ROOT / "docs" / "start" / page).read_text()
    for command in OF_READERS.findall(text):
        if not command.startswith("backfill"):
            yield command.split()


def test_one_pod_records_what_happens_and_answers_what_its_reader_is_told_to_ask(
    cluster: KubernetesServer, tmp_path: Path
) -> None:
    manifests = overlay("one-machine")
    kubelet = Kubelet(manifests, tmp_path, secrets={}, accounts=admitted(cluster, manifests))
    a_run(cluster, "before")
    with kubelet.started("kfp-lineage") as pod:
        assert_answers(pod, "startupProbe")
        assert_answers(pod, "readinessProbe")
        a_run(cluster, "after")
        assert comes_true(lambda: names(pod, "http") == ["after", "before"]), pod.said()
        asked = {" ".join(command): pod.run(*command) for page in ("argo.md", "kubeflow.md") for command in told(page)}
        assert pod.probe("livenessProbe") == 200
    assert {"doctor", "runs", "query ingestion"} <= asked.keys()
    for command, answer in asked.items():
        assert answer.returncode == 0, f"{command}: {answer.stdout}{answer.stderr}"
    assert "before" in asked["runs"].stdout
    assert "argo_workflow" in asked["query ingestion"].stdout
    # What is kept lies on the volume: another pod goes on with it.
    with kubelet.started("kfp-lineage") as another:
        assert_answers(another, "readinessProbe")
        assert names(another, "http") == ["after", "before"]


def test_many_pods_record_what_happens_started_in_any_order_beside_a_store_of_the_release_before(
    cluster: KubernetesServer, kafka: KafkaServer, postgresql: Server, minio: MinioServer, tmp_path: Path
) -> None:
    manifests = with_log(overlay("cluster"), f"kafka://{kafka.bootstrap}/{kafka.new_topic()}")
    store = postgresql.new_database(migrated=False)
    migrate_at_rest(store, "0015")
    keys = {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
    objects = orjson.dumps([{"endpoint": f"http://{minio.endpoint}", **keys}]).decode()
    secret = {"store": store, "redaction-key": "5" * 64, "object-stores": objects}
    assert secret.keys() == {*OF_SECRETS.findall((DEPLOY / "overlays" / "cluster" / "kustomization.yaml").read_text())}
    kubelet = Kubelet(manifests, tmp_path, secrets={ACCOUNT: secret}, accounts=admitted(cluster, manifests))
    a_run(cluster, "before")
    with ExitStack() as ended:
        started = {name: ended.enter_context(kubelet.started(name)) for name in ("serve", "probe", "record", "watch")}
        for pod in started.values():
            assert_answers(pod, "livenessProbe")
        assert started["serve"].probe("readinessProbe") == 503
        migrated = kubelet.pod("migrate").run()
        assert migrated.returncode == 0, migrated
        for pod in started.values():
            assert_answers(pod, "readinessProbe")
        a_run(cluster, "after")
        assert comes_true(lambda: names(started["serve"], "health") == ["after", "before"])
        with kubelet.started("record") as another:
            assert_answers(another, "readinessProbe")


def with_log(manifests: tuple[Manifest, ...], url: str) -> tuple[Manifest, ...]:
    """Name another log in the config map, as whoever has Kafka elsewhere does."""
    (config,) = of_kind(manifests, "ConfigMap").values()
    changed = config | {"data": config["data"] | {"LINEAGE_LOG": url}}
    return tuple(changed if item is config else item for item in manifests)
