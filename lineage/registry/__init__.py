"""Asks registries of images whether they still have one, and what its labels say.

names.py     which registry has an image, and under which name
client.py    the OCI distribution protocol, as far as reading a manifest takes it
"""

from lineage.registry.client import RegistryClient
from lineage.registry.names import ImageName, image_name

__all__ = ["ImageName", "RegistryClient", "image_name"]
