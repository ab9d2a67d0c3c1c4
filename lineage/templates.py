"""The templates in a recorded workflow: which of them a node ran, and that with the arguments of the step put in.

Pure. Source: `GetTemplateByName` and `GetStoredTemplate` in
argo-workflows/pkg/apis/workflow/v1alpha1/workflow_types.go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lineage.members import NOTHING, mapping_in, mappings_in, text_in
from lineage.model import Execution
from lineage.placeholders import filled


@dataclass(frozen=True, slots=True)
class Templates:
    """The templates that a workflow holds: its own by name, and those of other objects as it stored them."""

    nodes: Mapping[str, Any]
    own: Mapping[str, Mapping[str, Any]]
    stored: Mapping[str, Any]

    @classmethod
    def of(cls, workflow: Any) -> "Templates":
        status = mapping_in(workflow, "status")
        specs = (mapping_in(status, "storedWorkflowTemplateSpec"), mapping_in(workflow, "spec"))
        return cls(
            nodes=mapping_in(status, "nodes"),
            own={text_in(one, "name"): one for spec in specs for one in mappings_in(spec, "templates")},
            stored=mapping_in(status, "storedTemplates"),
        )

    def of_step(self, execution: Execution) -> Mapping[str, Any]:
        """The template that an execution ran, as it is written; empty where the workflow does not hold it."""
        node = mapping_in(self.nodes, execution.node_id or "")
        reference, name = mapping_in(node, "templateRef"), text_in(node, "templateName")
        found: Mapping[str, Any] = NOTHING
        if reference:
            scope = "cluster" if reference.get("clusterScope") is True else "namespaced"
            found = mapping_in(self.stored, f"{scope}/{text_in(reference, 'name')}/{text_in(reference, 'template')}")
        elif name:
            found = self.own.get(name) or mapping_in(self.stored, f"{text_in(node, 'templateScope')}/{name}")
        return found


def filled_in(template: Mapping[str, Any], execution: Execution) -> Mapping[str, Any]:
    """Put the arguments of a step in the place of what stands for them in its template."""
    given = {f"inputs.parameters.{one.name}": one.value for one in execution.input_parameters if one.value is not None}
    return {name: _filled(each, given) for name, each in template.items()} if given else template


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return filled(value, values) if "{{" in value else value
    if isinstance(value, dict):
        return {name: _filled(each, values) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, values) for each in value]
    return value
