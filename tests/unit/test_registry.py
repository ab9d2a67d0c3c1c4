"""Registries: what is asked of them, and what is made of whatever they answer."""

import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from lineage.audit import ImageProbe
from lineage.registry import ImageName, RegistryClient, image_name
from tests.factories import RECORDED_AT
from tests.registry_server import INDEX, MANIFEST, Handler, Registry, a_registry

DIGEST = f"sha256:{'a' * 64}"
LABELS = {"org.opencontainers.image.revision": "c0ffee"}


@pytest.fixture
def registry() -> Iterator[Registry]:
    with a_registry() as found:
        yield found


@pytest.fixture
def client() -> Iterator[RegistryClient]:
    found = RegistryClient(clock=lambda: RECORDED_AT, connect_seconds=1, read_seconds=0.3, total_seconds=1)
    yield found
    found.close()


# ------------------------------------------------------------------------------------------ names
@pytest.mark.parametrize(
    ("image", "host", "name"),
    [
        (f"python@{DIGEST}", "registry-1.docker.io", "library/python"),
        (f"docker.io/python@{DIGEST}", "registry-1.docker.io", "library/python"),
        (f"bitnami/redis@{DIGEST}", "registry-1.docker.io", "bitnami/redis"),
        (f"gcr.io/ml-pipeline/api@{DIGEST}", "gcr.io", "ml-pipeline/api"),
        (f"localhost/a@{DIGEST}", "localhost", "a"),
        (f"registry:5000/a/b@{DIGEST}", "registry:5000", "a/b"),
    ],
)
def test_an_image_names_its_registry_as_docker_reads_it(image: str, host: str, name: str) -> None:
    assert image_name(image) == ImageName(host=host, name=name, digest=DIGEST)


@pytest.mark.parametrize(
    "image",
    [
        "",
        "python",
        "python:3",
        f"python:3@{DIGEST}",
        "a@sha256:ab",
        f"h.io/../x@{DIGEST}",
        f"h.io/a?b@{DIGEST}",
        f"u:p@h.io/a@{DIGEST}",
        f"h.io/a b@{DIGEST}",
    ],
)
def test_what_is_no_name_with_a_digest_is_not_asked_for(image: str, client: RegistryClient) -> None:
    assert client.probe(image) == ImageProbe(
        at=RECORDED_AT, found=None, reason="this is no name of an image with a digest"
    )


# ------------------------------------------------------------------------------------------ what is there
def test_an_image_that_is_there_is_found_with_its_labels(registry: Registry, client: RegistryClient) -> None:
    image = registry.put_image("a/b", LABELS, annotations={"note": "x"})
    assert client.probe(image) == ImageProbe(at=RECORDED_AT, found=True, labels={"note": "x", **LABELS})
    assert [method for method, _, _ in registry.asked] == ["HEAD", "GET", "GET"]


def test_labels_are_told_without_the_secrets_in_them(registry: Registry, client: RegistryClient) -> None:
    image = registry.put_image("a/b", {"source": "https://me:Zq7XhT2mPl9w@git.example/a", "api_token": "Zq7XhT2mPl9w"})
    assert client.probe(image).labels == {"source": "https://me:redacted@git.example/a", "api_token": "redacted"}


def test_an_index_leads_to_the_labels_of_an_image_in_it(registry: Registry, client: RegistryClient) -> None:
    of = {name: registry.put_image("a/b", {"of": name}).partition("@")[2] for name in ("arm64", "amd64")}
    listed = [{"digest": of[name], "platform": {"os": "linux", "architecture": name}} for name in of]
    digest = registry.put("a/b", "manifests", {"mediaType": INDEX, "manifests": listed})
    assert client.probe(f"{registry.host}/a/b@{digest}").labels == {"of": "amd64"}


def test_one_that_is_not_there_is_told_as_gone(registry: Registry, client: RegistryClient) -> None:
    probe = client.probe(f"{registry.host}/a/b@{DIGEST}")
    assert (probe.found, probe.reason) == (False, "the registry says that there is none")


def test_a_token_that_anybody_gets_is_fetched_once(registry: Registry, client: RegistryClient) -> None:
    registry.wants_token = True
    image = registry.put_image("a/b", LABELS)
    assert client.probe(image).labels == LABELS
    assert [path for _, path, _ in registry.asked if path.startswith("/token")] == [
        "/token?scope=repository%3Aa%2Fb%3Apull&service=registry"
    ]


def test_where_it_is_sent_on_to_gets_no_token(registry: Registry, client: RegistryClient) -> None:
    with a_registry() as storage:
        registry.wants_token = True
        image = registry.put_image("a/b", LABELS)
        storage.holds = {path: body for path, body in registry.holds.items() if "/blobs/" in path}

        def elsewhere(handler: Handler) -> bool:
            if "/blobs/" not in handler.path:
                return False
            return handler.answer(307, b"", {"Location": f"http://{storage.host}{handler.path}"})

        registry.says = elsewhere
        assert client.probe(image).labels == LABELS
        assert [token for _, _, token in storage.asked] == [None]


