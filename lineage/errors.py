"""Everything that can go wrong here, in one tree.

LineageError
├── InvalidObservation     an object cannot be interpreted; it is set aside with its reason, the log goes on
├── UnknownRedactionKey    an observation was redacted under another installation's key
├── InvalidRequest         the caller asked for something that makes no sense: a page of 0, a foreign cursor
│   ├── InvalidId          an id that this program never gave out
│   ├── UnknownCursor      a place in the feed of changes that this store does not know
│   └── InvalidPolicy      the policy of an audit says something that makes no sense
├── DeadlineExceeded       answering took longer than its time budget
├── AnswerTooLarge         an answer would take more memory than one may
├── NoRoom                 other answers take all the memory that there is for them: ask again
├── WouldWait              the store cannot be asked without waiting: ask again where that keeps nobody
├── NotFound               the caller named something that was never recorded, or that it may not see
├── Unauthenticated        the caller has not shown who they are, or is not believed
├── RightsUnknown          whoever knows what the caller may see cannot be asked now
├── InvalidSettings        a flag, an environment variable or the settings file is wrong
├── LogError               the event log refuses, or was closed: what it was asked cannot be done
├── ClusterError           the Kubernetes API, or a service of Kubeflow, cannot be reached or refuses; it is retried
│   ├── ResourceAbsent     the cluster does not serve this resource (yet)
│   ├── ResourceForbidden  the credentials may not list or watch it
│   ├── HistoryGone        a watch cannot be resumed from where it stood: list again
│   └── BadAnswer          the API server failed at what was asked, or answered what makes no sense
├── ObjectStoreError       an object store could not be asked, or its answer is of no use; looking is retried
│   ├── ObjectAbsent       there is no such object, or no such version of it
│   ├── BucketAbsent       there is no such bucket or folder: nothing is known of its objects
│   ├── ObjectForbidden    the credentials are wrong, or may not read it
│   ├── WrongEndpoint      what answers there is another store, another region's, or none at all
│   ├── StoreUnreachable   nobody answers, it is silent, or too busy
│   ├── TellsNothing       it does not tell of its own accord what changes
│   ├── BadObject          what came is not what was promised: it is cut off, or changed meanwhile
│   └── BudgetExceeded     reading took more bytes or time than were given for it
└── StoreError             the database failed; the batch is retried whole
    ├── FactsRefused       it will never take these facts; what is at fault is set aside
    ├── SchemaOutdated     it is of another release: start that one
    │   └── NotMigrated    it is of an older release, or new: run `lineage migrate`
    └── PositionMoved      another recorder recorded this stretch of the log; read the position again
"""


class LineageError(Exception):
    """The root: catch it to catch whatever this program raises on purpose."""


class InvalidObservation(LineageError):
    """An object cannot be interpreted. The message says which object, where in it, and what was expected."""


class UnknownRedactionKey(LineageError):
    """An observation was redacted under a key that this installation does not hold.

    Its digests could not be compared with those recorded here. Give the recorder the watcher's key.
    """


class InvalidRequest(LineageError):
    """The caller asked for something that makes no sense; the message says what would."""


class InvalidId(InvalidRequest):
    """An id that this program never gave out."""


class UnknownCursor(InvalidRequest):
    """A place in the feed of changes that this store does not know: it is of another store, or of a time that a backup
    took back. Read what there is, and follow from now."""

    def __init__(self) -> None:
        super().__init__(
            "The cursor is of another store, or of a time that this one does not remember: read the list of runs "
            "again, and follow from there."
        )


class InvalidPolicy(InvalidRequest):
    """The policy of an audit says something that makes no sense; the message says where, and what is allowed there."""

    def __init__(self, message: str) -> None:
        super().__init__(f"policy: {message}")


class DeadlineExceeded(LineageError):
    """Answering took longer than a question may take. Ask for smaller pages or fewer levels."""

    def __init__(self, budget_seconds: float) -> None:
        super().__init__(
            f"Answering took longer than {budget_seconds:g} seconds: ask for smaller pages or fewer levels."
        )


