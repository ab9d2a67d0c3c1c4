"""Sending to a webhook: what it gets, what it may say, and where it may be."""

import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from ipaddress import ip_network
from typing import Any

import orjson
import pytest

from lineage.alerts import Target
from lineage.alerts.addresses import is_allowed
from lineage.webhook import Webhook, resolved
from tests.webhook_server import webhook

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
EVENT = orjson.dumps({"specversion": "1.0", "id": "a"})


def a_hook(url: str, *, token: str | None = None, allowed: Any = LOOPBACK, **more: Any) -> Webhook:
    return Webhook(Target(url=url, allowed=allowed), token=token, **more)


def at(*addresses: str) -> Any:
    """Resolve every name to these addresses, and count how often that was asked."""
    asked: list[str] = []

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return addresses

    resolve.asked = asked  # type: ignore[attr-defined] # for tests
    return resolve


# ------------------------------------------------------------------------------------------ what it gets
def test_an_event_is_posted_as_what_it_is() -> None:
    with webhook() as hook:
        assert a_hook(f"{hook.url}in?from=lineage", token="t0ken").send(EVENT) is None
    (got,) = hook.received
    assert (got.path, got.event) == ("/in?from=lineage", {"specversion": "1.0", "id": "a"})
    assert got.headers["content-type"] == "application/cloudevents+json; charset=UTF-8"
    assert got.headers["authorization"] == "Bearer t0ken"
    assert got.headers["host"] == f"127.0.0.1:{hook.port}"


def test_the_login_of_a_url_is_sent_along_and_not_in_the_path() -> None:
    with webhook() as hook:
        assert a_hook(f"http://name:p%40ss@127.0.0.1:{hook.port}/in").send(EVENT) is None
    assert hook.received[0].headers["authorization"] == "Basic bmFtZTpwQHNz"
    assert hook.received[0].path == "/in"


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 410, 429, 500, 503])
def test_whatever_is_no_success_was_not_taken_and_leads_nowhere(status: int) -> None:
    with webhook(status) as hook:
        assert f"answers with status {status}" in str(a_hook(f"{hook.url}secret").send(EVENT))
    assert len(hook.received) == 1


def test_why_it_was_not_taken_holds_nothing_of_the_url_but_its_host() -> None:
    with webhook(500) as hook:
        url = f"http://name:hunter2@127.0.0.1:{hook.port}/hunter2?key=hunter2"
        said = [a_hook(url).send(EVENT), a_hook(url, allowed=()).send(EVENT), a_hook(url, resolve=at()).send(EVENT)]
    said.append(a_hook(f"http://name:hunter2@127.0.0.1:{a_free_port()}/hunter2").send(EVENT))
    assert all(said)
    assert "hunter2" not in "".join(map(str, said))


# ------------------------------------------------------------------------------------------ where it may be
@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "169.254.169.254", "169.254.0.1", "255.255.255.255"),  # noqa: S104
        *("224.0.0.1", "239.255.255.250", "240.0.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "fd00:ec2::254", "fd20:ce::254"),
        *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe"),
        *("2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:7f00:1::", "2001:0:102:304:0:0:5601:5601", "64:ff9b:1::7f00:1"),
        *("localhost", "", "2130706433", "0x7f000001", "127.1"),
    ],
)
def test_an_address_of_the_machine_its_neighbours_or_its_cloud_is_not_allowed(address: str) -> None:
    assert not is_allowed(address)


@pytest.mark.parametrize(
    "address",
    [
        "203.0.113.7",
        "8.8.8.8",
        "10.1.2.3",
        "192.168.1.1",
        "100.64.0.1",
        "2001:db8::1",
        "fd12:3456::1",
        "64:ff9b::808:808",
    ],
)
def test_other_addresses_are_allowed_those_within_a_cluster_too(address: str) -> None:
    assert is_allowed(address)


