"""Where a view of an object stands in the order of its views: computed from the object alone.

Pure. The rule is "Order of views" of the identity rules (ARCHITECTURE.md).
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from lineage.facts import Revision, sortable
from lineage.observation import ObjectSeen
from watchers.reading import seconds, text


def revision(
    seen: ObjectSeen,
    metadata: Mapping[str, Any],
    *,
    uid: str,
    born: datetime | None,
    latest: datetime | None,
    ended: bool,
) -> Revision:
    """Order a view. `latest` is the latest time that it names. Of equal objects that were seen under two names of
    clusters the name decides, so that it does not matter which was seen first.

    The API server's resourceVersion decides where there is one: for one resource decimal versions are
    comparable (Kubernetes KEP-5504, officially since 1.35). Without one, the object's own times do.
    """
    version = text(metadata, "resourceVersion")
    numbered = version.isascii() and version.isdecimal() and version.strip("0") != ""
    seconds_latest = max(seconds(latest) or 0, 0)
    return Revision(
        kind="K" if numbered else "R",
        life=f"{sortable(max(seconds(born) or 0, 0))} {uid}",
        version=sortable(version if numbered else seconds_latest),
        digest=hashlib.sha256(seen.body).hexdigest()[:32] + _of_cluster(seen.cluster),
        latest=seconds_latest,
        ended=ended,
    )


@lru_cache
def _of_cluster(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:8]