class AnswerTooLarge(LineageError):
    """An answer would be larger than one may be. Ask for smaller pages, or for fewer documents."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(
            f"The answer is larger than {most_bytes // 2**20} MiB, in which whole documents (raw, spec) count twice: "
            "ask for smaller pages, fewer fields or fewer documents."
        )


class NoRoom(LineageError):
    """Other answers take all the memory that there is for them."""

    def __init__(self) -> None:
        super().__init__("Other large answers are under way. Ask again after a while, or for less.")


class WouldWait(LineageError):
    """A store, or what is to be answered from it, cannot be had without waiting. Ask again where that keeps nobody."""


class NotFound(LineageError):
    """The caller named something that was never recorded, or that it may not see: the two look the same."""


class Unauthenticated(LineageError):
    """The caller has not shown who they are, or is not believed; the message says what would be."""


class RightsUnknown(LineageError):
    """Whoever knows who the caller is, or what they may see, cannot be asked now: nothing is shown on suspicion."""


class InvalidSettings(LineageError):
    """A flag, an environment variable or the settings file is wrong; the message names it."""


class LogError(LineageError):
    """The event log refuses for good, or was closed; the message says what would help. One that is only out of reach
    is waited for."""


class ClusterError(LineageError):
    """The Kubernetes API, or a service of Kubeflow, cannot be reached or refuses. It is asked again, not before
    `retry_after_seconds`."""

    def __init__(self, message: str, *, retry_after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ResourceAbsent(ClusterError):
    """The cluster does not serve this resource: its CRD is not installed (yet)."""


class ResourceForbidden(ClusterError):
    """The credentials may not list or watch this resource: grant get, list and watch on it."""


class HistoryGone(ClusterError):
    """The API server no longer knows the version to resume from, or the page to continue at: list again."""


class BadAnswer(ClusterError):
    """The API server failed at just what was asked, or answered what makes no sense. Asked the same again and again, it
    may never do better: ask for something else."""


class ObjectStoreError(LineageError):
    """An object store could not be asked, or its answer is of no use; the message says which object, and why. What an
    object is then is not known. Looking is retried, not before `retry_after_seconds`."""

    def __init__(self, message: str, *, retry_after_seconds: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ObjectAbsent(ObjectStoreError):
    """The store says that there is no such object, or no such version of it."""


class BucketAbsent(ObjectStoreError):
    """There is no such bucket or folder. That says nothing of the objects: the settings may name the wrong one."""


class ObjectForbidden(ObjectStoreError):
    """The credentials are wrong or may not read the object; a clock that is wrong looks the same to a store."""


class WrongEndpoint(ObjectStoreError):
    """What answers there is another store, another region's, or none at all: correct the settings."""


class StoreUnreachable(ObjectStoreError):
    """Nobody answers, the store is silent, or too busy: it is asked again later."""


class TellsNothing(ObjectStoreError):
    """The store does not tell of its own accord what changes in it. Nothing is wrong: objects are looked at when they
    are due."""


class BadObject(ObjectStoreError):
    """What came is not what was promised: it is cut off, or was changed while it was read."""


class BudgetExceeded(ObjectStoreError):
    """Reading an object takes more bytes or time than were given for it."""


class StoreError(LineageError):
    """The database failed. Nothing of the batch was recorded; it is retried whole."""


class FactsRefused(StoreError):
    """The database can never hold these facts, whenever it is asked. Nothing of the batch was recorded."""


class SchemaOutdated(StoreError):
    """The store was made or migrated by another release: use that one, unless it is `NotMigrated`."""


class NotMigrated(SchemaOutdated):
    """The store has no tables yet, or those of an older release: `lineage migrate` brings it up to date."""


class PositionMoved(StoreError):
    """Another recorder has recorded this stretch of the log. Read the position again and go on from there."""
