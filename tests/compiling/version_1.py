"""Pipelines for the SDK of Kubeflow Pipelines v1, compiled into the folder that is given."""

import sys
from pathlib import Path

import kfp
from kfp import dsl
from kfp.components import InputPath, OutputPath, create_component_from_func

IMAGE = "python:3.11"


def prepare(table: str, rows: int, data: OutputPath("CSV")) -> None:
    Path(data).write_text(f"{table} {rows}")


def train(data: InputPath("CSV"), rate: float, model: OutputPath("Model")) -> None:
    Path(model).write_text(f"{Path(data).read_text()} {rate}")


def coin() -> str:
    return "heads"


def months() -> list:
    return ["may", "june"]


prepare_op = create_component_from_func(prepare, base_image=IMAGE)
train_op = create_component_from_func(train, base_image=IMAGE)
coin_op = create_component_from_func(coin, base_image=IMAGE)
months_op = create_component_from_func(months, base_image=IMAGE)


def say(name: str, text: str = "done") -> dsl.ContainerOp:
    return dsl.ContainerOp(name=name, image="alpine", command=["echo", text])


@dsl.pipeline(name="components", description="Artifacts from step to step, and arguments that are constants.")
def components(rate: float = 0.1) -> None:
    prepared = prepare_op(table="customers", rows=1000)
    train_op(data=prepared.output, rate=rate)


@dsl.pipeline(name="volumes", description="Data that passes through a volume, and a snapshot of it.")
def volumes() -> None:
    made = dsl.VolumeOp(name="make-volume", resource_name="work", size="1Gi", modes=dsl.VOLUME_MODE_RWM)
    wrote = say("write").add_pvolumes({"/out": made.volume})
    read = say("read").add_pvolumes({"/in": wrote.pvolume})
    snapshot = dsl.VolumeSnapshotOp(name="keep", resource_name="kept", volume=read.pvolume)
    again = dsl.VolumeOp(name="restore", resource_name="again", data_source=snapshot.snapshot, size="1Gi")
    say("use").add_pvolumes({"/again": again.volume})


@dsl.pipeline(name="control", description="Conditions, loops, an exit handler, a helper beside a step.")
def control() -> None:
    with dsl.ExitHandler(say("clean-up")):
        tossed = coin_op()
        with dsl.Condition(tossed.output == "heads"):
            say("win")
            with dsl.Condition(tossed.output == "tails"):
                say("never")
        with dsl.Condition(tossed.output == "tails"):
            say("lose")
        with dsl.ParallelFor(["a", "b", "c"]) as letter:
            say("spell", letter)
        with dsl.ParallelFor(months_op().output) as month:
            say("score", month)
        helped = say("helped")
        helped.add_sidecar(dsl.Sidecar("helper", "alpine", command=["sleep", "1"]))
        dsl.ResourceOp(
            name="make-job",
            k8s_resource={"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "job-"}},
            action="create",
        )


if __name__ == "__main__":
    for pipeline in (components, volumes, control):
        name = pipeline._component_human_name
        kfp.compiler.Compiler().compile(pipeline, str(Path(sys.argv[1]) / f"{name}.yaml"))
