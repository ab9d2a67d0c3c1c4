"""The schema, built once, and its printed form."""

from typing import Final

import graphene
from graphql import GraphQLSchema, print_schema

from lineage_graphql.query import Query

SCHEMA: Final[GraphQLSchema] = graphene.Schema(query=Query).graphql_schema


def sdl() -> str:
    """Print the schema, as `graphql/schema.graphql` keeps it."""
    return print_schema(SCHEMA) + "\n"
