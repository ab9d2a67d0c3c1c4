"""What a look at an object shows, how strong that is as evidence, and whether two looks show the same thing.

Pure. An ETag is what a store makes of an upload: it differs between equal objects that were uploaded in parts or
copied, and is never taken for a digest. A checksum counts where the store vouches for it over the whole object.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from lineage.model import ArtifactState, Special

SHA256: Final = "sha256"


class Evidence(StrEnum):
    """What a statement about an object rests on, the strongest first."""

    BYTES = "BYTES"
    """We read all of them, and digested them."""
    CHECKSUM = "CHECKSUM"
    """The store vouches for a checksum of the whole object."""
    VERSION = "VERSION"
    """The store keeps versions, and this is one of them."""
    ETAG = "ETAG"
    """ETag, size and time of the last change: another upload would nearly always show."""
    NONE = "NONE"
    """The store said nothing, or could not be asked."""

    @property
    def rank(self) -> int:
        """How weak it is: 0 is the strongest."""
        return _ORDER.index(self)


_ORDER: Final = tuple(Evidence)


def _sha256_first(digest: str) -> tuple[bool, str]:
    return not digest.startswith(SHA256), digest


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricValue:
    """What a metric came to: a number as `value`, or else what it is instead as `special`.

    `step` counts within an execution, 0 for what is written once. `is_percentage`: 0.77 is meant to be shown as 77 %.
    """

    name: str
    value: float | None
    special: Special | None = None
    step: int = 0
    is_percentage: bool = False


@dataclass(frozen=True, slots=True)
class SetAside:
    """Something that does not count: where it stands, as `metrics[3].name`, and why."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a file says that we can read: metrics, and what is to be shown, each as JSON."""

    values: tuple[MetricValue, ...] = ()
    plots: tuple[Any, ...] = ()
    set_aside: tuple[SetAside, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look at an object showed.

    `state` is PRESENT, MISSING, or UNVERIFIED with the `reason`. `digest` is of the stored bytes, if we read them;
    `checksums` are those that the store vouches for, as `algorithm:hex`. `content_digest` is of what the bytes mean;
    where there is none although they were read, `content_reason` says why. A folder has so many `files`, and the
    digest of its listing stands for its ETag. `said` is what a file of metrics, or of what is to be shown, holds.

    Whoever looked speaks of whatever lies at a place. What somebody else says of one artifact alone names it: `of` is
    its key, as text. Of such a statement, which may be repeated for ever, the first counts.
    """

    state: ArtifactState
    reason: str | None = None
    size_bytes: int | None = None
    modified_at: datetime | None = None
    etag: str | None = None
    version: str | None = None
    checksums: tuple[str, ...] = ()
    digest: str | None = None
    content_digest: str | None = None
    content_reason: str | None = None
    files: int | None = None
    said: Said | None = None
    of: str | None = None

    @property
    def evidence(self) -> Evidence:
        """The strongest that this look can give."""
        if self.state is not ArtifactState.PRESENT:
            return Evidence.NONE
        if self.digest is not None or (self.files is not None and self.content_digest is not None):
            return Evidence.BYTES
        if self.checksums:
            return Evidence.CHECKSUM
        if self.version is not None:
            return Evidence.VERSION
        return Evidence.ETAG if self.etag else Evidence.NONE

    @property
    def known_digest(self) -> str | None:
        """The digest of the stored bytes: read by us, else as the store vouches for it, SHA-256 first."""
        return self.digest or min(self.checksums, key=_sha256_first, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What became of an object since it was recorded, and what that rests on."""

    state: ArtifactState
    evidence: Evidence


def compare(recorded: Look, now: Look) -> Comparison:
    """Say whether an object is still what it was. `recorded` is a look that found it.

    Bytes decide, where both looks know them by the same algorithm: what was written anew with equal bytes is the same.
    Then sizes, which differ only where bytes do; then versions; then the ETag together with the time.
    """
    if now.state is not ArtifactState.PRESENT:
        return Comparison(state=now.state, evidence=Evidence.NONE)
    before, after = _digests(recorded), _digests(now)
    if common := before.keys() & after.keys():
        algorithm = min(common, key=_sha256_first)
        (digest, evidence), (other, its_evidence) = before[algorithm], after[algorithm]
        return _verdict(digest == other, max(evidence, its_evidence, key=lambda one: one.rank))
    if recorded.size_bytes != now.size_bytes:
        return _verdict(False, Evidence.ETAG)
    if recorded.version is not None and now.version is not None:
        return _verdict(recorded.version == now.version, Evidence.VERSION)
    return _verdict((recorded.etag, recorded.modified_at) == (now.etag, now.modified_at), Evidence.ETAG)


def _verdict(is_same: bool, evidence: Evidence) -> Comparison:
    return Comparison(state=ArtifactState.PRESENT if is_same else ArtifactState.CHANGED, evidence=evidence)


def _digests(look: Look) -> dict[str, tuple[str, Evidence]]:
    """What a look knows of the bytes, by algorithm. A folder is known by its files."""
    found = {one.partition(":")[0]: (one, Evidence.CHECKSUM) for one in look.checksums}
    if look.digest is not None:
        found[look.digest.partition(":")[0]] = look.digest, Evidence.BYTES
    if look.files is not None and look.content_digest is not None:
        found["files"] = look.content_digest, Evidence.BYTES
    return found