def test_what_is_allowed_on_purpose_is_and_nothing_beside_it() -> None:
    allowed = (ip_network("127.0.0.1/32"),)
    assert is_allowed("127.0.0.1", allowed)
    assert is_allowed("::ffff:127.0.0.1", allowed)
    assert not is_allowed("127.0.0.2", allowed)
    assert not is_allowed("::1", allowed)
    assert not is_allowed("2002:a9fe:a9fe::1", (ip_network("2002::/16"),))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "[::1]", "[::ffff:7f00:1]", "0"],
)
def test_however_a_host_is_written_it_is_its_address_that_counts(host: str) -> None:
    with webhook() as hook:
        said = a_hook(f"http://{host}:{hook.port}/", allowed=()).send(EVENT)
    assert said is not None
    assert hook.received == []


def test_a_name_that_leads_back_to_the_machine_is_refused_also_among_others() -> None:
    with webhook() as hook:
        url = f"http://hooks.example:{hook.port}/"
        for addresses in (["127.0.0.1"], ["203.0.113.7", "127.0.0.1"], ["::ffff:127.0.0.1"]):
            said = a_hook(url, allowed=(), resolve=at(*addresses)).send(EVENT)
            assert "where no alert is sent" in str(said)
    assert hook.received == []


def test_a_name_is_resolved_once_and_what_was_judged_is_connected_to() -> None:
    with webhook() as hook:
        resolve = at("127.0.0.1")
        assert a_hook(f"http://hooks.example:{hook.port}/", resolve=resolve).send(EVENT) is None
    assert resolve.asked == ["hooks.example"]
    assert hook.received[0].headers["host"] == f"hooks.example:{hook.port}"


def test_a_name_that_nobody_knows_is_told() -> None:
    def fails(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror

    assert a_hook("https://hooks.example/", resolve=fails).send(EVENT) == "the name hooks.example cannot be resolved"
    assert "127.0.0.1" in resolved("127.0.0.1", 80)


# ------------------------------------------------------------------------------------------ how long, and to whom
def test_who_is_not_there_was_not_reached() -> None:
    assert "cannot be reached" in str(a_hook(f"http://127.0.0.1:{a_free_port()}/").send(EVENT))


@pytest.mark.parametrize(("scheme", "begins"), [("http", b"HTTP/1.1 "), ("https", b"\x16\x03\x03\x40\x00\x02")])
def test_who_trickles_is_cut_off(scheme: str, begins: bytes) -> None:
    with trickling(begins) as port:
        said = a_hook(f"{scheme}://127.0.0.1:{port}/", total_seconds=0.2).send(EVENT)
    assert said == f"{scheme}://127.0.0.1:{port} does not answer in time"


def test_who_speaks_something_else_is_told() -> None:
    with trickling(b"220 mail.example ESMTP\r\n\r\n", ends=True) as port:
        said = a_hook(f"http://127.0.0.1:{port}/").send(EVENT)
    assert "does not answer as HTTP does" in str(said)


def test_a_certificate_is_asked_for_by_the_name_of_the_url() -> None:
    names: list[str | None] = []

    class Noting(ssl.SSLContext):
        def wrap_socket(self, sock: socket.socket, *args: Any, **more: Any) -> ssl.SSLSocket:
            names.append(more["server_hostname"])
            return super().wrap_socket(sock, *args, **more)

    context = Noting(ssl.PROTOCOL_TLS_CLIENT)
    with trickling(b"no TLS", ends=True) as port:
        resolve = at("127.0.0.1")
        assert a_hook(f"https://hooks.example:{port}/", resolve=resolve, context=context).send(EVENT) is not None
    assert names == ["hooks.example"]


def a_free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def trickling(says: bytes, *, ends: bool = False) -> Iterator[int]:
    """Take a connection, say something, and end it; or go on with a byte now and then."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            one, _ = listener.accept()
            with one, suppress(OSError):
                one.sendall(says)
                while not ends and not stop.wait(0.02):
                    one.sendall(b"T")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        stop.set()
        thread.join(10)
