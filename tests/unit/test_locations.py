"""From where Argo keeps an artifact to a canonical uri, for every kind of location."""

from typing import Any

import pytest

from lineage.errors import InvalidObservation
from lineage.identity import Location, raw_location
from watchers.locations import chosen_key, locate, type_names

CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"s3": {"endpoint": "minio:9000", "bucket": "b", "key": "k"}}, "cluster:c/minio:9000", "s3://b/k"),
    ({"s3": {"endpoint": "s3.amazonaws.com", "bucket": "b", "key": "k"}}, "", "s3://b/k"),
    ({"s3": {"key": "k"}}, "cluster:c", "s3:///k"),
    ({"gcs": {"bucket": "b", "key": "k"}}, "", "gs://b/k"),
    ({"gcs": {"key": "k"}}, "cluster:c", "gs:///k"),
    (
        {"azure": {"endpoint": "https://acc.blob.core.windows.net/", "container": "c", "blob": "d/e"}},
        "acc.blob.core.windows.net",
        "https://acc.blob.core.windows.net/c/d/e",
    ),
    ({"oss": {"endpoint": "oss-cn.aliyuncs.com", "bucket": "b", "key": "k"}}, "", "oss://b/k"),
    (
        {"hdfs": {"addresses": ["name.example.org:9000", "other:9000"], "path": "/d/e"}},
        "name.example.org:9000",
        "hdfs://name.example.org:9000/d/e",
    ),
    ({"http": {"url": "HTTPS://me:word@Data.Example.org:443/a"}}, "data.example.org", "https://data.example.org/a"),
    ({"artifactory": {"url": "http://artifactory:8081/a"}}, "cluster:c/artifactory:8081", "http://artifactory:8081/a"),
    ({"git": {"repo": "https://Example.org/r.git", "revision": "v1"}}, "", "https://example.org/r.git@v1"),
    ({"git": {"repo": "git@example.org:r.git", "branch": "next"}}, "", "git@example.org:r.git@next"),
    ({"git": {"repo": "https://example.org/r.git"}}, "", "https://example.org/r.git@HEAD"),
    ({"plugin": {"name": "dvc", "key": "k"}}, "cluster:c", "plugin:dvc/k"),
]


@pytest.mark.parametrize(("artifact", "store", "uri"), CASES, ids=lambda value: str(value)[:60])
def test_an_artifact_lies_at(artifact: dict[str, Any], store: str, uri: str) -> None:
    assert locate({"name": "x", **artifact}, (), "c") == Location(store=store, uri=uri)


def test_every_kind_of_location_is_known() -> None:
    tried = {kind for artifact, _, _ in CASES for kind in artifact} | {"raw"}
    assert tried == set(type_names)


def test_a_value_kept_in_the_workflow_lies_at_its_digest() -> None:
    assert locate({"name": "x", "raw": {"data": "hello"}}, (), "c") == raw_location("hello")


@pytest.mark.parametrize("kind", sorted(set(type_names) - {"raw"}))
def test_an_output_that_was_not_made_lies_nowhere(kind: str) -> None:
    assert locate({"name": "x"}, (), "c") is None
    assert locate({"name": "x", kind: {"unknown": "member"}}, (), "c") is None


# ------------------------------------------------------------------------------------------ only a key
REPOSITORY = {"s3": {"endpoint": "minio:9000", "bucket": "repository", "keyFormat": "f"}}
ARCHIVE = {"archiveLogs": True, "s3": {"endpoint": "s3.amazonaws.com", "bucket": "archive", "key": "logs"}}


def test_what_gives_only_a_key_takes_the_rest_from_the_repository() -> None:
    found = locate({"s3": {"key": "k"}}, ({}, REPOSITORY), "c")
    assert found == Location(store="cluster:c/minio:9000", uri="s3://repository/k")


def test_the_archive_location_of_the_template_counts_before_the_repository() -> None:
    assert locate({"s3": {"key": "k"}}, (ARCHIVE, REPOSITORY), "c") == Location(store="", uri="s3://archive/k")


def test_a_location_that_is_whole_takes_nothing_from_anywhere() -> None:
    whole = {"s3": {"endpoint": "minio:9000", "bucket": "b", "key": "k"}}
    assert locate(whole, (ARCHIVE, REPOSITORY), "c") == locate(whole, (), "c")


def test_an_archive_location_without_a_place_says_nothing() -> None:
    found = locate({"s3": {"key": "k"}}, ({"archiveLogs": True}, REPOSITORY), "c")
    assert found == locate({"s3": {"key": "k"}}, (REPOSITORY,), "c")


@pytest.mark.parametrize(
    ("fallback", "uri"),
    [
        ({"gcs": {"bucket": "b"}}, "gs://b/k"),
        ({"oss": {"endpoint": "e.example.org", "bucket": "b"}}, "oss://b/k"),
        ({"azure": {"endpoint": "https://e.example.org", "container": "c"}}, "https://e.example.org/c/k"),
        ({"hdfs": {"addresses": ["e.example.org:1"], "path": "p"}}, "hdfs://e.example.org:1/k"),
        ({"plugin": {"name": "p"}}, "plugin:p/k"),
    ],
)
def test_a_key_is_placed_in_a_repository_of_any_kind(fallback: dict[str, Any], uri: str) -> None:
    found = locate({"s3": {"key": "k"}}, (fallback,), "c")
    assert found is not None
    assert found.uri == uri


def test_equal_keys_in_the_stores_of_two_clusters_are_two_places() -> None:
    assert locate({"s3": {"key": "k"}}, (REPOSITORY,), "c") != locate({"s3": {"key": "k"}}, (REPOSITORY,), "d")


@pytest.mark.parametrize(
    ("artifact", "chosen"),
    [
        ({"s3": {"key": "k"}}, True),
        ({"s3": {"bucket": "b"}}, False),
        ({"hdfs": {"path": "p"}}, True),
        ({"http": {"url": "u"}}, True),
        ({"git": {"repo": "r"}}, True),
        ({"name": "x", "path": "/tmp/x"}, False),  # noqa: S108 - a path in a container
    ],
)
def test_a_template_chose_the_key_itself(artifact: dict[str, Any], chosen: bool) -> None:
    assert chosen_key(artifact) is chosen


@pytest.mark.parametrize("artifact", [{"s3": "k"}, {"s3": {"key": 7}}, {"hdfs": {"path": "p", "addresses": "a"}}])
def test_a_location_that_is_none_is_refused(artifact: dict[str, Any]) -> None:
    with pytest.raises(InvalidObservation):
        locate(artifact, (), "c")
