"""Fingerprints: equal for what would do the same again, as far as anybody can know, and none while anything of it is
not known.

Pure. Of an execution these are the digests of its images, its commands and arguments as they were filled in, its
environment, its parameters and the content of what it read. Of a run the text of its pipeline, its parameters, the
images of its steps, and the content of what came from outside of it: what its own steps handed to each other follows
from that, or else they are not deterministic. Names that an engine makes up for one run are set aside
(`lineage.generated`). A secret counts by its keyed digest, where it is kept at all.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lineage.containers import Container, Told
from lineage.dossier import CONTAINED, Dossier, Step
from lineage.generated import Generated
from lineage.identity import canonical, sha256
from lineage.model import LOGS, Artifact, ArtifactUse, ContainerImage, Parameter, Phase
from lineage.workloads import WORKFLOW

MOST_MISSING: Final = 20
"""Reasons that are told of one fingerprint: of a run with a thousand steps, the first say enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """`digest` is None while anything is not known; `missing` then says what, in words. `outcome` is of what came out,
    as far as its content is known, and None where nothing is."""

    digest: str | None
    missing: tuple[str, ...] = ()
    outcome: str | None = None


UNSETTLED: Final = Fingerprint(digest=None, missing=("its run has not ended, or ended a moment ago",))


def generated_names(dossier: Dossier) -> Generated:
    """The names that were made up for a run."""
    run, workflows = dossier.run, dossier.workflows
    return Generated.of(
        names=(run.name, *(one.name for one in workflows)),
        uids=(run.uid, *(one.uid for one in workflows)),
    )


def content_of(artifact: Artifact) -> str | None:
    """What is known of the content of an artifact: what its bytes mean, else the bytes themselves."""
    return artifact.content_digest or artifact.digest


# ------------------------------------------------------------------------------------------ of an execution
def of_step(step: Step, generated: Generated) -> Fingerprint:
    """The fingerprint of one attempt at a step."""
    outcome = _outcome(step)
    missing = tuple(dict.fromkeys(_missing(step)))
    if missing:
        return Fingerprint(digest=None, missing=missing[:MOST_MISSING], outcome=outcome)
    ingredients = {
        "containers": [_container(one, generated) for one in step.code],
        "template": generated.neutral_value(_made_by_template(step)),
        "parameters": _parameters(step.execution.input_parameters, generated),
        "inputs": {name: sorted(contents) for name, contents in contents_of(step.inputs).items()},
    }
    return Fingerprint(digest=sha256(canonical(ingredients)), outcome=outcome)


def _missing(step: Step) -> Iterator[str]:
    one = step.execution
    if one.cached:
        yield "its outputs were taken over: no code ran"
    elif one.kind not in CONTAINED:
        yield f"what a step of the kind {one.kind} does is not known"
    elif not one.phase.ended:
        yield "it has not ended"
    elif one.phase in (Phase.SKIPPED, Phase.OMITTED):
        yield "it was not run"
    else:
        yield from _missing_code(step)
        yield from missing_contents(step.inputs)


def _missing_code(step: Step) -> Iterator[str]:
    code = step.code
    if not code:
        yield "what its containers were to run is not known: neither its pod nor its template was seen"
    for one in code:
        if one.told is not Told.POD:
            yield f"what the container {one.name} ran is not known: its pod was not seen"
        elif one.digest is None:
            yield f"the digest of the image of the container {one.name} is not known"


def results_of(outputs: Iterable[ArtifactUse]) -> Iterator[ArtifactUse]:
    """What came out of a step: what it wrote, but for its logs."""
    return (use for use in outputs if not use.name.endswith(LOGS))


def missing_contents(uses: Iterable[ArtifactUse]) -> Iterator[str]:
    """Say of which inputs the content is not known."""
    for name, artifacts in _by_name(uses).items():
        contents = {content_of(each) for each in artifacts}
        if None in contents:
            yield f"the content of the input {name} is not known"
        elif len(contents) > 1:
            yield f"which content the input {name} had is not known: the clocks allow several writes"


def contents_of(uses: Iterable[ArtifactUse]) -> dict[str, set[str]]:
    """The contents of inputs or outputs by name, as far as they are known."""
    known = {
        name: {content for each in artifacts if (content := content_of(each)) is not None}
        for name, artifacts in _by_name(uses).items()
    }
    return {name: contents for name, contents in known.items() if contents}


def _by_name(uses: Iterable[ArtifactUse]) -> Mapping[str, Sequence[Artifact]]:
    named: defaultdict[str, list[Artifact]] = defaultdict(list)
    for use in uses:
        named[use.name].append(use.artifact)
    return named