# ------------------------------------------------------------------------------------------ what goes wrong


@pytest.mark.parametrize(
    ("status", "forbidden", "reason"),
    [
        (403, True, "it does not let us read this"),
        (429, False, "it answers with status 429"),
        (503, False, "it answers with status 503"),
    ],
)
def test_one_that_does_not_say_is_not_taken_for_gone(
    registry: Registry, client: RegistryClient, status: int, reason: str, *, forbidden: bool
) -> None:
    registry.says = lambda handler: handler.answer(status)
    probe = client.probe(f"{registry.host}/a/b@{DIGEST}")
    assert (probe.found, probe.forbidden, probe.reason) == (None, forbidden, reason)


@pytest.mark.parametrize("challenge", ["", "Basic realm=x", "Bearer", 'Bearer realm="ftp://x/token"'])
def test_a_login_is_not_given(registry: Registry, client: RegistryClient, challenge: str) -> None:
    registry.says = lambda handler: handler.answer(401, b"", {"WWW-Authenticate": challenge})
    probe = client.probe(f"{registry.host}/a/b@{DIGEST}")
    assert probe.found is None
    assert not any(token for _, _, token in registry.asked)


def test_a_token_that_is_refused_is_not_asked_for_again(registry: Registry, client: RegistryClient) -> None:
    def always(handler: Handler) -> bool:
        if handler.path.startswith("/token"):
            return False
        return handler.answer(401, b"", {"WWW-Authenticate": f'Bearer realm="http://{registry.host}/token"'})

    registry.says = always
    probe = client.probe(f"{registry.host}/a/b@{DIGEST}")
    assert (probe.found, probe.forbidden, len(registry.asked)) == (None, True, 3)


def test_one_that_sends_us_in_circles_is_left(registry: Registry, client: RegistryClient) -> None:
    registry.says = lambda handler: handler.answer(302, b"", {"Location": handler.path})
    probe = client.probe(f"{registry.host}/a/b@{DIGEST}")
    assert (probe.found, probe.reason) == (None, "it sends us on more than 5 times")


def test_one_that_is_silent_is_not_waited_for(registry: Registry, client: RegistryClient) -> None:

    def waits(_: Handler) -> bool:
        time.sleep(1)
        return True

    registry.says = waits
    started = time.monotonic()
    probe = client.probe(f"{registry.host}/a/b@{DIGEST}")
    assert (probe.found, probe.reason) == (None, "it does not answer in time")
    assert time.monotonic() - started < 1


def test_one_that_sends_a_byte_now_and_then_is_not_waited_for(registry: Registry, client: RegistryClient) -> None:
    image = registry.put_image("a/b", LABELS)

    def slowly(handler: Handler) -> bool:
        if handler.command == "HEAD":
            return False
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        with suppress(OSError):
            for _ in range(100):
                handler.wfile.write(b"x")
                time.sleep(0.1)
        return True

    registry.says = slowly
    probe = client.probe(image)
    assert (probe.found, probe.reason) == (True, "its labels cannot be read: it takes too long")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"rubbish", "another digest"),
        (b"x" * (4 * 2**20 + 1), "more than 4 MiB"),
    ],
    ids=["rubbish", "huge"],
)
def test_what_is_not_what_was_asked_for_says_nothing_of_labels(
    registry: Registry, client: RegistryClient, body: bytes, reason: str
) -> None:
    image = registry.put_image("a/b", LABELS)
    registry.says = lambda handler: handler.command == "GET" and handler.answer(200, body)
    probe = client.probe(image)
    assert (probe.found, dict(probe.labels)) == (True, {})
    assert reason in probe.reason


@pytest.mark.parametrize("body", [b"[]", b"{", b"\xff", b'{"config": 5}', b'{"config": {"digest": "sha256:zz"}}'])
def test_a_manifest_that_makes_no_sense_says_nothing_of_labels(
    registry: Registry, client: RegistryClient, body: bytes
) -> None:
    digest = registry.put("a/b", "manifests", body)
    probe = client.probe(f"{registry.host}/a/b@{digest}")
    assert (probe.found, dict(probe.labels)) == (True, {})


def test_a_registry_that_is_not_there_cannot_be_asked(client: RegistryClient) -> None:
    with a_registry() as gone:
        image = f"{gone.host}/a/b@{DIGEST}"
    assert client.probe(image).found is None


def test_the_kinds_of_manifests_that_are_taken_are_said(registry: Registry, client: RegistryClient) -> None:
    accepted: list[str] = []

    def listens(handler: Handler) -> bool:
        accepted.append(handler.headers.get("Accept") or "")
        return False

    registry.says = listens
    client.probe(registry.put_image("a/b", LABELS))
    assert MANIFEST in accepted[0]
    assert INDEX in accepted[0]
