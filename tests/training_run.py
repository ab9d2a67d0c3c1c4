"""A run that prepares data, trains on it twice in a loop, and evaluates: told in full, and with anything in it changed.

Everything about it is known: each pod was seen, and each object was looked at and read. `Training` says what can be
changed; what it changes it changes everywhere, as a cluster would.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lineage.evidence import Look
from lineage.identity import sha256
from lineage.model import ArtifactState
from lineage.observation import LocationLooked, Observation
from tests.factories import CLUSTER, KubernetesObject, a_pod, a_workflow, moment, place, rfc3339

SEEDS = ("1", "2")


def digest_of(word: str) -> str:
    """The digest of an image or an object, made of a word."""
    return sha256(word.encode())


@dataclass(frozen=True, kw_only=True)
class Training:
    """What a run is made of. `outputs` are the words that stand for the content of what was written, by step."""

    uid: str = "u1"
    name: str = "training-abc12"
    born: int = 1000
    rate: str = "0.1"
    data: str = "customers"
    data_key: str = "raw/customers.csv"
    image: str = "registry.example/train:1"
    image_word: str = "train"
    script: str = "train --rate {{inputs.parameters.rate}} --seed {{inputs.parameters.seed}}"
    environment: Mapping[str, str] = field(default_factory=dict)
    injected: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    accuracy: str = "0.9"
    failed: bool = False
    steps: tuple[str, ...] = ("prepare", "train", "evaluate")

    # -- objects
    def workflow(self, **more: Any) -> KubernetesObject:
        """The workflow, as it ended."""
        phase = "Failed" if self.failed else "Succeeded"
        return a_workflow(
            {node["id"]: node for node in self._nodes()},
            uid=self.uid,
            name=self.name,
            born=self.born,
            phase=phase,
            version=self.born + 100,
            spec=self._spec(),
            metadata={"generateName": "training-"},
            startedAt=rfc3339(self.born),
            finishedAt=rfc3339(self.born + 60),
            **more,
        )

    def pods(self) -> list[KubernetesObject]:
        """The pods of its steps."""
        return [self._pod(node) for node in self._nodes() if node["type"] == "Pod" and node["phase"] != "Omitted"]

    def looks(self) -> Iterator[Observation]:
        """A look at each object after it was written, and at the data that it began with."""
        yield self.look(self.data_key, self.data, written=self.born - 10, at=self.born + 90)
        for node in self._nodes():
            for one in node["outputs"].get("artifacts", ()):
                key = one["s3"]["key"]
                word = self.outputs.get(node["displayName"], f"of {node['displayName']}")
                yield self.look(key, word, written=self.born + 20, at=self.born + 90)

    def look(self, key: str, word: str, *, written: int, at: int) -> LocationLooked:
        """A look that read an object."""
        where, digest = place(key), digest_of(word)
        shown = Look(
            state=ArtifactState.PRESENT,
            size_bytes=len(word),
            modified_at=moment(written),
            digest=digest,
            content_digest=digest,
        )
        return LocationLooked(
            source="objects", cluster=CLUSTER, seen_at=moment(at), store=where.store, uri=where.uri, look=shown
        )

    def told(self) -> list[Observation | KubernetesObject]:
        """All of it."""
        return [self.workflow(), *self.pods(), *self.looks()]

    # -- parts
    def _spec(self) -> KubernetesObject:
        rate = {"name": "rate", "value": "{{workflow.parameters.rate}}"}
        tasks: dict[str, KubernetesObject] = {
            "prepare": {"name": "prepare", "template": "prepare"},
            "check": {"name": "check", "template": "check", "depends": "prepare"},
            "train": {
                "name": "train",
                "template": "train",
                "depends": "check" if "check" in self.steps else "prepare",
                "arguments": {"parameters": [rate, {"name": "seed", "value": "{{item}}"}]},
                "withItems": list(SEEDS),
            },
            "evaluate": {"name": "evaluate", "template": "evaluate", "depends": "train"},
        }
        variables = [{"name": name, "value": value} for name, value in self.environment.items()]
        train = {"image": self.image, "command": ["sh", "-c"], "args": [self.script], "env": variables}
        inputs = {"parameters": [{"name": "rate"}, {"name": "seed"}]}
        templates = [
            {"name": "main", "dag": {"tasks": [task for name, task in tasks.items() if name in self.steps]}},
            {"name": "prepare", "container": _container("registry.example/prepare:1", "prepare")},
            {"name": "check", "container": _container("registry.example/check:1", "check")},
            {"name": "train", "inputs": inputs, "container": train},
            {"name": "evaluate", "container": _container("registry.example/evaluate:1", "evaluate")},
        ]
        return {
            "entrypoint": "main",
            "arguments": {"parameters": [{"name": "rate", "value": self.rate}]},
            "templates": [one for one in templates if one["name"] in ("main", *self.steps)],
        }

    def _nodes(self) -> Iterator[KubernetesObject]:
        """The nodes, in the order in which they began."""
        trained = [f"train({number}:{seed})" for number, seed in enumerate(SEEDS)]
        after = {"prepare": ["check"] if "check" in self.steps else ["train"], "check": ["train"]}
        yield self._node("", "DAG", "main", children=["prepare"])
        yield self._node("prepare", "Pod", "prepare", reads=(self.data_key,), children=after["prepare"])
        if "check" in self.steps:
            yield self._node("check", "Pod", "check", children=after["check"])
        yield self._node("train", "TaskGroup", "train", children=trained)
        for name, seed in zip(trained, SEEDS, strict=True):
            given = {"rate": self.rate, "seed": seed}
            yield self._node(name, "Pod", "train", given, (self._key("prepare"),), children=["evaluate"])
        read = tuple(self._key(name) for name in trained)
        results = {"accuracy": self.accuracy}
        yield self._node("evaluate", "Pod", "evaluate", reads=read, results=results)

    def _node(
        self,
        name: str,
        kind: str,
        template: str,
        given: Mapping[str, str] | None = None,
        reads: tuple[str, ...] = (),
        *,
        children: list[str] | None = None,
        results: Mapping[str, str] | None = None,
    ) -> KubernetesObject:
        is_step = kind == "Pod"
        failed = self.failed and template == "train" and is_step
        left_out = self.failed and template == "evaluate"
        phase = "Failed" if failed else "Omitted" if left_out else "Succeeded"
        writes = [_artifact("out", self._key(name))] if is_step and phase == "Succeeded" and name != "evaluate" else []
        return {
            "id": self._id(name),
            "name": f"{self.name}.{name}" if name else self.name,
            "displayName": name or self.name,
            "type": kind,
            "templateName": template,
            "phase": phase,
            "startedAt": rfc3339(self.born + 10),
            "finishedAt": rfc3339(self.born + 30),
            "inputs": {
                "parameters": [{"name": each, "value": value} for each, value in (given or {}).items()],
                "artifacts": [_artifact(f"in{number}", key) for number, key in enumerate(reads)],
            },
            "outputs": {
                "artifacts": writes,
                "parameters": [
                    {"name": each, "value": value} for each, value in (results or {}).items() if phase == "Succeeded"
                ],
            },
            "children": [self._id(child) for child in children or ()],
        }

    def _pod(self, node: KubernetesObject) -> KubernetesObject:
        template = node["templateName"]
        image = self.image if template == "train" else f"registry.example/{template}:1"
        word = self.image_word if template == "train" else template
        given = {one["name"]: one["value"] for one in node["inputs"]["parameters"]}
        command = self.script if template == "train" else template
        for name, value in given.items():
            command = command.replace("{{inputs.parameters." + name + "}}", value)
        pod = a_pod(
            uid=f"{self.uid}-{node['id']}",
            node_id=node["id"],
            born=self.born + 10,
            end=self.born + 30,
            version=self.born + 50,
            owner=self.uid,
            workflow=self.name,
            image=image,
            image_id=f"registry.example/{template}@{digest_of(word)}",
        )
        variables = {**(self.environment if template == "train" else {}), **self.injected}
        pod["spec"]["containers"][0] |= {
            "command": ["/var/run/argo/argoexec", "emissary", "--", "sh", "-c"],
            "args": [command],
            "env": [{"name": name, "value": value} for name, value in variables.items()],
        }
        return pod

    def _id(self, name: str) -> str:
        number = int(sha256(name.encode())[-6:], 16) + 1_000_000
        return f"{self.name}-{number}" if name else self.name

    def _key(self, name: str) -> str:
        return f"{self.name}/{name}/out.tgz"


def _container(image: str, command: str) -> KubernetesObject:
    return {"image": image, "command": ["sh", "-c"], "args": [command]}


def _artifact(name: str, key: str) -> KubernetesObject:
    return {"name": name, "s3": {"key": key}}
