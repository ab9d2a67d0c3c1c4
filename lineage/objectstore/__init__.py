"""What lies in object stores: S3 and everything that speaks it, and a folder on disk.

    minio.py       S3; the only place that imports minio
    directory.py   a folder on disk
    content.py     digests of the bytes, and of what they mean
    looking.py     one look at an object or a folder of them
    reading.py     what they hold, as text, for who asks
    notifications.py, listening.py  what a store tells of its own accord, so that it is looked at sooner
    configured.py  which store holds an artifact, as far as the settings say

The first two implement `lineage.ports.ObjectStore` and do not know each other.
"""
