"""The schema, built once, and its printed form."""

from typing import Final

import graphene
from graphql import GraphQLInputObjectType, GraphQLSchema, print_schema

from lineage_graphql.node import Hidden
from lineage_graphql.query import Query
from lineage_graphql.subscription import Subscription

ONE_OF: Final = ("TrendScope",)
"""Inputs of which exactly one field is given: graphene cannot declare it."""


def _built() -> GraphQLSchema:
    schema: GraphQLSchema = graphene.Schema(query=Query, subscription=Subscription, types=[Hidden]).graphql_schema
    for name in ONE_OF:
        of = schema.type_map[name]
        if isinstance(of, GraphQLInputObjectType):
            of.is_one_of = True
    return schema


SCHEMA: Final = _built()


def sdl() -> str:
    """Print the schema, as `graphql/schema.graphql` keeps it."""
    return print_schema(SCHEMA) + "\n"
