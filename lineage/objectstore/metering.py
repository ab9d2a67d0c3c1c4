"""Reading within a budget, and no less than was promised."""

from collections.abc import Iterator
from time import monotonic

from lineage.errors import BadObject, BudgetExceeded
from lineage.ports import Budget


def metered(chunks: Iterator[bytes], *, size_bytes: int, budget: Budget, shown: str) -> Iterator[bytes]:
    """Pass on the chunks of an object of `size_bytes`, as long as there is time. Time counts from now on.

    Raises:
        BudgetExceeded: it has more bytes than the budget, before any was taken; or time is up.
        BadObject: there were fewer bytes, or more.
    """
    return _metered(chunks, size_bytes, budget, monotonic() + budget.seconds, shown)


def _metered(chunks: Iterator[bytes], size_bytes: int, budget: Budget, deadline: float, shown: str) -> Iterator[bytes]:
    if size_bytes > budget.size_bytes:
        raise BudgetExceeded(f"{shown} has {size_bytes:,} bytes, and {budget.size_bytes:,} may be read")
    taken = 0
    for chunk in chunks:
        taken += len(chunk)
        if taken > size_bytes:
            break
        yield chunk
        if monotonic() > deadline and taken < size_bytes:
            raise BudgetExceeded(f"{shown} could not be read within {budget.seconds:g} s")
    if taken != size_bytes:
        raise BadObject(f"{shown} has {size_bytes:,} bytes, it was said, and {taken:,} came")
