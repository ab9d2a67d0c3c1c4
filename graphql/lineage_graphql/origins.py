# mypy: allow-subclassing-any
"""Which source a field comes from, where several could say it."""

import graphene


class Origin(graphene.ObjectType):
    """Which source a field comes from, where several could say it."""

    field = graphene.String(required=True, description="The name of the field.")
    source = graphene.String(required=True, description="The name of the source, as in `Ingestion`.")
