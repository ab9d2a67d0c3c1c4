"""Which registry has an image, and under which name. Pure.

Source: the grammar of references in distribution/reference; what Docker puts in where a name says no registry.
"""

import re
from dataclasses import dataclass
from typing import Final

DOCKER_HUB: Final = "registry-1.docker.io"
_OF_DOCKER_HUB: Final = frozenset({"docker.io", "index.docker.io", DOCKER_HUB})
_HOST: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?")
_NAME: Final = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageName:
    """An image by its digest: in which registry, and under which name."""

    host: str
    name: str
    digest: str

    @property
    def is_local(self) -> bool:
        """Say whether the registry is on this machine, where no TLS is needed."""
        return self.host.rpartition(":")[0] in ("localhost", "127.0.0.1", "[::1]") or self.host == "localhost"


def image_name(image: str) -> ImageName | None:
    """Read an image as `repository@digest`; None where it is none."""
    repository, _, digest = image.partition("@")
    host, slash, name = repository.partition("/")
    if not slash or not ("." in host or ":" in host or host == "localhost"):
        host, name = DOCKER_HUB, repository
    if host in _OF_DOCKER_HUB:
        host, name = DOCKER_HUB, name if "/" in name else f"library/{name}"
    if not (_HOST.fullmatch(host) and _NAME.fullmatch(name) and _DIGEST.fullmatch(digest)):
        return None
    return ImageName(host=host, name=name, digest=digest)
