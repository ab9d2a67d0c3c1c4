"""Object stores, put together: from the settings to what a bucket can be asked through."""

from lineage.objectstore.configured import ConfiguredStore, Credentials, Found
from lineage.objectstore.directory import DirectoryStore
from lineage.objectstore.minio import MinioStore
from lineage.ports import ObjectStore
from lineage.settings import ObjectStoreSettings, Settings, secret


def object_stores_of(settings: Settings) -> tuple[ConfiguredStore, ...]:
    """Say which object stores there are, and who we are to them. Reads the files that hold secrets.

    Raises:
        InvalidSettings: one of these cannot be read, or is empty.
    """
    return tuple(map(_configured, settings.object_stores))


def open_object_store(found: Found) -> ObjectStore:
    """Open the bucket in which something was found to lie. Nobody is asked yet.

    Raises:
        InvalidSettings: the endpoint of the store is none.
    """
    if found.store.folder is not None:
        return DirectoryStore(found.store.folder, found.bucket)
    return MinioStore(found.store, found.bucket)


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
