"""Which thing somebody means who names it: by its id, its uid, or what it is called."""

from lineage.errors import InvalidId
from lineage.identity import Key, parse_global_id


def key_of(text: str) -> Key | None:
    """Read an id; None where it is none."""
    try:
        return parse_global_id(text)
    except InvalidId:
        return None
