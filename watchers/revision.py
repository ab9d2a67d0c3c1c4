"""Where a view of an object stands in the order of its views: computed from the object alone.

Pure. The rule is "Order of views" of the identity rules (ARCHITECTURE.md).
"""

import hashlib
from datetime import datetime
from typing import Any

from lineage.facts import Revision, sortable
from watchers.reading import seconds, text


def revision(
    metadata: dict[str, Any], *, uid: str, body: bytes, born: datetime | None, latest: datetime | None, ended: bool
) -> Revision:
    """Order a view. `body` is the canonical redacted object, `latest` the latest time that it names.

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
        digest=hashlib.sha256(body).hexdigest()[:32],
        latest=seconds_latest,
        ended=ended,
    )
