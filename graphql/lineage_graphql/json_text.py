"""Values as JSON."""

import json
from typing import Any

import orjson


def to_json(value: Any, *, indented: bool = False) -> bytes:
    """Write a value as JSON, integers of any length with every digit."""
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 if indented else None)
    except TypeError:  # orjson knows no integers beyond 64 bits
        return json.dumps(value, indent=2 if indented else None).encode()