def _container(one: Container, generated: Generated) -> dict[str, Any]:
    return {
        "name": one.name,
        "image": one.digest,
        "argv": [generated.neutral(each) for each in one.argv],
        "script": None if one.script is None else generated.neutral(one.script),
        "environment": dict(environment_of(one, generated)),
        "sources": sorted(one.sources),
    }


def environment_of(one: Container, generated: Generated) -> Iterator[tuple[str, str]]:
    """The variables of a container that somebody set, or where they come from. What Argo adds says how it runs."""
    for variable in one.environment:
        if not variable.name.startswith("ARGO_"):
            yield variable.name, generated.neutral(variable.value or "") if variable.source is None else variable.source


def _made_by_template(step: Step) -> Mapping[str, Any]:
    """What a step does beside running a container: the object that it makes."""
    return {"resource": step.template["resource"]} if "resource" in step.template else {}


def _parameters(given: Iterable[Parameter], generated: Generated) -> dict[str, str]:
    return {one.name: generated.neutral(one.value or "") for one in given}


def _outcome(step: Step) -> str | None:
    if step.execution.phase is not Phase.SUCCEEDED:
        return None
    contents = {name: sorted(several) for name, several in contents_of(results_of(step.outputs)).items()}
    values = {one.name: one.value for one in step.execution.output_parameters}
    return sha256(canonical([contents, values])) if contents or values else None


# ------------------------------------------------------------------------------------------ of a run
def of_run(dossier: Dossier, generated: Generated) -> Fingerprint:
    """The fingerprint of a run."""
    contents = tuple(dossier.external_inputs)
    missing = tuple(dict.fromkeys(_missing_of_run(dossier, contents)))
    outcome = _outcome_of_run(dossier)
    if missing or dossier.version is None:
        return Fingerprint(digest=None, missing=missing[:MOST_MISSING], outcome=outcome)
    ingredients = {
        "pipeline": dossier.version.digest,
        "parameters": _parameters(dossier.view.parameters, generated),
        "images": sorted({(place_of(step), *image) for step in dossier.current for image in _images(step)}),
        "inputs": sorted({(place_of(step), use.name, content_of(use.artifact) or "") for step, use in contents}),
    }
    return Fingerprint(digest=sha256(canonical(ingredients)), outcome=outcome)


def place_of(step: Step) -> str:
    """Where in its pipeline a step is, whichever run, turn of a loop or attempt it is of."""
    return step.execution.component or step.execution.template or step.execution.display_name


def _missing_of_run(dossier: Dossier, contents: Sequence[tuple[Step, ArtifactUse]]) -> Iterator[str]:
    run, seen = dossier.run, dossier.completeness
    if run.kind != WORKFLOW:
        yield f"a {run.kind} has no text that says all that it does"
    if not run.phase.ended:
        yield "it has not ended"
    if dossier.version is None:
        yield "the text of its pipeline is not known"
    if seen is not None and seen.nodes_expected is not None and seen.nodes_recorded < seen.nodes_expected:
        yield f"{seen.nodes_expected - seen.nodes_recorded} of its nodes were not seen"
    for step in dossier.current:
        name = step.execution.display_name
        for container, digest in _images(step):
            if not digest:
                yield f"the digest of the image of the container {container} of {name} is not known"
        if step.execution.cached and step.cached_from is None:
            yield f"what {name} was taken over from is not known"
    for step, use in contents:
        if content_of(use.artifact) is None:
            yield f"the content of the input {use.name} of {step.execution.display_name} is not known"


def _images(step: Step) -> Iterator[tuple[str, str]]:
    """The digests of the images of somebody's own containers; of one that was taken over, of those that ran then."""
    if step.ran:
        yield from ((one.name, one.digest or "") for one in step.code)
    elif step.execution.cached and not step.execution.system:
        yield from ((one.container, one.digest or "") for one in images_then(step))


def images_then(step: Step) -> Sequence[ContainerImage]:
    """The images of the containers that did the work that a step took over, as far as its own pods say."""
    mine = {one.name for one in step.code}
    images = {one.container: one for pod in step.source_pods for one in pod.images}
    return [image for name, image in images.items() if name in mine or name == "main"]


def _outcome_of_run(dossier: Dossier) -> str | None:
    """What came out of a run: the content of what its steps wrote, and their values."""
    if dossier.run.phase is not Phase.SUCCEEDED:
        return None
    came_out = sorted(
        {
            (place_of(step), name, content)
            for step in dossier.current
            for name, of in contents_of(results_of(step.outputs)).items()
            for content in of
        }
    )
    return sha256(canonical(came_out)) if came_out else None
