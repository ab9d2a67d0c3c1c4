"""Which store holds an artifact, as far as the settings say; and the settings themselves."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.cli.object_events import tellers_of
from lineage.cli.object_stores import object_stores_of, open_object_store
from lineage.errors import InvalidSettings
from lineage.identity import Location, object_store
from lineage.objectstore.configured import ConfiguredStore, Credentials, Found, NotConfigured, find, uris_of
from lineage.objectstore.directory import DirectoryStore
from lineage.objectstore.minio import MinioStore
from lineage.settings import Settings, load_settings, settings_file
from watchers.locations import locate

INSIDE = "http://minio-service.kubeflow:9000"
MINIO = ConfiguredStore(endpoint="http://localhost:9000", serves=("minio-service.kubeflow:9000",))
AWS = ConfiguredStore(endpoint="https://s3.eu-central-1.amazonaws.com")
GOOGLE = ConfiguredStore(endpoint="https://storage.googleapis.com")
HERE = ConfiguredStore(folder=Path("/objects"))


def at_minio(uri: str = "s3://mlpipeline/models/churn.tgz", *, cluster: str = "prod") -> Location:
    return Location(store=object_store("minio-service.kubeflow:9000", cluster), uri=uri)


def found(
    *stores: ConfiguredStore, location: Location | None = None, namespace: str = "team-a"
) -> Found | NotConfigured:
    return find(stores, cluster="prod", namespace=namespace, location=location or at_minio())


# ------------------------------------------------------------------------------------------ what an object is called
def test_an_object_has_the_uris_of_itself_and_of_the_folders_that_it_lies_in() -> None:
    places = ("b/a/b c/d.tgz", "b/a/b c", "b/a/b c/", "b/a", "b/a/")
    found = list(uris_of("b", "a/b c/d.tgz"))
    assert set(found) == {f"{scheme}://{place}" for scheme in ("s3", "gs", "minio") for place in places}
    assert len(found) == len(set(found))


@pytest.mark.parametrize("store", [MINIO, AWS, GOOGLE, HERE])
@given(
    st.text("ab/+% ", min_size=1, max_size=9).filter(lambda key: not key.endswith("//")),
    st.sampled_from(["", "/", "/part-1", "/part/1"]),
)
def test_what_is_found_in_a_store_is_among_the_names_of_what_changes_there(
    store: ConfiguredStore, key: str, below: str
) -> None:
    """A look at a key sees the object, or else the folder of that name."""
    endpoints = {MINIO: "minio-service.kubeflow:9000", AWS: "s3.amazonaws.com", HERE: "minio:9000"}
    artifact = {"gcs": {"bucket": "b", "key": key}}
    if store in endpoints:
        artifact = {"s3": {"endpoint": endpoints[store], "bucket": "b", "key": key}}
    location = locate(artifact, (), "prod")
    assert location is not None
    seen = found(store, location=location)
    assert isinstance(seen, Found)
    assert location.uri in uris_of(seen.bucket, seen.key)
    assert location.uri in uris_of(seen.bucket, seen.key.rstrip("/") + below) or not seen.key.strip("/") or not below


# ------------------------------------------------------------------------------------------ what is found
def test_a_store_is_found_by_the_endpoint_that_the_workflow_names() -> None:
    assert found(AWS, MINIO) == Found(store=MINIO, bucket="mlpipeline", key="models/churn.tgz")


def test_without_other_names_a_store_is_called_by_where_it_is() -> None:
    inside = ConfiguredStore(endpoint="http://minio-service.kubeflow.svc:9000")
    assert found(inside) == Found(store=inside, bucket="mlpipeline", key="models/churn.tgz")


@pytest.mark.parametrize(
    ("store", "artifact"),
    [
        (AWS, {"s3": {"endpoint": "s3.amazonaws.com", "bucket": "bucket", "key": "a/b"}}),
        (GOOGLE, {"gcs": {"bucket": "bucket", "key": "a/b"}}),
        (GOOGLE, {"s3": {"endpoint": "storage.googleapis.com", "bucket": "bucket", "key": "a/b"}}),
        (
            ConfiguredStore(endpoint="https://objects.example.com"),
            {"s3": {"endpoint": "objects.example.com", "bucket": "bucket", "key": "a/b"}},
        ),
        (HERE, {"s3": {"endpoint": "minio:9000", "bucket": "bucket", "key": "a/b"}}),
        (HERE, {"gcs": {"bucket": "bucket", "key": "a/b"}}),
    ],
    ids=["AWS", "Google", "Google by S3", "a host of one's own", "a folder", "a folder for Google"],
)
def test_what_argo_writes_is_found(store: ConfiguredStore, artifact: dict[str, Any]) -> None:
    location = locate(artifact, (), "prod")
    assert location is not None
    assert found(MINIO, store, location=location) == Found(store=store, bucket="bucket", key="a/b")


def test_the_first_store_that_fits_counts() -> None:
    of_team = ConfiguredStore(endpoint=INSIDE, namespace="team-a")
    of_bucket = ConfiguredStore(endpoint=INSIDE, bucket="mlpipeline")
    for namespace, expected in (("team-a", of_team), ("team-b", of_bucket)):
        result = found(of_team, of_bucket, MINIO, namespace=namespace)
        assert isinstance(result, Found)
        assert result.store is expected


def test_each_cluster_has_its_own_store_of_one_name() -> None:
    prod, test = (ConfiguredStore(endpoint=INSIDE, cluster=cluster) for cluster in ("prod", "test"))
    result = found(test, prod)
    assert isinstance(result, Found)
    assert result.store is prod


def test_a_place_that_names_no_endpoint_is_found_by_its_bucket_alone() -> None:
    nobody_said = Location(store=object_store(None, "prod"), uri="s3://mlpipeline/key")
    by_bucket = ConfiguredStore(endpoint="http://localhost:9000", bucket="mlpipeline")
    assert isinstance(found(MINIO, location=nobody_said), NotConfigured)
    assert found(MINIO, by_bucket, location=nobody_said) == Found(store=by_bucket, bucket="mlpipeline", key="key")


@pytest.mark.parametrize(
    ("stores", "location", "reason"),
    [
        ([], at_minio(), "no object store is configured for s3://mlpipeline at minio-service.kubeflow:9000"),
        ([MINIO], Location(store="", uri="s3://bucket/key"), "no object store is configured for s3://bucket"),
        ([MINIO], Location(store="", uri="gs://bucket/key"), "no object store is configured for gs://bucket"),
        (
            [ConfiguredStore(endpoint=INSIDE, bucket="other")],
            at_minio(),
            f"{INSIDE} is configured, but not for the bucket mlpipeline in the namespace team-a",
        ),
        ([MINIO], at_minio("s3:///key"), "nothing says in which bucket it lies"),
        ([HERE], Location(store="raw", uri="sha256:00"), "it is kept in the workflow itself, and lies in no store"),
        ([HERE], Location(store="", uri="hdfs://name/path"), "what lies at hdfs:// cannot be read"),
        ([HERE], Location(store="", uri="plugin:name/key"), "such a place cannot be read"),
    ],
)
def test_without_a_store_there_is_a_reason(stores: list[ConfiguredStore], location: Location, reason: str) -> None:
    assert found(*stores, location=location) == NotConfigured(reason)


# ------------------------------------------------------------------------------------------ the settings
def settings(text: str) -> Settings:
    file = settings_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return load_settings({})


def test_stores_are_read_from_the_file_with_secrets_of_their_own_files(tmp_path: Path) -> None:
    (tmp_path / "access").write_text("AKIA\n", encoding="utf-8")
    (tmp_path / "secret").write_text("hush\n", encoding="utf-8")
    (tmp_path / "ca.pem").touch()
    loaded = settings(f"""
        [[object_stores]]
        endpoint = "https://objects.example.com"
        serves = ["minio-service.kubeflow:9000"]
        cluster = "prod"
        namespace = "team-a"
        bucket = "mlpipeline"
        region = "eu-central-1"
        virtual_style = true
        ca_file = "{tmp_path / "ca.pem"}"
        access_key_file = "{tmp_path / "access"}"
        secret_key_file = "{tmp_path / "secret"}"
        session_token = "token"

        [[object_stores]]
        folder = "/objects"
    """)
    assert object_stores_of(loaded) == (
        ConfiguredStore(
            endpoint="https://objects.example.com",
            serves=("minio-service.kubeflow:9000",),
            cluster="prod",
            namespace="team-a",
            bucket="mlpipeline",
            region="eu-central-1",
            virtual_style=True,
            ca_file=tmp_path / "ca.pem",
            credentials=Credentials(access_key="AKIA", secret_key="hush", session_token="token"),
        ),
        HERE,
    )


def test_stores_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"endpoint": "http://minio:9000", "access_key": "AKIA", "secret_key": "hush"}
    monkeypatch.setenv("LINEAGE_OBJECT_STORES", json.dumps([one]))
    (store,) = object_stores_of(load_settings({}))
    assert store == ConfiguredStore(
        endpoint="http://minio:9000", credentials=Credentials(access_key="AKIA", secret_key="hush")
    )


def test_there_are_no_stores_unless_somebody_says_so() -> None:
    assert object_stores_of(load_settings({})) == ()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    one = {"endpoint": "http://minio:9000", "access_key": "AKIA", "secret_key": "hush", "session_token": "hush-hush"}
    monkeypatch.setenv("LINEAGE_OBJECT_STORES", json.dumps([one]))
    loaded = load_settings({})
    for shown in (repr(loaded), repr(object_stores_of(loaded))):
        assert "hush" not in shown
        assert "AKIA" not in shown


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        ({}, r"object_stores\[0\]: a store has either an endpoint or a folder \(set by LINEAGE_OBJECT_STORES or in "),
        ({"endpoint": "http://a", "folder": "/b"}, "either an endpoint or a folder"),
        ({"endpoint": "minio:9000"}, r"object_stores\[0\].endpoint: an endpoint is written http://HOST:PORT"),
        ({"endpoint": "http://minio:9000/path"}, "and nothing behind it"),
        ({"endpoint": "http://user:hush@minio"}, "an endpoint is written"),
        ({"endpoint": "http://a", "secret_key": "hush"}, "access_key and secret_key belong together"),
        ({"endpoint": "http://a", "session_token": "hush"}, "a session_token to both"),
        ({"folder": "/a", "region": "hush"}, "a folder has no region"),
        ({"folder": "/a", "secret_key": "hush", "access_key": "hush"}, "a folder has no access_key, secret_key"),
        ({"endpoint": "http://a", "secret_key": "hush", "secret_key_file": __file__}, "secret_key is given twice"),
        ({"endpoint": "http://a", "secret_key_file": "/no/such/file"}, r"object_stores\[0\].secret_key_file: "),
        ({"endpoint": "http://a", "seceret_key": "hush"}, r"\[0\].seceret_key: it is no setting of a store: there are"),
        ({"endpoint": "http://a", "bucket": ["hush"]}, r"object_stores\[0\].bucket: "),
    ],
)
def test_a_mistake_is_named_with_its_place_and_shows_no_secret(
    monkeypatch: pytest.MonkeyPatch, store: dict[str, Any], expected: str
) -> None:
    monkeypatch.setenv("LINEAGE_OBJECT_STORES", json.dumps([store]))
    with pytest.raises(InvalidSettings, match=expected) as caught:
        load_settings({})
    assert "hush" not in str(caught.value)


def test_a_variable_that_is_no_json_is_a_mistake_in_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_OBJECT_STORES", "{hush")
    with pytest.raises(InvalidSettings, match=r"object_stores.*it is written as JSON") as caught:
        load_settings({})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"], ids=["empty", "blank", "no text"])
def test_a_file_without_a_secret_is_told(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    loaded = settings(f'[[object_stores]]\nendpoint = "http://a"\naccess_key = "AKIA"\nsecret_key_file = "{file}"\n')
    with pytest.raises(InvalidSettings, match=f"the secret in {file}"):
        object_stores_of(loaded)


# ------------------------------------------------------------------------------------------ who tells what changes
TOPIC: Final = "kafka://kafka:9092/bucket-events"


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        ({"endpoint": "http://a"}, []),
        ({"endpoint": "http://a/", "bucket": "b"}, ["http://a/b"]),
        ({"endpoint": "http://a", "bucket": "b", "events": "listen"}, ["http://a/b"]),
        ({"endpoint": "http://a", "bucket": "b", "events": "none"}, []),
        ({"endpoint": "http://a", "events": TOPIC}, [TOPIC]),
        ({"folder": "/objects", "bucket": "b"}, []),
    ],
)
def test_a_store_is_listened_to_where_a_bucket_is_named_and_nothing_else_is_said(
    monkeypatch: pytest.MonkeyPatch, store: dict[str, Any], expected: list[str]
) -> None:
    monkeypatch.setenv("LINEAGE_OBJECT_STORES", json.dumps([store]))
    loaded = load_settings({})
    assert list(tellers_of(loaded, object_stores_of(loaded))) == expected


def test_several_settings_of_one_bucket_are_listened_to_once(monkeypatch: pytest.MonkeyPatch) -> None:
    several = [{"endpoint": "http://a", "bucket": "b", "namespace": name} for name in ("one", "another")]
    monkeypatch.setenv("LINEAGE_OBJECT_STORES", json.dumps(several))
    loaded = load_settings({})
    configured = object_stores_of(loaded)
    assert tellers_of(loaded, configured) == {"http://a/b": list(configured)}


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        ({"endpoint": "http://a", "events": "always"}, 'events are "listen", "none", or the topic'),
        ({"endpoint": "http://a", "events": "kafka://kafka:9092"}, 'events are "listen", "none", or the topic'),
        ({"endpoint": "http://a", "events": "listen"}, "a store is listened to for one bucket: name it"),
        ({"folder": "/objects", "events": "none"}, "a folder has no events"),
    ],
)
def test_what_cannot_tell_is_a_mistake_in_the_settings(
    monkeypatch: pytest.MonkeyPatch, store: dict[str, Any], expected: str
) -> None:
    monkeypatch.setenv("LINEAGE_OBJECT_STORES", json.dumps([store]))
    with pytest.raises(InvalidSettings, match=expected):
        load_settings({})


# ------------------------------------------------------------------------------------------ what is opened
def test_what_was_found_is_opened_and_nobody_is_asked() -> None:
    assert isinstance(open_object_store(MINIO, "mlpipeline"), MinioStore)


def test_a_folder_holds_a_folder_for_each_bucket(tmp_path: Path) -> None:
    (tmp_path / "mlpipeline").mkdir()
    (tmp_path / "mlpipeline" / "key").write_bytes(b"data")
    opened = open_object_store(ConfiguredStore(folder=tmp_path), "mlpipeline")
    assert isinstance(opened, DirectoryStore)
    assert opened.stat("key").size_bytes == 4
