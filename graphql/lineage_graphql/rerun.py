# mypy: allow-subclassing-any
"""A manifest that would run a run again."""

from dataclasses import dataclass

import graphene
import yaml

from lineage import rerun
from lineage.errors import NotFound
from lineage.gathering import dossier
from lineage.identity import parse_global_id
from lineage_graphql.context import Info, context_of


class Unpinned(graphene.ObjectType):
    """Something that the manifest cannot hold fast."""

    path = graphene.String(required=True, description="Where it is.")
    reason = graphene.String(required=True, description="Why, and what to do where something can be done.")


class RerunManifest(graphene.ObjectType):
    """What would run a run again: a Workflow of Argo, to be created; or of Kubeflow v2 the body of a request that makes
    a run."""

    yaml = graphene.String(required=True, description="The manifest.")
    unpinned = graphene.List(
        graphene.NonNull(Unpinned), required=True, description="What of it is not held fast, by where it is."
    )


@dataclass(frozen=True, slots=True)
class _RerunManifest:
    yaml: str
    unpinned: tuple[rerun.Unpinned, ...]


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such, and nothing as a reference to what was written before."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _text)


def make_manifest(_: object, info: Info, run: str) -> _RerunManifest:
    context = context_of(info)
    found = dossier(context.store, context.scope, parse_global_id(run))
    if found is None:
        raise NotFound(f"no run with the id {run!r:.200} is recorded")
    manifest = rerun.manifest_of(found)
    if manifest is None and found.run.forgotten_at is not None:
        raise NotFound(
            f"the workflow of the run {found.run.display_name!r:.200} was forgotten on "
            f"{found.run.forgotten_at:%Y-%m-%d}, as the rules of retention ask: what it ran is not known any more"
        )
    if manifest is None:
        raise NotFound(f"no workflow of the run {found.run.display_name!r:.200} is recorded: what it ran is not known")
    written = yaml.dump(manifest.document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31)
    return _RerunManifest(written, manifest.unpinned)


RERUN_MANIFEST = graphene.Field(
    RerunManifest,
    run=graphene.ID(required=True, description="The run to make again."),
    resolver=make_manifest,
    description="A manifest that would make the run again: images by digest, parameters literal, inputs by version.",
)
