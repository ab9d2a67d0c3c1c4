"""The process whose memory is measured: it looks at one object, reading all of it.

Run as `python -m tests.bench.large_object ENDPOINT`; prints by how much the most memory that it ever held is above what
it held before, in bytes.
"""

import resource
import sys

from lineage.evidence import Evidence
from lineage.objectstore.configured import ConfiguredStore
from lineage.objectstore.looking import look
from lineage.objectstore.minio import MinioStore
from lineage.ports import Budget


def main() -> None:
    store = MinioStore(ConfiguredStore(endpoint=sys.argv[1]), "bucket")
    idle = held_bytes()
    found = look(store, "large", budget=Budget(size_bytes=10**12, seconds=3600.0))
    assert found.evidence is Evidence.BYTES, found
    assert found.content_digest is not None, found
    print(held_bytes() - idle)


def held_bytes() -> int:
    """The most memory so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # Linux counts kilobytes


if __name__ == "__main__":
    main()
