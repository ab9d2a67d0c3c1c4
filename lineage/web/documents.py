"""Which query texts a server answers: any, or only those that were trusted beforehand.

A request names a trusted text by its id (`documentId`), or sends it whole. Source: the GraphQL-over-HTTP specification,
its appendix on persisted documents. The saved queries are trusted, by their names.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from lineage.errors import InvalidRequest, InvalidSettings
from lineage_graphql import InvalidDocument, read_document, saved_queries


class UntrustedDocument(InvalidRequest):
    """The text of a request is none of those that this server answers."""


class Documents:
    """The texts that have an id; with `only_these`, no others are answered."""

    def __init__(self, by_id: Mapping[str, str] | None = None, *, only_these: bool = False) -> None:
        saved = {name: one.text for name, one in saved_queries().items()}
        self._by_id = {**saved, **(by_id or {})}
        self._trusted = frozenset(self._by_id.values()) if only_these else None

    def text(self, fields: Mapping[str, Any]) -> object:
        """The text that a request asks to be answered, as far as it has one.

        Raises:
            InvalidRequest: it names an id that is none, or gives an id and a text.
            UntrustedDocument: it sends a text that is not trusted.
        """
        given, name = fields.get("query"), fields.get("documentId")
        if name is None:
            if self._trusted is not None and given not in self._trusted:
                raise UntrustedDocument(
                    "This server answers the documents alone that were given to it: name one of them."
                )
            return given
        if given is not None:
            raise InvalidRequest("Give either `query` or `documentId`.")
        text = self._by_id.get(name) if isinstance(name, str) else None
        if text is None:
            raise InvalidRequest("No document has this `documentId`.")
        return text


def trusted(file: Path) -> Documents:
    """Read the documents that a server is to answer, and no others: a JSON object of texts by their ids, as the
    compilers of GraphQL clients write it.

    Raises:
        InvalidSettings: there is no such file, it holds something else, or a text that this schema cannot answer.
    """
    try:
        found = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise InvalidSettings(f"the documents in {file} cannot be read: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
        raise InvalidSettings(f"{file} must hold a JSON object of query texts by their ids")
    for name, text in found.items():
        try:
            read_document(text)
        except InvalidDocument as error:
            raise InvalidSettings(f"the document {name!r:.80} in {file} cannot be answered: {error}") from error
    return Documents(found, only_these=True)
