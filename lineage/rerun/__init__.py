"""A manifest that would run a run again, and what of it is not held fast.

    pins.py      images by digest, secrets left out, inputs that may be others by now
    argo.py      a Workflow of Argo, also of Kubeflow v1
    kubeflow.py  a run of Kubeflow v2

Pure.
"""

from lineage.dossier import Dossier
from lineage.members import mapping_in
from lineage.rerun.argo import argo_manifest
from lineage.rerun.kubeflow import is_compiled, kubeflow_manifest
from lineage.rerun.pins import RERUN_OF, Manifest, Unpinned, UnpinnedKind, rerun_label

__all__ = ["RERUN_OF", "Manifest", "Unpinned", "UnpinnedKind", "manifest_of", "rerun_label"]


def manifest_of(dossier: Dossier) -> Manifest | None:
    """Make what would run a run again; None where no workflow of it was recorded."""
    if not mapping_in(dossier.raw, "spec") or dossier.raw.get("kind") != "Workflow":
        return None
    return kubeflow_manifest(dossier) if is_compiled(dossier.raw) else argo_manifest(dossier)
