"""What serves the model of churn in the demo: an InferenceService, as KServe would have written it down.

It is made after the first night, and reads the model that lies there then. Every night overwrites that. Once a model is
promoted, a second revision reads what lies there by now, and is tried with a part of the traffic.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from watchers.demo.forms import NAMESPACE, Json, uid, write_time
from watchers.demo.manifests import CHURN_BUCKET
from watchers.demo.story import CHURN_MODEL
from watchers.sources.inference_service import RESOURCE
from watchers.timeline import Recording

ENDPOINT: Final = "churn"
ROLLOUT_SECONDS: Final = 20
MADE, TRIED = 90, 745  # seconds into the story: after the first night, and after the promotion
CANARY_PERCENT: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """The object at a time: when its spec was written, and since when which revisions get how much of the traffic."""

    seen: int
    written: int
    rolled_out: int | None = None
    traffic: tuple[tuple[int, int], ...] = ()

    @property
    def is_first_spec(self) -> bool:
        return self.written == MADE


_SERVED: Final = MADE + ROLLOUT_SECONDS
_SHARED: Final = TRIED + ROLLOUT_SECONDS
_VIEWS: Final = (
    _View(seen=MADE, written=MADE),
    _View(seen=_SERVED, written=MADE, rolled_out=_SERVED, traffic=((1, 100),)),
    _View(seen=TRIED, written=TRIED, rolled_out=_SERVED, traffic=((1, 100),)),
    _View(
        seen=_SHARED,
        written=TRIED,
        rolled_out=_SHARED,
        traffic=((1, 100 - CANARY_PERCENT), (2, CANARY_PERCENT)),
    ),
)


def record_serving(start: datetime) -> Iterator[Recording]:
    """Record the InferenceService, as often as it changed."""
    for view in _VIEWS:
        yield Recording(object=_inference_service(start, view), resource=RESOURCE)


def _inference_service(start: datetime, view: _View) -> Json:
    def at(seconds: int) -> str:
        return write_time(start + timedelta(seconds=seconds))

    managers = [_manager("kubectl", at(view.written), "f:spec")]
    status: Json = {}
    if view.rolled_out is not None:
        managers.append(_manager("kserve", at(view.rolled_out), "f:status", subresource="status"))
        status = _status(view, at(view.rolled_out))
    return {
        "apiVersion": f"{RESOURCE.group}/{RESOURCE.version}",
        "kind": RESOURCE.kind,
        "metadata": {
            "name": ENDPOINT,
            "namespace": NAMESPACE,
            "uid": uid(RESOURCE.kind, ENDPOINT),
            "resourceVersion": str(int((start + timedelta(seconds=view.seen)).timestamp())),
            "generation": 1 if view.is_first_spec else 2,
            "creationTimestamp": at(MADE),
            "managedFields": managers,
        },
        "spec": {"predictor": _predictor(view)},
        "status": status,
    }


def _manager(name: str, at: str, member: str, **more: str) -> Json:
    version = f"{RESOURCE.group}/{RESOURCE.version}"
    fields: Json = {"fieldsType": "FieldsV1", "fieldsV1": {member: {}}}
    return {"manager": name, "operation": "Update", "apiVersion": version, "time": at, **fields, **more}


def _predictor(view: _View) -> Json:
    model = {"modelFormat": {"name": "sklearn"}, "storageUri": f"s3://{CHURN_BUCKET}/{CHURN_MODEL}"}
    if view.is_first_spec:
        return {"serviceAccountName": "models", "model": model}
    asked = {"name": "RELOADED", "value": "2026-01-06"}  # the uri is the same, and a revision reads when it is made
    return {
        "serviceAccountName": "models",
        "canaryTrafficPercent": CANARY_PERCENT,
        "model": {**model, "env": [asked]},
    }


def _status(view: _View, since: str) -> Json:
    newest = view.traffic[-1][0]
    latest = _revision(newest)
    conditions = ("IngressReady", "PredictorReady", "PredictorRouteReady", "Ready")
    return {
        "url": f"http://{ENDPOINT}.{NAMESPACE}.example.com",
        "observedGeneration": newest,
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": since} for kind in conditions],
        "components": {
            "predictor": {
                "latestCreatedRevision": latest,
                "latestReadyRevision": latest,
                "latestRolledoutRevision": _revision(1),
                "traffic": [
                    {
                        "revisionName": _revision(number),
                        "percent": percent,
                        "latestRevision": number == newest,
                    }
                    for number, percent in view.traffic
                ],
            }
        },
        "modelStatus": {"transitionStatus": "UpToDate", "states": {"activeModelState": "Loaded"}},
    }


def _revision(number: int) -> str:
    return f"{ENDPOINT}-predictor-{number:05}"
