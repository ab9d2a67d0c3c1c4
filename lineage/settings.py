"""What can be set: flags before environment before file before defaults, as one frozen `Settings`.

Read by the command line and by nobody else: every other part is told what it needs. The one thing that
this file writes is the redaction key, once.
"""

import os
import re
import secrets
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from tempfile import TemporaryDirectory
from tomllib import TOMLDecodeError
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from lineage.errors import InvalidSettings
from lineage.limits import MAX_NAME_BYTES, is_name
from lineage.metrics import FILES, PARAMETERS

APPLICATION: Final = "kfp-lineage"
PREFIX: Final = "LINEAGE_"
FILE_VARIABLE: Final = "LINEAGE_CONFIG"
KEY_FILE: Final = "redaction.key"
KEY_BYTES: Final = 32  # as long as the digests that it keys
LISTEN: Final = "listen"
NONE: Final = "none"
_WITHOUT_FLAG: Final = (
    "access_audiences",
    "access_rights",
    "access_seconds",
    "argo_ca_file",
    "argo_cluster",
    "argo_database",
    "argo_nodes_table",
    "argo_timeout_seconds",
    "argo_token",
    "argo_token_file",
    "caller_requests_per_minute",
    "kfp_ca_file",
    "kfp_namespaces",
    "kfp_timeout_seconds",
    "kfp_token",
    "kfp_token_file",
    "look_bytes",
    "look_seconds",
    "metric_files",
    "metric_parameters",
    "object_stores",
    "oidc_audience",
    "oidc_ca_file",
    "oidc_groups_claim",
    "oidc_groups_prefix",
    "oidc_issuer",
    "oidc_username_claim",
    "oidc_username_prefix",
    "proxies",
    "redaction_key",
    "token",
    "token_file",
    "trusted_documents",
    "user_header",
    "user_prefix",
)


# ------------------------------------------------------------------------------------------ places
def data_folder() -> Path:
    """Say where the default store and the redaction key live (XDG Base Directory Specification)."""
    return _base_folder("XDG_DATA_HOME", ".local/share") / APPLICATION


def settings_file() -> Path:
    """Say where the settings file is, whether or not there is one."""
    if named := os.environ.get(FILE_VARIABLE):
        return Path(named)
    return _base_folder("XDG_CONFIG_HOME", ".config") / APPLICATION / "config.toml"


def default_store() -> str:
    """Name the store in a file of the user's data folder."""
    return f"sqlite:///{data_folder() / 'lineage.db'}"


def _base_folder(variable: str, default: str) -> Path:
    if named := os.environ.get(variable):
        return Path(named)
    try:
        return Path.home() / default
    except RuntimeError as error:
        raise InvalidSettings(f"this user has no home folder: set {variable} to a folder") from error


