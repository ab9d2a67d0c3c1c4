"""Secrets that are planted in every place of every kind of object are in no observation of it.

What comes of observations afterwards is looked through in `tests/integration/test_planted_everywhere.py`.
"""

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import yaml

from lineage.errors import InvalidObservation
from tests import planting
from tests.contract.test_bad_objects import own_objects
from tests.factories import CLUSTER, RECORDED_AT, REDACTOR, KubernetesObject
from tests.kubeflow_world import a_told_world
from tests.planting import FORMS, Form, Plants, an_object_of, schemas_of
from watchers.files import ObjectRead, read
from watchers.observe import find_source, observe, unreadable
from watchers.sources import all_sources

ALIKE = 8  # recorded objects of one source: there are hundreds of some
LARGEST = 200_000  # bytes of a recorded object


def observed(item: KubernetesObject) -> bytes:
    """All that is written of an object, whether it can be read or not."""
    source = find_source(item, all_sources())
    assert source is not None
    where: dict[str, Any] = {"cluster": CLUSTER, "seen_at": RECORDED_AT}
    try:
        return observe(deepcopy(item), source, redactor=REDACTOR, **where).body
    except InvalidObservation as error:
        return unreadable(item, source, reason=str(error), **where).reason.encode()


@cache
def recorded(folder: Path) -> list[KubernetesObject]:
    """Some recorded objects of each source."""
    found: dict[str, list[KubernetesObject]] = {}
    files = [str(path) for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size < LARGEST]
    for one in read(files, standard_input=BytesIO()):
        source = find_source(one.item, all_sources()) if isinstance(one, ObjectRead) else None
        if isinstance(one, ObjectRead) and source is not None:
            found.setdefault(source.name, []).append(one.item)
    return [item for items in found.values() for item in items[:: max(1, len(items) // ALIKE)]]


@cache
def made_of_schemas(folder: Path) -> list[KubernetesObject]:
    """An object with every member that the definition of its kind knows, of each kind that a source understands."""
    return list(_made_of_schemas(folder))


def _made_of_schemas(folder: Path) -> Iterator[KubernetesObject]:
    for file in sorted((folder / "crds").glob("*.yaml")):
        for definition in yaml.load_all(file.read_bytes(), Loader=yaml.CSafeLoader):
            for version, kind, schema in schemas_of(definition):
                item = an_object_of(schema) | {"apiVersion": version, "kind": kind}
                item["metadata"] = {"name": "a", "uid": "u", "labels": {"a": "a"}, "annotations": {"a": "a"}}
                if find_source(item, all_sources()) is not None:
                    yield item


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_of_recorded_objects_no_secret_is_observed(form: Form, fixtures: Path) -> None:
    planted = 0
    for item in [*recorded(fixtures), *own_objects(), *a_told_world(6)]:
        plants = Plants()
        assert plants.found_in(observed(form(item, plants))) == set(), item["kind"]
        planted += len(plants)
    assert planted > 50


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_of_objects_with_every_member_that_is_defined_no_secret_is_observed(form: Form, fixtures: Path) -> None:
    items = made_of_schemas(fixtures)
    assert {"Workflow", "InferenceService", "TrainJob", "Notebook"} <= {item["kind"] for item in items}
    for item in items:
        plants = Plants()
        assert plants.found_in(observed(form(item, plants))) == set(), item["kind"]


def test_a_secret_that_is_not_redacted_is_found() -> None:
    """The other tests here can fail."""
    plants = Plants()
    (item, *_) = own_objects()
    planted = planting.in_texts(item, plants)
    found = plants.found_in(repr(planted).upper().encode())
    assert len(found) > 20
    assert "status.phase" in found
