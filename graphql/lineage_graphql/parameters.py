# mypy: allow-subclassing-any
"""Parameters of runs and executions."""

import graphene

from lineage import model
from lineage_graphql.context import Info


class Parameter(graphene.ObjectType):
    """A secret value is never stored: `value` is null and `redacted` true, while equal secrets still compare equal
    in diffs and fingerprints."""

    name = graphene.String(required=True, description="The name of the parameter.")
    value = graphene.String(description="Its value as text; null where it is secret or was not given.")
    redacted = graphene.Boolean(required=True, description="True for a secret.")

    @staticmethod
    def resolve_value(parameter: model.Parameter, _: Info) -> str | None:
        # The model keeps the keyed digest of a secret, so that equal ones compare equal; it goes no further.
        return None if parameter.redacted else parameter.value


def parameters(description: str) -> graphene.List:
    return graphene.List(graphene.NonNull(Parameter), required=True, description=description)
