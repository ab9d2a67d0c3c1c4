"""What every resolver is given: the store, what the caller may see of it, and what was read so far."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

import msgspec
from graphql import GraphQLResolveInfo

from lineage.deadline import Deadline
from lineage.pages import Pages
from lineage.ports import LineageStore, Scope, TextReader
from lineage_graphql.loaders import Loaders

Info: TypeAlias = GraphQLResolveInfo
Selections: TypeAlias = dict[Hashable, Any]
"""What is selected of values of a type by some nodes of a text, as `lineage_graphql.execution` finds it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What there is beside the store: `texts` reads what lies in object stores, where any are configured, and `pages`
    knows where others show a run."""

    texts: TextReader | None = None
    pages: Pages = field(default_factory=Pages)


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """One request. Every read passes `scope`. A struct, since there is one of each: these are made at once."""

    given_store: LineageStore
    scope: Scope
    loaders: Loaders
    deadline: Deadline
    asked_at: datetime
    outside: Outside
    selections: Selections

    @property
    def store(self) -> LineageStore:
        """The store, as long as there is time to ask it."""
        self.deadline.check()
        return self.given_store


def open_context(
    store: LineageStore,
    scope: Scope,
    deadline: Deadline,
    outside: Outside | None = None,
    selections: Selections | None = None,
) -> Context:
    """Begin a request. `selections` are what is known of its text."""
    return Context(
        given_store=store,
        scope=scope,
        loaders=Loaders(store, scope, deadline),
        deadline=deadline,
        asked_at=datetime.now(UTC),
        outside=outside or Outside(),
        selections={} if selections is None else selections,
    )


def context_of(info: Info) -> Context:
    """Name the type that graphql-core does not."""
    context: Context = info.context
    return context
