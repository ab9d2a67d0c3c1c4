"""A Kafka broker of the tests' own, in KRaft mode: broker and controller in one process."""

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.processes import Process, free_ports, is_listening

_CLUSTER_ID: Final = "kfp-lineage-test-00000"  # 16 bytes in 22 letters of base64
# The machine is shared, and a broker of a test is young when it ends: the second compiler would never pay.
_JAVA: Final = ("java", "-Xms128m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_SETTINGS: Final = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}{more_listeners}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}{more_listeners}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL
log.dirs={folder}/data
auto.create.topics.enable=false
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
"""
# Whoever is not the superuser ANONYMOUS may do nothing.
_SECURE_SETTINGS: Final = """
sasl.enabled.mechanisms=PLAIN
ssl.keystore.type=PKCS12
ssl.keystore.location={folder}/broker.p12
ssl.keystore.password={password}
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  user_writer="{password}" user_nobody="{password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:writer
"""
PASSWORD: Final = "a password of the tests"


class KafkaServer:
    """A broker that can be killed, and started again with what it kept."""

    def __init__(self, libraries: Path, folder: Path, *, secure: bool = False) -> None:
        self._libraries = libraries
        self._folder = folder
        self._port, controller, self._secure_port = free_ports(3)
        self._properties = folder / "server.properties"
        more = f",SASL_SSL://localhost:{self._secure_port}" if secure else ""
        settings = _SETTINGS.format(port=self._port, controller=controller, folder=folder, more_listeners=more)
        if secure:
            self._make_certificate()
            settings += _SECURE_SETTINGS.format(folder=folder, password=PASSWORD)
        self._properties.write_text(settings)
        self._process: Process | None = None
        self._topics = 0

    @property
    def bootstrap(self) -> str:
        """Where it is, as clients want to be told; the same after it is started again."""
        return f"127.0.0.1:{self._port}"

    @property
    def secure_bootstrap(self) -> str:
        """Where it is for those who come with TLS and SASL, if it was made so."""
        return f"localhost:{self._secure_port}"

    @property
    def certificate(self) -> Path:
        """What clients trust."""
        return self._folder / "broker.pem"

    def _make_certificate(self) -> None:
        store = ("-keystore", self._folder / "broker.p12", "-storepass", PASSWORD, "-alias", "broker")
        made = ("-genkeypair", "-keyalg", "EC", "-dname", "CN=localhost", "-ext", "SAN=dns:localhost")
        for arguments in (made, ("-exportcert", "-rfc", "-file", self.certificate)):
            subprocess.run([str(part) for part in ("keytool", *arguments, *store)], check=True, capture_output=True)

    def new_topic(self) -> str:
        """Name a topic that is not there yet."""
        self._topics += 1
        return f"topic-{self._topics}"

    def format(self) -> None:
        """Prepare its folder. Call it once, before it is started."""
        command = self._command("kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(self._properties))
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout

    def start(self) -> None:
        """Start it, and wait until it is up."""
        self._process = Process(self._command("kafka.Kafka", str(self._properties)), self._folder / "log")
        # Not asked through a client: its library leaks sockets that nobody answers on. The broker opens its port to
        # clients last, when it can serve them.
        self._process.wait_until(lambda: is_listening(self._port))

    def pause(self) -> None:
        """Let it stand still: connections stay, and nobody answers."""
        assert self._process is not None, "the broker is not running"
        self._process.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None, "the broker is not running"
        self._process.send(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as a machine that loses its power does."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _command(self, *arguments: str) -> Sequence[str]:
        return (*_JAVA, "-cp", f"{self._libraries}/*", *arguments)


@contextmanager
def kafka_server(libraries: Path, folder: Path, *, secure: bool = False) -> Iterator[KafkaServer]:
    """Start a broker in an empty folder, and end it. A secure one has a second address, for TLS and SASL: there the
    user `writer` may do everything, and `nobody` nothing."""
    server = KafkaServer(libraries, folder, secure=secure)
    server.format()
    try:
        server.start()
        yield server
    finally:
        server.kill()  # what it kept is thrown away: there is nothing to be put in order
