"""Object stores, put together: from the settings to what a bucket can be asked through, and to looks at artifacts."""

from functools import cache, lru_cache, partial
from typing import Final

from lineage.errors import ObjectStoreError
from lineage.evidence import Look
from lineage.identity import Location
from lineage.metrics import LARGEST_FILE, reader_of
from lineage.model import ArtifactState, LookDue
from lineage.objectstore.configured import ConfiguredStore, Credentials, NotConfigured, find
from lineage.objectstore.directory import DirectoryStore
from lineage.objectstore.looking import look
from lineage.objectstore.minio import SILENCE_SECONDS, MinioStore
from lineage.objectstore.reading import StoredTexts
from lineage.ports import Budget, ObjectStore, TextReader
from lineage.prober import LookAt
from lineage.settings import ObjectStoreSettings, Settings, secret

OPEN_BUCKETS: Final = 32  # of those that workflows name, which stay open to be read for who asks
READING_SILENCE_SECONDS: Final = 5.0  # who waits for a text does not wait as long as a look may


def object_stores_of(settings: Settings) -> tuple[ConfiguredStore, ...]:
    """Say which object stores there are, and who we are to them. Reads the files that hold secrets.

    Raises:
        InvalidSettings: one of these cannot be read, or is empty.
    """
    return tuple(map(_configured, settings.object_stores))


def open_object_store(store: ConfiguredStore, bucket: str, *, silence_seconds: float = SILENCE_SECONDS) -> ObjectStore:
    """Open a bucket, which may be silent for so long when it is asked. Nobody is asked yet.

    Raises:
        InvalidSettings: the endpoint of the store is none.
    """
    if store.folder is not None:
        return DirectoryStore(store.folder, bucket)
    return MinioStore(store, bucket, silence_seconds=silence_seconds)


def looker(settings: Settings) -> LookAt:
    """Make what looks at places, each in the store that the settings name for it.

    Raises:
        InvalidSettings: a secret or an endpoint in the settings is of no use.
    """
    stores = object_stores_of(settings)
    budget = Budget(size_bytes=settings.look_bytes, seconds=settings.look_seconds)
    opened = cache(open_object_store)

    def look_at(due: LookDue) -> Look:
        found = find(stores, cluster=due.cluster, namespace=due.namespace, location=due.location)
        if isinstance(found, NotConfigured):
            return Look(state=ArtifactState.UNVERIFIED, reason=found.reason)
        read = reader_of(due.location, due.names, fetch=partial(fetched, due), patterns=settings.metric_files)
        return look(opened(found.store, found.bucket), found.key, budget=budget, read=read)

    def fetched(due: LookDue, location: Location) -> bytes:
        """Read what a file that lies at a place refers to, as whoever it belongs to may."""
        found = find(stores, cluster=due.cluster, namespace=due.namespace, location=location)
        if isinstance(found, NotConfigured):
            raise ObjectStoreError(found.reason)
        within = Budget(size_bytes=min(budget.size_bytes, LARGEST_FILE), seconds=budget.seconds)
        with opened(found.store, found.bucket).open(found.key, budget=within) as file:
            return b"".join(file.chunks)

    return look_at


def text_reader(settings: Settings) -> TextReader:
    """Make what reads texts for those who ask, each in the store that the settings name for it.

    Raises:
        InvalidSettings: a secret in the settings is of no use.
    """
    opened = lru_cache(OPEN_BUCKETS)(partial(open_object_store, silence_seconds=READING_SILENCE_SECONDS))
    return StoredTexts(object_stores_of(settings), opened)


def _configured(store: ObjectStoreSettings) -> ConfiguredStore:
    access_key = secret(store.access_key, store.access_key_file)
    secret_key = secret(store.secret_key, store.secret_key_file)
    session_token = secret(store.session_token, store.session_token_file)
    credentials = None
    if access_key and secret_key:
        credentials = Credentials(access_key=access_key, secret_key=secret_key, session_token=session_token)
    return ConfiguredStore(
        endpoint=store.endpoint,
        folder=store.folder,
        serves=store.serves,
        cluster=store.cluster,
        namespace=store.namespace,
        bucket=store.bucket,
        region=store.region,
        virtual_style=store.virtual_style,
        ca_file=store.ca_file,
        credentials=credentials,
    )
