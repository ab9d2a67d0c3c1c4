"""What creates an object, and what an object says of that: the manifest of a resource template, the owner of an object.

Pure. Argo notes nowhere which step created an object. Its manifest does: the kind, the namespace, and the name or what
its name begins with; and an object keeps of its manifest just these (`metadata.generateName`). Source:
`ResourceTemplate` in argo-workflows/pkg/apis/workflow/v1alpha1/workflow_types.go.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from lineage.facts import Creation, Starter
from lineage.identity import RUN_ID_LABEL, creation_name
from lineage.limits import is_name
from lineage.placeholders import PLACEHOLDER, filled
from watchers.reading import mapping, mappings, text, texts
from watchers.yaml_values import InvalidYaml, load_yaml

KEPT: Final = 256  # manifests that were read, by their text: a run is seen again and again
NOTEBOOK_LABEL: Final = "notebook-name"
"""What Kubeflow puts on the pods of notebooks, and people on what they start from them."""

_MAKING: Final = ("create", "apply")


class _Manifest(NamedTuple):
    """What of a manifest says which object it makes; empty what it does not say."""

    group: str
    kind: str
    namespace: str
    name: str
    prefix: str


def created_by(
    template: Mapping[str, Any], values: Mapping[str, str], named: str, *, cluster: str, namespace: str
) -> Creation | None:
    """Say what a resource template creates; None where it creates nothing, or nobody can tell what.

    `values` are what placeholders stand for, `named` what the name of the object came to be, where an output says so.
    """
    resource = mapping(template, "resource")
    if text(resource, "action") not in _MAKING:
        return None
    made = _manifest(filled(text(resource, "manifest"), values))
    if not made.kind or PLACEHOLDER.search(made.kind + made.namespace + made.name + made.prefix):
        return None
    if not (made.name or made.prefix):
        return None
    return _creation(made, named or made.name, cluster=cluster, namespace=made.namespace or namespace)


def starter_of(
    metadata: Mapping[str, Any], *, group: str, kind: str, cluster: str, besides: tuple[str, ...] = ()
) -> Starter:
    """Say what the metadata of an object tell of who created it. Owners of the kinds `besides` are told elsewhere.

    Of several owners it is the one that controls it. Without an owner, it may bear the id of a run of Kubeflow, as what
    the steps of that make often does. Source: `OwnerReference` in
    k8s.io/apimachinery/pkg/apis/meta/v1/types.go.
    """
    owners = [one for one in mappings(metadata, "ownerReferences") if text(one, "kind") not in besides]
    known = [one for one in owners if text(one, "uid")]
    owner = next((one for one in known if one.get("controller") is True), known[0] if known else {})
    made = _Manifest(
        group=group,
        kind=kind,
        namespace=text(metadata, "namespace"),
        name=text(metadata, "name"),
        prefix=text(metadata, "generateName"),
    )
    labels = texts(metadata, "labels")
    creation = _creation(made, made.name, cluster=cluster, namespace=made.namespace)
    if not owner and (notebook := labels.get(NOTEBOOK_LABEL)):
        by_label = labelled_by(notebook, cluster=cluster, namespace=made.namespace)
        creation = Creation(key=by_label.key, name=creation.name)
    return Starter(
        owner=text(owner, "uid") or None,
        run=None if owner else labels.get(RUN_ID_LABEL) or None,
        creation=creation,
    )


def labelled_by(notebook: str, *, cluster: str, namespace: str) -> Creation:
    """Name what bears the label of a notebook: whatever was started from it, and called by whatever name."""
    made = _Manifest(group="", kind=NOTEBOOK_LABEL, namespace=namespace, name=notebook, prefix="")
    return _creation(made, "", cluster=cluster, namespace=namespace)


def _creation(made: _Manifest, name: str, *, cluster: str, namespace: str) -> Creation:
    key = creation_name(
        cluster=cluster, namespace=namespace, group=made.group, kind=made.kind, name=made.name, prefix=made.prefix
    )
    return Creation(key=key, name=name if is_name(name) else "")


@lru_cache(KEPT)
def _manifest(manifest: str) -> _Manifest:
    try:
        item = load_yaml(manifest.encode())
    except InvalidYaml:
        item = None
    metadata = _member(item, "metadata")
    name = _word(metadata, "name")
    return _Manifest(
        group=_word(item, "apiVersion").rpartition("/")[0],
        kind=_word(item, "kind"),
        namespace=_word(metadata, "namespace"),
        name=name,
        prefix="" if name else _word(metadata, "generateName"),
    )


def _member(holder: object, name: str) -> object:
    return holder.get(name) if isinstance(holder, dict) else None


def _word(holder: object, name: str) -> str:
    found = _member(holder, name)
    return found if isinstance(found, str) else ""
