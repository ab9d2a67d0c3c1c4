"""What a command installs while it runs, and how well that is pinned. Pure.

Read off the text as a shell would: quotes are kept together, and a command ends where the next begins. Sources: the
requirement specifiers of PEP 440 and 508; what the SDK of Kubeflow puts before a lightweight component.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Pinning(StrEnum):
    """How well it is known what is installed: BY_HASH to the byte, BY_VERSION by name, LOOSE not at all. UNSEEN: what
    that is stands in a file that is not recorded, or whether it is installed depends on the interpreter."""

    BY_HASH = "BY_HASH"
    BY_VERSION = "BY_VERSION"
    UNSEEN = "UNSEEN"
    LOOSE = "LOOSE"


@dataclass(frozen=True, slots=True)
class Install:
    """Something that is installed, as it is written."""

    what: str
    pinning: Pinning


_GAP: Final = r"""[\s"',]+"""  # a list of Python separates words by quotes and commas
_INSTALL: Final = re.compile(
    rf"\b(?:(?P<pip>(?:uv{_GAP})?pip[0-9.]*{_GAP}(?:-[-\w]+{_GAP})*install|uv{_GAP}add)"
    rf"|(?P<other>(?:apt|apt-get|yum|dnf|microdnf|conda|mamba|micromamba){_GAP}(?:-[-\w]+{_GAP})*install|apk{_GAP}add"
    rf"|npm{_GAP}(?:install|i)|R{_GAP}install|install\.packages))(?![\w-])"
)
_FALLBACK: Final = re.compile(r"\|\|\s*(?:sudo\s+)?(?:\S*python[0-9.]*\s+-m\s+)?\Z")
_WORD: Final = re.compile(r"""'([^']*)'|"([^"]*)"|(\\\n|\n|&&|\|\||[;|&)\]])|([^\s'"&|;)\]]+)""")
_VALUED: Final = frozenset(
    {"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--trusted-host", "-t", "--target", "--timeout",
     "--retries", "--cache-dir", "--platform", "--python-version", "--progress-bar", "--prefix", "--root", "-c",
     "--constraint", "--proxy", "--cert", "--only-binary", "--no-binary", "-n", "--name", "--channel"}
)  # fmt: skip
_FILES: Final = frozenset({"-r", "--requirement", "--requirements"})
_NO_PACKAGE: Final = frozenset({"", ",", "-e", "--editable"})
_COMMIT: Final = re.compile(r"@[0-9a-f]{40}(?:#|$)")


def installs(text: str) -> Iterator[Install]:
    """Name what a text installs, if it is a command or a script that does. What is only done where something else
    failed (`… || apt-get install …`) is left out: so Kubeflow's components get pip where there is none."""
    for found in _INSTALL.finditer(text):
        if _FALLBACK.search(text, 0, found.start()):
            continue
        words = list(_words(text[found.end() :]))
        yield from _pip(words) if found.group("pip") else _other(words, found.group())


def _words(rest: str) -> Iterator[str]:
    """The words of a command, to its end."""
    for one in _WORD.finditer(rest):
        single, double, operator, plain = one.groups()
        if operator == "\\\n":
            continue
        if operator is not None:
            return
        word = next(each for each in (single, double, plain) if each is not None)
        if word.strip(", "):
            yield word.strip(", ")


def _pip(words: list[str]) -> Iterator[Install]:
    with_hashes = any(word.startswith(("--require-hashes", "--hash")) for word in words)
    expects: str | None = None
    for word in words:
        if expects is not None:
            if expects in _FILES:
                yield Install(f"what {word} names", Pinning.BY_HASH if with_hashes else Pinning.UNSEEN)
            expects = None
        elif word in _VALUED or word in _FILES:
            expects = word
        elif not word.startswith("-") and word not in _NO_PACKAGE and word != ".":
            yield Install(word, _pinning(word, with_hashes=with_hashes))


def _pinning(word: str, *, with_hashes: bool) -> Pinning:
    specifier, marker, _ = word.partition(";")
    if "://" in specifier:
        return Pinning.BY_VERSION if _COMMIT.search(specifier) or "#sha256=" in specifier else Pinning.LOOSE
    if specifier.endswith((".whl", ".tar.gz")) or specifier.startswith((".", "/")):
        return Pinning.UNSEEN
    _, _, version = specifier.partition("==")
    if not version or "*" in version or "," in version:
        return Pinning.UNSEEN if marker else Pinning.LOOSE
    return Pinning.BY_HASH if with_hashes else Pinning.BY_VERSION


def _other(words: list[str], command: str) -> Iterator[Install]:
    names = [word for word in words if not word.startswith("-")]
    for word in names or [" ".join(command.split())]:
        yield Install(word, Pinning.BY_VERSION if re.search(r"[\w.]=+[\w.]", word) else Pinning.LOOSE)