# ------------------------------------------------------------------------------------------ settings
class ObjectStoreSettings(BaseModel):
    """An object store, and for which artifacts it is. It has either an `endpoint` of S3 or a `folder`; each secret is
    given itself, or as the file that holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    endpoint: str | None = None
    """Where a store that speaks S3 answers: `http://HOST:PORT` or `https://HOST`."""
    folder: Path | None = None
    """A folder that holds a folder for each bucket, in the place of an endpoint."""
    serves: tuple[str, ...] = ()
    """The endpoints that workflows write for it."""
    cluster: str | None = Field(default=None, min_length=1)
    """The cluster whose artifacts it is for; without one, any."""
    namespace: str | None = Field(default=None, min_length=1)
    """The namespace whose artifacts it is for; without one, any."""
    bucket: str | None = Field(default=None, min_length=1)
    """The bucket that it is for; without one, any."""
    region: str | None = Field(default=None, min_length=1)
    """The region of the bucket, where the store asks for one."""
    virtual_style: bool = False
    """Whether the bucket is part of the name of the host, and not of the path."""
    events: str | None = Field(default=None, min_length=1)
    """How it tells what changes: `listen`, `none`, or the topic that it sends to, `kafka://HOST:PORT/TOPIC`; without
    it, `listen` where a bucket is named."""
    ca_file: FilePath | None = None
    """The certificates of the authority that vouches for it."""
    access_key: SecretStr | None = Field(default=None, min_length=1)
    """Who we are there; without keys it is asked anonymously."""
    access_key_file: FilePath | None = None
    """The file that holds that."""
    secret_key: SecretStr | None = Field(default=None, min_length=1)
    """The secret that belongs to the access key."""
    secret_key_file: FilePath | None = None
    """The file that holds it."""
    session_token: SecretStr | None = Field(default=None, min_length=1)
    """The token of keys that are lent for a while."""
    session_token_file: FilePath | None = None
    """The file that holds it."""

    @field_validator("endpoint")
    @classmethod
    def _is_endpoint(cls, value: str | None) -> str | None:
        if value is not None and not _ENDPOINT.fullmatch(value):
            raise ValueError("an endpoint is written http://HOST:PORT or https://HOST, and nothing behind it")
        return value

    @field_validator("events")
    @classmethod
    def _tells(cls, value: str | None) -> str | None:
        if value not in (None, LISTEN, NONE) and not _TOPIC.fullmatch(str(value)):
            raise ValueError(
                f'events are "{LISTEN}", "{NONE}", or the topic that they are sent to: kafka://HOST:PORT/TOPIC'
            )
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> "ObjectStoreSettings":
        given = self.model_fields_set
        if (self.endpoint is None) == (self.folder is None):
            raise ValueError("a store has either an endpoint or a folder")
        if self.folder is not None and given & _OF_ENDPOINTS:
            raise ValueError(f"a folder has no {', '.join(sorted(given & _OF_ENDPOINTS))}")
        if self.events == LISTEN and self.bucket is None:
            raise ValueError("a store is listened to for one bucket: name it")
        twice = [name for name in _SECRETS if {name, f"{name}_file"} <= given]
        if twice:
            raise ValueError(f"{twice[0]} is given twice: itself, and as a file")
        has_access_key, has_secret_key, has_token = (bool(given & {name, f"{name}_file"}) for name in _SECRETS)
        if has_access_key != has_secret_key or (has_token and not has_access_key):
            raise ValueError("access_key and secret_key belong together, and a session_token to both")
        return self


_SECRETS: Final = ("access_key", "secret_key", "session_token")
_OF_ENDPOINTS: Final = frozenset(
    {"region", "virtual_style", "events", "ca_file", *_SECRETS, *(f"{name}_file" for name in _SECRETS)}
)
_ENDPOINT: Final = re.compile(r"https?://[^/?#@\s]+/?")
_SERVICE: Final = re.compile(r"https?://[^/?#@\s]+(?:/[^?#@\s]*)?")
_PROVIDER: Final = re.compile(r"https://[^?#@\s]+|http://(?:localhost|127\.0\.0\.1)(?::\d+)?(?:/[^?#@\s]*)?")
_GRPC: Final = re.compile(r"grpcs?://[^/?#@\s]+")
_DATABASE: Final = re.compile(r"(?:postgresql|mysql)://[^/?#\s]*/\S+")
_TABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_TOPIC: Final = re.compile(r"kafka://[^/?#@\s]+/[^/?#@\s]+")


AccessMode: TypeAlias = Literal["none", "oidc", "kubernetes", "proxy"]


class Settings(BaseSettings):
    """Everything that a user can set, each with what it means.

    Those of Kafka are called as Kafka's clients call them. `access` is `none` where callers need not show who they are
    (`lineage.access`); with `oidc`, users are called as the flags of kube-apiserver of the same names would call them.
    The file `metric_directions` is read by `lineage.trends.directions`, `alert_rules` by `lineage.alerts.rules`, and
    `retention_rules` by `lineage.retention`.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    store: str = Field(default_factory=default_store)
    """Where knowledge is kept, as a URL: a file, or a database of PostgreSQL."""
    cluster: str = Field(default="default", min_length=1)
    """What the cluster is called from which objects come. Each cluster, and each rebuilt one, has its own."""
    namespaces: Annotated[tuple[str, ...], NoDecode] = ()
    """The namespaces that are watched; without any, all."""
    context: str | None = Field(default=None, min_length=1)
    """The context of the kubeconfig; without one, the current one."""
    host: str = Field(default="127.0.0.1", min_length=1)
    """The address at which a server listens."""
    port: int = Field(default=8080, ge=0, le=65535)
    """The port at which a server listens; 0 is any that is free."""
    access: Annotated[tuple[AccessMode, ...], NoDecode] = ()
    """How callers show who they are, in one way or several; where nothing is said, only this machine is served."""
    access_rights: Literal["kubernetes", "all"] = "kubernetes"
    """What callers see who have a name: what the cluster grants them, or `all`."""
    access_seconds: float = Field(default=30.0, gt=0, le=3600)
    """For how long is remembered who somebody is and what they may see."""
    access_audiences: Annotated[tuple[str, ...], NoDecode] = ()
    """Whom a token of the cluster must be meant for, one of these; without any, the API server itself."""
    oidc_issuer: str | None = Field(default=None, min_length=1)
    """Whose tokens are believed, as the provider calls itself in them."""
    oidc_audience: str | None = Field(default=None, min_length=1)
    """Whom these tokens must be meant for."""
    oidc_ca_file: FilePath | None = None
    """The certificates of the authority that vouches for the provider."""
    oidc_username_claim: str = Field(default="sub", min_length=1)
    """The claim that names the user."""
    oidc_username_prefix: str | None = None
    """What stands before the names of users. Without it, as with kube-apiserver: the issuer and `#`, and nothing before
    an `email`; `-` is nothing."""
    oidc_groups_claim: str = Field(default="groups", min_length=1)
    """The claim that names the groups of the user."""
    oidc_groups_prefix: str = ""
    """What stands before the names of groups."""
    user_header: str = Field(default="kubeflow-userid", min_length=1)
    """The header in which a proxy names the user."""
    user_prefix: str = ""
    """What is put before the name that it holds."""
    proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = ()
    """The addresses or networks of which that header is believed."""
    caller_requests_per_minute: int = Field(default=1200, ge=0)
    """How often each caller may ask in a minute; 0 is as often as they like."""
    trusted_documents: FilePath | None = None
    """A file of the only queries that are answered: JSON, of texts by their ids."""
    token: SecretStr | None = Field(default=None, min_length=1)
    """What commands with `--url` show a server."""
    token_file: FilePath | None = None
    """The file that holds it, read in its place."""
    health_port: int | None = Field(default=None, ge=0, le=65535)
    """Where what serves no pages answers `/healthz`, `/readyz` and `/metrics`; without it, nowhere."""
    log_format: Literal["json", "text"] | None = None
    """How the log of a process is written; without it, `text` on a terminal and `json` elsewhere."""
    redaction_key: SecretStr | None = Field(default=None, min_length=1)
    """The key of the digests that stand for secrets; without it, that of the file `redaction.key` beside the store."""
    log: str | None = Field(default=None, min_length=1)
    """The event log between watchers and recorders: `kafka://HOST:PORT,HOST:PORT/TOPIC`."""
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] | None = None
    """How Kafka is spoken to; called as its own clients call it, as all of these are."""
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    """How we show Kafka who we are."""
    kafka_sasl_username: str | None = Field(default=None, min_length=1)
    """Who we are there."""
    kafka_sasl_password: SecretStr | None = Field(default=None, min_length=1)
    """And the password."""
    kafka_ssl_cafile: FilePath | None = None
    """The certificates of the authority that vouches for the brokers."""
    kafka_ssl_certfile: FilePath | None = None
    """Our certificate, where brokers ask for one."""
    kafka_ssl_keyfile: FilePath | None = None
    """Its key."""
    object_stores: tuple[ObjectStoreSettings, ...] = ()
    """Where the objects lie that artifacts are. Of several that fit, the first counts."""
    look_bytes: int = Field(default=256 * 2**20, ge=0)
    """How many bytes of one object are read at most."""
    look_seconds: float = Field(default=60.0, gt=0)
    """For how long one object is read at most."""
    kfp_api: str | None = Field(default=None, min_length=1)
    """The API of Kubeflow Pipelines, to be asked as well."""
    kfp_metadata: str | None = Field(default=None, min_length=1)
    """The ML Metadata of Kubeflow Pipelines, to be asked as well: `grpc://HOST:PORT`, or `grpcs://` with TLS."""
    kfp_namespaces: Annotated[tuple[str, ...], NoDecode] = ()
    """The namespaces that are asked for there; without any, those that are watched."""
    kfp_token: SecretStr | None = Field(default=None, min_length=1)
    """What we show the API of Kubeflow Pipelines."""
    kfp_token_file: FilePath | None = None
    """The file that holds it, read again as it is renewed."""
    kfp_ca_file: FilePath | None = None
    """The certificates of the authority that vouches for it."""
    kfp_timeout_seconds: float = Field(default=20.0, gt=0)
    """How long an answer of it may take."""
    argo_archive: str | None = Field(default=None, min_length=1)
    """Argo's workflow archive, to be read by `backfill`: its database, `postgresql://USER@HOST/NAME` or `mysql://…`, or
    the address of Argo's server."""
    argo_database: str | None = Field(default=None, min_length=1)
    """Where Argo keeps nodes that are too many for the cluster: `postgresql://USER@HOST/NAME` or `mysql://…`."""
    argo_cluster: str = Field(default="default", min_length=1)
    """What Argo calls the cluster in either: its `persistence.clusterName`."""
    argo_nodes_table: str = "argo_workflows"
    """The table that holds these nodes: Argo's `tableName`."""
    argo_token: SecretStr | None = Field(default=None, min_length=1)
    """What we show Argo's server."""
    argo_token_file: FilePath | None = None
    """The file that holds it."""
    argo_ca_file: FilePath | None = None
    """The certificates of the authority that vouches for Argo's server."""
    argo_timeout_seconds: float = Field(default=20.0, gt=0)
    """How long an answer of either may take."""
    kubeflow_url: str | None = Field(default=None, min_length=1)
    """Where people open the pages of Kubeflow Pipelines, to which runs lead."""
    argo_url: str | None = Field(default=None, min_length=1)
    """Where people open the pages of Argo Workflows, to which runs lead."""
    metric_directions: FilePath | None = None
    """The file that says which way metrics should go, and what matters."""
    alert_rules: FilePath | None = None
    """The file that says what is told to whom."""
    retention_rules: FilePath | None = None
    """The file that says how long the details of runs are kept."""
    metric_files: Annotated[tuple[str, ...], NoDecode] = FILES
    """Patterns of the names of files that hold metrics."""
    metric_parameters: Annotated[tuple[str, ...], NoDecode] = PARAMETERS
    """The last words of the names of output parameters that are metrics."""

    @field_validator(
        "namespaces",
        "kfp_namespaces",
        "metric_files",
        "metric_parameters",
        "access",
        "access_audiences",
        "proxies",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        """Read `a,b`, which is how an environment variable holds several."""
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value

    @field_validator("cluster")
    @classmethod
    def _is_name(cls, value: str) -> str:
        if not value.isprintable() or not is_name(value):
            raise ValueError(f"the name of a cluster is printable and has at most {MAX_NAME_BYTES} bytes")
        return value

    @field_validator("store")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if "://" not in value:
            raise ValueError("a store is named by a URL such as sqlite:///lineage.db")
        return value

    @field_validator("kfp_api")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None and not _SERVICE.fullmatch(value):
            raise ValueError("the API of Kubeflow Pipelines is named by a URL such as http://ml-pipeline.kubeflow:8888")
        return value

    @field_validator("argo_archive")
    @classmethod
    def _is_archive(cls, value: str | None) -> str | None:
        if value is not None and not (_DATABASE.fullmatch(value) or _SERVICE.fullmatch(value)):
            raise ValueError(
                "the archive of Argo is named by its database, postgresql://USER@HOST/NAME or mysql://USER@HOST/NAME, "
                "or by the address of its server, such as https://argo-server.argo:2746"
            )
        return value

    @field_validator("argo_database")
    @classmethod
    def _is_database(cls, value: str | None) -> str | None:
        if value is not None and not _DATABASE.fullmatch(value):
            raise ValueError("a database of Argo is named by postgresql://USER@HOST/NAME or mysql://USER@HOST/NAME")
        return value

    @field_validator("argo_nodes_table")
    @classmethod
    def _is_table(cls, value: str) -> str:
        if not _TABLE.fullmatch(value):
            raise ValueError("the name of a table is letters, digits and _")
        return value

    @field_validator("kubeflow_url", "argo_url")
    @classmethod
    def _is_page(cls, value: str | None) -> str | None:
        if value is not None and not _SERVICE.fullmatch(value):
            raise ValueError("a web page is named by its address, such as https://kubeflow.example.com/pipeline")
        return value

    @field_validator("kfp_metadata")
    @classmethod
    def _is_grpc(cls, value: str | None) -> str | None:
        if value is not None and not _GRPC.fullmatch(value):
            raise ValueError(
                "ML Metadata is named by a URL such as grpc://metadata-grpc-service.kubeflow:8080, or grpcs:// with TLS"
            )
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _is_provider(cls, value: str | None) -> str | None:
        if value is not None and not _PROVIDER.fullmatch(value):
            raise ValueError("a provider is named by the https address that it calls itself in its tokens")
        return value

    @model_validator(mode="after")
    def _knows_callers(self) -> "Settings":
        if "none" in self.access and len(self.access) > 1:
            raise ValueError("access is none, or one or more of oidc, kubernetes and proxy")
        if "oidc" in self.access and (self.oidc_issuer is None or self.oidc_audience is None):
            raise ValueError("access by oidc needs oidc_issuer and oidc_audience: whose tokens, and for whom")
        if "proxy" in self.access and not self.proxies:
            raise ValueError("access by proxy needs proxies: the addresses from which its header is believed")
        return self

    @model_validator(mode="after")
    def _has_one_token(self) -> "Settings":
        if self.kfp_token is not None and self.kfp_token_file is not None:
            raise ValueError("kfp_token is given twice: itself, and as a file")
        if self.argo_token is not None and self.argo_token_file is not None:
            raise ValueError("argo_token is given twice: itself, and as a file")
        if self.token is not None and self.token_file is not None:
            raise ValueError("token is given twice: itself, and as a file")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources: what stands first wins."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, settings_file())


def load_settings(flags: Mapping[str, Any]) -> Settings:
    """Read the settings. A flag that is None was not given.

    Raises:
        InvalidSettings: the message names each setting that is wrong, and where it can be set.
    """
    file = settings_file()
    if os.environ.get(FILE_VARIABLE) and not file.is_file():
        raise InvalidSettings(f"{FILE_VARIABLE} names {file}, and there is no such file")
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise InvalidSettings("; ".join(_explain(problem, file) for problem in error.errors())) from error
    except SettingsError as error:  # a variable that should hold JSON
        raise InvalidSettings(f"{error}: it is written as JSON") from error
    except (TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidSettings(f"{file} is no TOML: {error}") from error
    except OSError as error:
        raise InvalidSettings(f"{file} cannot be read: {error.strerror}") from error


_FLAGS: Final = {
    "namespaces": "namespace",
    "kfp_api": "kfp",
    "kfp_metadata": "kfp-metadata",
    "metric_directions": "directions",
    "alert_rules": "rules",
    "retention_rules": "rules",
}


def flag_of(name: str) -> str | None:
    """Name the flag of a setting; None where it has none."""
    if name in _WITHOUT_FLAG or name.startswith("kafka_"):
        return None
    return f"--{_FLAGS.get(name, name.replace('_', '-'))}"


def _explain(problem: Any, file: Path) -> str:
    if not problem["loc"]:  # of several settings together
        return str(problem["ctx"]["error"])
    name, *within = problem["loc"]
    if name not in Settings.model_fields:
        return f"{file} sets {name}, which is no setting: there are {', '.join(sorted(Settings.model_fields))}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    if within and problem["type"] == "extra_forbidden":
        message = f"it is no setting of a store: there are {', '.join(ObjectStoreSettings.model_fields)}"
    flag = flag_of(name)
    where = f"{PREFIX}{name.upper()}" if flag is None else f"{flag}, {PREFIX}{name.upper()}"
    place = name + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in within)
    return f"{place}: {message[:1].lower()}{message[1:]} (set by {where} or in {file})"


# ------------------------------------------------------------------------------------------ secrets
def secret(given: SecretStr | None, file: Path | None) -> str | None:
    """Read a secret that is given itself, or as a file; of that without the line feed that editors leave.

    Raises:
        InvalidSettings: the file cannot be read, or is empty.
    """
    if file is None:
        return given.get_secret_value() if given else None
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"the secret in {file} cannot be read ({type(error).__name__})") from error
    if not text:
        raise InvalidSettings(f"the secret in {file} is empty")
    return text


def redaction_key(settings: Settings) -> bytes:
    """Read the key of this installation, or make one: digests of equal secrets are equal under one key.

    Raises:
        InvalidSettings: it can neither be read nor made.
    """
    if settings.redaction_key is not None:
        return settings.redaction_key.get_secret_value().encode()
    path = data_folder() / KEY_FILE
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise InvalidSettings(
            f"the redaction key {path} can be neither read nor made ({error.strerror}): "
            f"set {PREFIX}REDACTION_KEY, or XDG_DATA_HOME to a folder that can be written"
        ) from error
    if not key:
        raise InvalidSettings(f"the redaction key {path} is empty: delete it, and a new one is made")
    return key


def _make_key(path: Path) -> None:
    """Make the key once, however many processes try: written aside, then linked, which fails if there is one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=".key-") as folder:  # mode 0700
        aside = Path(folder) / KEY_FILE
        aside.touch(mode=0o600)
        aside.write_bytes(secrets.token_bytes(KEY_BYTES))
        try:
            path.hardlink_to(aside)
        except FileExistsError:
            return
