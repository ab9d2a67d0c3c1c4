"""Identities: derived from objects alone, and opaque to those who are shown them."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import InvalidId
from lineage.identity import (
    RESUBMITTED_LABEL,
    RUN_ID_LABEL,
    Key,
    canonical,
    decode_key,
    decode_keys,
    encode_key,
    encoded_id,
    execution_key,
    file_uid,
    global_id,
    http_uri,
    names_own_pod,
    object_store,
    parse_global_id,
    raw_location,
    run_identity,
    run_key,
    sha256,
)

keys = st.lists(st.none() | st.text() | st.integers(0, 2**53), min_size=1).map(tuple)


def as_id(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


# ------------------------------------------------------------------------------------------ global ids
@given(keys)
def test_a_global_id_leads_back_to_its_key(key: Key) -> None:
    assert parse_global_id(global_id(key)) == key
    assert decode_key(encode_key(key)) == key


@given(keys)
def test_the_id_of_a_key_is_that_of_its_text(key: Key) -> None:
    assert global_id(key) == encoded_id(encode_key(key)) == as_id(encode_key(key))


@given(st.lists(keys))
def test_keys_are_read_together_as_each_is_alone(several: list[Key]) -> None:
    texts = [encode_key(key) for key in several]
    assert decode_keys(texts) == [decode_key(text) for text in texts] == several


@given(keys, keys)
def test_different_keys_have_different_ids(one: Key, other: Key) -> None:
    assert (global_id(one) == global_id(other)) == (one == other)


def test_ids_are_unique_over_types_and_tell_a_placeholder_from_an_attempt() -> None:
    ids = {global_id(key) for key in (run_key("r"), execution_key("r", "n", 1), execution_key("r", "n", None))}
    assert len(ids) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "é",
        "!!!!",
        as_id("[]"),
        as_id("{}"),
        as_id('"Run"'),
        as_id('["Run",{}]'),
        as_id('["Run",1.5]'),
        as_id('["Run", "r"]'),  # not as it was given out
        as_id('["Run","r"]') + "=",
        as_id('["Run","r"]') + "\n",
        "A" * 10_000,
    ],
)
def test_an_id_that_was_never_given_out_is_refused(text: str) -> None:
    with pytest.raises(InvalidId):
        parse_global_id(text)


@given(st.text())
def test_any_text_is_an_id_or_is_refused(text: str) -> None:
    try:
        assert global_id(parse_global_id(text)) == text
    except InvalidId as error:
        assert len(str(error)) < 500  # noqa: PT017 - either may happen


# ------------------------------------------------------------------------------------------ runs
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, "uid"),
        ({RUN_ID_LABEL: "r"}, "r"),
        ({RUN_ID_LABEL: "r", RESUBMITTED_LABEL: "v"}, "r/w"),
        ({RESUBMITTED_LABEL: "v"}, "uid"),
        ({RUN_ID_LABEL: ""}, "uid"),
    ],
)
def test_a_run_is(labels: dict[str, str], expected: str) -> None:
    assert run_identity(incarnation="uid", name="w", labels=labels) == expected


def test_a_file_without_a_uid_is_told_by_where_and_when_it_was_made() -> None:
    def uid(*, cluster: str = "c", name: str = "w", born: int | None = 1, digest: str = "d") -> str:
        return file_uid(cluster=cluster, namespace="a", name=name, born=born, digest=digest)

    assert uid() == uid(digest="of a later view")
    assert len({uid(), uid(cluster="other"), uid(name="v"), uid(born=2)}) == 4
    assert uid(born=None) != uid(born=None, digest="other")


# ------------------------------------------------------------------------------------------ content
def test_equal_values_have_one_canonical_form() -> None:
    assert canonical({"b": 1, "a": [True, None, "é"]}) == '{"a":[true,null,"é"],"b":1}'.encode()
    assert canonical({"a": 1, "b": 2}) == canonical({"b": 2, "a": 1})


def test_digests_say_how_they_were_made() -> None:
    assert sha256(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert raw_location("").uri == sha256(b"")
    assert raw_location("").is_raw


# ------------------------------------------------------------------------------------------ stores
@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        (None, "cluster:c"),
        ("", "cluster:c"),
        ("minio:9000", "cluster:c/minio:9000"),
        ("minio-service.kubeflow:9000", "cluster:c/minio-service.kubeflow:9000"),
        ("minio-service.kubeflow.svc.cluster.local:9000", "cluster:c/minio-service.kubeflow:9000"),
        ("minio-service.kubeflow.svc:9000", "cluster:c/minio-service.kubeflow:9000"),
        ("10.0.0.7:9000", "cluster:c/10.0.0.7:9000"),
        ("s3.amazonaws.com", ""),
        ("s3.eu-west-1.amazonaws.com", ""),
        ("s3-eu-west-1.amazonaws.com", ""),
        ("s3.cn-north-1.amazonaws.com.cn", ""),
        ("https://objects.example.org", "objects.example.org"),
        ("objects.EXAMPLE.org:443", "objects.example.org"),
        ("objects.example.org:8443", "objects.example.org:8443"),
    ],
)
def test_a_store_is_named(endpoint: str | None, expected: str) -> None:
    assert object_store(endpoint, "c") == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://Example.ORG", "https://example.org/"),
        ("https://user:secret@example.org:443/a?b=c#d", "https://example.org/a?b=c"),
        ("http://example.org:8080/A", "http://example.org:8080/A"),
        ("no address", "no address"),
    ],
)
def test_a_web_address_has_one_form(url: str, expected: str) -> None:
    assert http_uri(url) == expected


# ------------------------------------------------------------------------------------------ keys that name pods
@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("runs/w/w-1234567890/out.tgz", True),
        ("runs/w/w-step-1234567890/out.tgz", True),  # names of pods hold the template since Argo 3.4
        ("runs/w/w-2222222222/out.tgz", False),
        ("runs/v/v-333333/out.tgz", False),  # behind the workflow that it is named by
        ("models/model.bin", None),
        ("data/day-20260131/part", None),  # a date
        ("data/snapshot-1700000000/part", None),  # a unix time
        ("runs/nightly-1700000000/out", None),
    ],
)
def test_a_key_names_the_own_pod_anothers_or_nobodys(key: str, expected: bool | None) -> None:
    assert names_own_pod(key, node_id="w-1234567890", workflow="w") is expected


def test_the_name_of_the_own_workflow_is_no_pod_though_it_ends_in_digits() -> None:
    key = "runs/nightly-2222222222/out"
    assert names_own_pod(key, node_id="nightly-2222222222-1234567890", workflow="nightly-2222222222") is None
