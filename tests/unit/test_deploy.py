"""What is deployed may read what the sources watch, and nothing else."""

from pathlib import Path

import yaml

from watchers.sources import all_sources

RBAC = Path(__file__).resolve().parents[2] / "deploy" / "rbac.yaml"


def test_the_role_grants_reading_of_exactly_what_is_watched() -> None:
    (role,) = [item for item in yaml.safe_load_all(RBAC.read_text()) if item["kind"] == "ClusterRole"]
    granted = {
        (group, resource, tuple(rule["verbs"]))
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert granted == {
        (source.resource.group, source.resource.plural, ("get", "list", "watch")) for source in all_sources()
    }


def test_the_role_is_bound_to_the_one_account() -> None:
    items = {item["kind"]: item for item in yaml.safe_load_all(RBAC.read_text())}
    account, binding = items["ServiceAccount"]["metadata"], items["ClusterRoleBinding"]
    assert binding["roleRef"]["name"] == items["ClusterRole"]["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", **account}]
