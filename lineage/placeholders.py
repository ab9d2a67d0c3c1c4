"""What stands for a value in a template of Argo, such as `{{inputs.parameters.size}}`. Pure."""

import re
from collections.abc import Mapping
from typing import Final

PLACEHOLDER: Final = re.compile(r"\{\{-?\s*([^{}]+?)\s*-?\}\}")


def filled(written: str, values: Mapping[str, str]) -> str:
    """Put values in the place of what stands for them. What nothing is known of stays."""
    return PLACEHOLDER.sub(lambda found: values.get(found.group(1), found.group()), written)
