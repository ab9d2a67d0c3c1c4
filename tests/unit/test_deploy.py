"""What is deployed may read what the sources watch, and nothing else; what it is told to do, the program can do."""

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from zipfile import ZipFile

import kubernetes_validate
import pytest
import yaml

from lineage.cli.commands import COMMANDS, imported
from lineage.settings import PREFIX, Settings, load_settings
from tests.manifests import DEPLOY, OVERLAYS, ROOT, Manifest, of_kind, overlay, pods, rendered
from watchers.sources import watched_sources

RBAC: Final = DEPLOY / "base" / "rbac.yaml"
OF_SOME_NAMESPACES: Final = DEPLOY / "optional" / "some-namespaces"
DOCKERFILE: Final = DEPLOY / "Dockerfile"
IMAGE: Final = "kfp-lineage"
OLDEST, NEWEST = "1.30", kubernetes_validate.latest_version()

EVERY_POD: Final = [
    ("one-machine", "kfp-lineage"),
    ("cluster", "watch"),
    ("cluster", "record"),
    ("cluster", "probe"),
    ("cluster", "serve"),
    ("cluster", "migrate"),
]
every_pod = pytest.mark.parametrize(("name", "pod"), EVERY_POD)


def a_pod(name: str, pod: str) -> Manifest:
    return pods(overlay(name))[pod]


def the_container(pod: Manifest) -> Manifest:
    container: Manifest
    (container,) = pod["spec"]["containers"]
    return container


def project() -> dict[str, Any]:
    read: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return read


# ------------------------------------------------------------------------------------------ what it may read
def granted(role: Manifest) -> set[tuple[str, str, tuple[str, ...]]]:
    return {
        (group, resource, tuple(rule["verbs"]))
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


@pytest.mark.parametrize(("file", "kind"), [(RBAC, "ClusterRole"), (OF_SOME_NAMESPACES / "role.yaml", "Role")])
def test_a_role_grants_reading_of_exactly_what_is_watched(file: Path, kind: str) -> None:
    (role,) = [item for item in yaml.safe_load_all(file.read_text()) if item["kind"] == kind]
    assert granted(role) == {
        (source.resource.group, source.resource.plural, ("get", "list", "watch")) for source in watched_sources()
    }


@pytest.mark.parametrize(("file", "kind"), [(RBAC, "ClusterRole"), (OF_SOME_NAMESPACES / "role.yaml", "Role")])
def test_a_role_is_bound_to_the_one_account(file: Path, kind: str) -> None:
    (account,) = [item for item in yaml.safe_load_all(RBAC.read_text()) if item["kind"] == "ServiceAccount"]
    items = {item["kind"]: item for item in yaml.safe_load_all(file.read_text())}
    binding = items[f"{kind}Binding"]
    assert binding["roleRef"]["name"] == items[kind]["metadata"]["name"]
    assert binding["subjects"] == [{"kind": "ServiceAccount", **account["metadata"]}]


@pytest.mark.parametrize("name", OVERLAYS)
def test_an_overlay_grants_nothing_beyond_the_one_role(name: str) -> None:
    kinds = [item["kind"] for item in overlay(name) if "rbac" in item["apiVersion"]]
    assert sorted(kinds) == ["ClusterRole", "ClusterRoleBinding"]


@pytest.mark.parametrize("name", OVERLAYS)
def test_for_some_namespaces_the_role_for_all_can_be_left_out(name: str, tmp_path: Path) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    folder = tmp_path / "deploy" / "overlays" / name
    with (folder / "kustomization.yaml").open("a") as file:
        file.write("components: [../../optional/some-namespaces]\n")
    left = {(item["kind"], item["metadata"]["name"]) for item in rendered(folder)}
    everything = {(item["kind"], item["metadata"]["name"]) for item in overlay(name)}
    assert everything - left == {("ClusterRole", "kfp-lineage"), ("ClusterRoleBinding", "kfp-lineage")}


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_watches_asks_kubeflow_too_where_that_is_wanted(name: str, tmp_path: Path) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    folder = tmp_path / "deploy" / "overlays" / name
    with (folder / "kustomization.yaml").open("a") as file:
        file.write("components: [../../optional/kubeflow-api]\n")
    asking = pods(rendered(folder))
    told = {pod: {one["name"]: one for one in the_container(item)["env"]} for pod, item in asking.items()}
    (watching,) = [pod for pod, variables in told.items() if "LINEAGE_KFP_API" in variables]
    assert watching == {"one-machine": "kfp-lineage", "cluster": "watch"}[name]
    file_of_token = Path(told[watching]["LINEAGE_KFP_TOKEN_FILE"]["value"])
    mounts = {one["name"]: one["mountPath"] for one in the_container(asking[watching])["volumeMounts"]}
    assert mounts["kubeflow-token"] == str(file_of_token.parent)
    assert {"kfp_api", "kfp_token_file"} <= set(Settings.model_fields)
    for item in rendered(folder):
        kubernetes_validate.validate(item, NEWEST, strict=True)


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_watches_asks_ml_metadata_too_where_that_is_wanted(name: str, tmp_path: Path) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    folder = tmp_path / "deploy" / "overlays" / name
    with (folder / "kustomization.yaml").open("a") as file:
        file.write("components: [../../optional/kubeflow-metadata]\n")
    told = {
        pod: one["value"]
        for pod, item in pods(rendered(folder)).items()
        for one in the_container(item)["env"]
        if one["name"] == "LINEAGE_KFP_METADATA"
    }
    assert told.keys() == {{"one-machine": "kfp-lineage", "cluster": "watch"}[name]}
    for url in told.values():
        assert Settings(kfp_metadata=url).kfp_metadata == url
    for item in rendered(folder):
        kubernetes_validate.validate(item, NEWEST, strict=True)


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_watches_reads_offloaded_nodes_where_that_is_wanted(name: str, tmp_path: Path) -> None:
    items = with_components(name, tmp_path, "argo-database")
    told = {
        pod: one["valueFrom"]["secretKeyRef"]
        for pod, item in pods(items).items()
        for one in the_container(item)["env"]
        if one["name"] == "LINEAGE_ARGO_DATABASE"
    }
    assert told == {{"one-machine": "kfp-lineage", "cluster": "watch"}[name]: {"name": IMAGE, "key": "argo-database"}}
    said = (DEPLOY / "optional" / "argo-database" / "kustomization.yaml").read_text()
    assert "the key argo-database" in said
    named = {variable.lower() for variable in re.findall(r"LINEAGE_(ARGO_\w+)", said)}
    assert named <= set(Settings.model_fields)
    for item in items:
        kubernetes_validate.validate(item, NEWEST, strict=True)


def test_rules_are_followed_by_a_pod_of_their_own_where_that_is_wanted(tmp_path: Path) -> None:
    items = with_components("cluster", tmp_path, "alerts")
    pod = pods(items)["alert"]
    container, beside = the_container(pod), the_container(a_pod("cluster", "probe"))
    command, *arguments = container["args"]
    assert command == "alert"
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    folder, file = options["--rules"].rsplit("/", 1)
    (mounted,) = (mount["name"] for mount in container["volumeMounts"] if mount["mountPath"] == folder)
    (secret,) = (one["secret"]["secretName"] for one in pod["spec"]["volumes"] if one["name"] == mounted)
    said = (DEPLOY / "optional" / "alerts" / "kustomization.yaml").read_text()
    assert f"create secret generic {secret} --from-file={file}" in said
    # It runs, is asked how it fares, and is let write what every other pod is.
    for member in ("securityContext", "startupProbe", "livenessProbe", "readinessProbe", "ports", "envFrom"):
        assert container[member] == beside[member]
    assert pod["spec"]["securityContext"] == a_pod("cluster", "probe")["spec"]["securityContext"]
    rules = tmp_path / file
    rules.write_text('[[rules]]\nname = "failed"\nkind = "failed_run"\n')
    told = [str(rules) if one == options["--rules"] else one for one in arguments]
    imported(command).make_context(command, told).close()
    for item in items:
        kubernetes_validate.validate(item, NEWEST, strict=True)


def test_old_runs_are_forgotten_each_night_by_a_pod_that_is_as_the_others_are(tmp_path: Path) -> None:
    items = with_components("cluster", tmp_path, "retention")
    (job,) = of_kind(items, "CronJob").values()
    pod = job["spec"]["jobTemplate"]["spec"]["template"]
    container, beside = the_container(pod), the_container(a_pod("cluster", "probe"))
    command, *arguments = container["args"]
    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    folder, file = options["--rules"].rsplit("/", 1)
    (mounted,) = (mount["name"] for mount in container["volumeMounts"] if mount["mountPath"] == folder)
    (rules,) = (one["configMap"]["name"] for one in pod["spec"]["volumes"] if one["name"] == mounted)
    said = (DEPLOY / "optional" / "retention" / "kustomization.yaml").read_text()
    assert f"create configmap {rules} --from-file={file}" in said
    for member in ("image", "securityContext", "envFrom"):
        assert container[member] == beside[member]
    assert pod["spec"]["securityContext"] == a_pod("cluster", "probe")["spec"]["securityContext"]
    written = tmp_path / file
    written.write_text('[[rules]]\nname = "all"\nafter_days = 30\n')
    told = [str(written) if one == options["--rules"] else one for one in arguments]
    imported(command).make_context(command, told).close()
    for item in items:
        kubernetes_validate.validate(item, NEWEST, strict=True)


OF_ACCESS: Final = DEPLOY / "optional" / "access"
ISTIO: Final = ("networking.istio.io/v1", "security.istio.io/v1")


def with_components(name: str, tmp_path: Path, *components: str) -> tuple[Manifest, ...]:
    """An overlay, with some of what is optional."""
    shutil.copytree(DEPLOY, tmp_path / "deploy", dirs_exist_ok=True)
    folder = tmp_path / "deploy" / "overlays" / name
    with (folder / "kustomization.yaml").open("a") as file:
        file.write(f"components: [{', '.join(f'../../optional/{one}' for one in components)}]\n")
    return rendered(folder)


def settings_of(pod: Manifest, config: Manifest) -> dict[str, str]:
    """What a pod is told, where that is written down: what is its own goes before what all are told."""
    own = {one["name"]: one["value"] for one in the_container(pod)["env"] if "value" in one}
    return {**config, **own}


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_server_is_told_who_may_see_what_it_shows(name: str) -> None:
    (config,) = of_kind(overlay(name), "ConfigMap").values()
    serving = {"one-machine": "kfp-lineage", "cluster": "serve"}[name]
    assert settings_of(a_pod(name, serving), config["data"])["LINEAGE_ACCESS"] == "none"


@pytest.mark.parametrize("name", OVERLAYS)
def test_a_server_asks_the_cluster_who_may_see_what_where_that_is_wanted(name: str, tmp_path: Path) -> None:
    found = with_components(name, tmp_path, "access")
    serving = {"one-machine": "kfp-lineage", "cluster": "serve"}[name]
    (config,) = of_kind(found, "ConfigMap").values()
    told = {pod: settings_of(item, config["data"])["LINEAGE_ACCESS"] for pod, item in pods(found).items()}
    assert {pod for pod, access in told.items() if access != "none"} == {serving}
    assert load_settings({"access": told[serving]}).access == ("kubernetes",)
    spec = pods(found)[serving]["spec"]
    assert spec.get("automountServiceAccountToken", True)
    bound = of_kind(found, "ClusterRoleBinding")["kfp-lineage-access"]["subjects"]
    assert spec["serviceAccountName"] in [one["name"] for one in bound]
    assert {one["name"] for one in bound} <= set(of_kind(found, "ServiceAccount"))
    assert granted(of_kind(found, "ClusterRole")["kfp-lineage-access"]) == {
        ("authentication.k8s.io", "tokenreviews", ("create",)),
        ("authorization.k8s.io", "subjectaccessreviews", ("create",)),
    }
    for item in found:
        kubernetes_validate.validate(item, NEWEST, strict=True)


@pytest.mark.parametrize("name", OVERLAYS)
def test_behind_a_gateway_a_server_believes_its_sidecar_alone(name: str, tmp_path: Path) -> None:
    found = with_components(name, tmp_path, "access", "access-by-gateway")
    serving = {"one-machine": "kfp-lineage", "cluster": "serve"}[name]
    (config,) = of_kind(found, "ConfigMap").values()
    told = settings_of(pods(found)[serving], config["data"])
    settings = load_settings({"access": told["LINEAGE_ACCESS"], "proxies": told["LINEAGE_PROXIES"]})
    assert (settings.access, [str(one) for one in settings.proxies]) == (("proxy",), ["127.0.0.6/32"])
    assert told["LINEAGE_USER_HEADER"] == settings.user_header
    route, policy = (
        of_kind(found, "VirtualService")["kfp-lineage"],
        of_kind(found, "AuthorizationPolicy")["kfp-lineage"],
    )
    service = of_kind(found, "Service")["kfp-lineage"]
    destination = route["spec"]["http"][0]["route"][0]["destination"]
    assert destination["host"].startswith(f"{service['metadata']['name']}.{service['metadata']['namespace']}.")
    assert destination["port"]["number"] == service["spec"]["ports"][0]["port"]
    selected = policy["spec"]["selector"]["matchLabels"]
    assert selected.items() <= pods(found)[serving]["metadata"]["labels"].items()
    for item in found:
        if item["apiVersion"] not in ISTIO:
            kubernetes_validate.validate(item, NEWEST, strict=True)


@every_pod
def test_only_what_watches_bears_an_account(name: str, pod: str) -> None:
    spec = a_pod(name, pod)["spec"]
    watches = the_container(a_pod(name, pod))["args"][0] in ("up", "watch")
    assert spec.get("automountServiceAccountToken", True) is watches
    assert spec.get("serviceAccountName") == ("kfp-lineage" if watches else None)


# ------------------------------------------------------------------------------------------ what is rendered
@pytest.mark.parametrize("version", [OLDEST, NEWEST])
@pytest.mark.parametrize("name", OVERLAYS)
def test_every_object_is_as_kubernetes_defines_it(name: str, version: str) -> None:
    for item in overlay(name):
        kubernetes_validate.validate(item, version, strict=True)


def test_the_validation_refuses_what_kubernetes_does_not_know() -> None:
    (item,) = of_kind(overlay("one-machine"), "Service").values()
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**item, "spec": {**item["spec"], "prots": []}}, NEWEST, strict=True)


@pytest.mark.parametrize("name", OVERLAYS)
def test_every_pod_of_an_overlay_is_tested(name: str) -> None:
    assert set(pods(overlay(name))) == {pod for of, pod in EVERY_POD if of == name}


@pytest.mark.parametrize("name", OVERLAYS)
def test_services_and_budgets_find_pods(name: str) -> None:
    labels = [pod["metadata"]["labels"] for pod in pods(overlay(name)).values()]
    services, budgets = of_kind(overlay(name), "Service"), of_kind(overlay(name), "PodDisruptionBudget")
    selectors = [item["spec"]["selector"] for item in services.values()]
    selectors += [item["spec"]["selector"]["matchLabels"] for item in budgets.values()]
    for selector in selectors:
        assert sum(selector.items() <= each.items() for each in labels) == 1, selector


@pytest.mark.parametrize("name", OVERLAYS)
def test_no_secret_is_in_the_repository(name: str) -> None:
    assert not of_kind(overlay(name), "Secret")


@pytest.mark.parametrize("name", OVERLAYS)
def test_everything_lives_in_one_namespace(name: str) -> None:
    namespaces = {item["metadata"].get("namespace") for item in overlay(name)}
    assert namespaces == {"kfp-lineage", None}
    unplaced = {item["kind"] for item in overlay(name) if "namespace" not in item["metadata"]}
    assert unplaced == {"Namespace", "ClusterRole", "ClusterRoleBinding"}


# ------------------------------------------------------------------------------------------ what the program is told
@every_pod
def test_every_argument_is_one_that_the_command_line_takes(name: str, pod: str) -> None:
    command, *arguments = the_container(a_pod(name, pod))["args"]
    assert command in COMMANDS, f"there is no command {command}"
    imported(command).make_context(command, list(arguments)).close()  # an error of usage says what is wrong


@every_pod
def test_every_variable_is_a_setting_and_comes_from_something_that_is_there(name: str, pod: str) -> None:
    container = the_container(a_pod(name, pod))
    maps = of_kind(overlay(name), "ConfigMap")
    (origin,) = container["envFrom"]
    variables = [*maps[origin["configMapRef"]["name"]]["data"], *(one["name"] for one in container["env"])]
    ours = {variable for variable in variables if variable.startswith(PREFIX)}
    assert ours <= {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}
    assert set(variables) - ours == {"XDG_DATA_HOME"}
    told = (DEPLOY / "overlays" / name / "kustomization.yaml").read_text()
    for one in container["env"]:
        if "valueFrom" in one:
            reference = one["valueFrom"]["secretKeyRef"]
            assert reference["name"] == IMAGE
            assert reference["key"] in told, f"nobody says how to make {reference['key']}"


def the_secret_for(name: str, pod: str, variable: str) -> Manifest | None:
    """What of the secret a variable is read from; None where the variable is not set."""
    found = [one for one in the_container(a_pod(name, pod))["env"] if one["name"] == variable]
    return found[0]["valueFrom"]["secretKeyRef"] if found else None


@pytest.mark.parametrize("name", OVERLAYS)
def test_what_looks_at_objects_is_told_where_by_a_secret_and_nothing_else_is(name: str) -> None:
    told = {pod: the_secret_for(name, pod, "LINEAGE_OBJECT_STORES") for pod in pods(overlay(name))}
    looking = {"one-machine": "kfp-lineage", "cluster": "probe"}[name]
    assert {pod for pod, secret in told.items() if secret} == {looking}
    # What serves pages, too, starts without them.
    assert told[looking] == {"name": IMAGE, "key": "object-stores"} | (
        {"optional": True} if name == "one-machine" else {}
    )


@pytest.mark.parametrize("name", OVERLAYS)
def test_object_stores_are_written_as_the_setting_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told = (DEPLOY / "overlays" / name / "kustomization.yaml").read_text()
    (written,) = re.findall(r"--from-literal=object-stores='(.+)'", told)
    monkeypatch.setenv("LINEAGE_OBJECT_STORES", written)
    (store,) = load_settings({}).object_stores
    assert store.access_key is not None


@every_pod
def test_probes_ask_where_the_program_answers(name: str, pod: str) -> None:
    container = the_container(a_pod(name, pod))
    if container["args"] == ["migrate"]:
        return
    options = dict(zip(container["args"][1::2], container["args"][2::2], strict=True))
    (port,) = container["ports"]
    assert str(port["containerPort"]) == options.get("--health-port", options.get("--port"))
    assert options["--host"] == "0.0.0.0"  # noqa: S104 - the address of a pod is not known before
    paths = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    for probe, path in paths.items():
        assert container[probe]["httpGet"] == {"path": path, "port": port["name"]}
    assert a_pod(name, pod)["metadata"]["annotations"]["prometheus.io/port"] == str(port["containerPort"])


@every_pod
def test_a_pod_keeps_to_the_restricted_standard_and_writes_to_its_volumes_alone(name: str, pod: str) -> None:
    spec, container = a_pod(name, pod)["spec"], the_container(a_pod(name, pod))
    assert (
        spec["securityContext"].items() >= {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}.items()
    )
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"hostNetwork", "hostPID", "hostIPC"}.isdisjoint(spec)
    volumes = {kind: volume[kind] for volume in spec["volumes"] for kind in volume if kind != "name"}
    assert volumes.keys() <= {"emptyDir", "persistentVolumeClaim", "secret"}
    assert "sizeLimit" in volumes["emptyDir"]
    assert volumes.get("secret", {"optional": True})["optional"]
    assert "limits" in container["resources"]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    values = {one["name"]: one.get("value", "") for one in container["env"]}
    assert values["XDG_DATA_HOME"] in mounted
    assert "/tmp" in mounted  # noqa: S108 - where Python and SQLite put what they do not keep


def test_a_store_in_a_file_belongs_to_one_pod_at_a_time() -> None:
    (deployment,) = of_kind(overlay("one-machine"), "Deployment").values()
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})


# ------------------------------------------------------------------------------------------ the image
def instructions() -> Iterator[tuple[str, str]]:
    """Read the instructions of the Dockerfile."""
    text = re.sub(r"\\\n\s*", "", DOCKERFILE.read_text())
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, rest = line.partition(" ")
            yield name, rest


def copied() -> list[str]:
    """Name what goes into the build."""
    sources = [rest.split()[:-1] for name, rest in instructions() if name == "COPY" and "--from" not in rest]
    return [path for several in sources for path in several]


def test_the_wheel_is_built_from_what_the_image_copies(tmp_path: Path) -> None:
    for path in copied():
        source = ROOT / path
        if source.is_dir():
            shutil.copytree(source, tmp_path / path, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / path)
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "dist").glob("kfp_lineage-*.whl")
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert names >= {"lineage/cli/__init__.py", "watchers/run.py", "lineage_graphql/queries/runs.graphql"}


def test_what_is_copied_is_not_ignored() -> None:
    lines = DOCKERFILE.with_suffix(".dockerignore").read_text().splitlines()
    assert "*" in lines
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == set(copied())


def test_the_image_runs_as_nobody_in_particular_and_has_what_a_cluster_needs() -> None:
    said = list(instructions())
    users = [rest for name, rest in said if name == "USER"]
    uid, _, gid = users[-1].partition(":")
    for name, pod in EVERY_POD:
        context = a_pod(name, pod)["spec"]["securityContext"]
        assert (context["runAsUser"], context["runAsGroup"]) == (int(uid), int(gid))
    installs = next(rest for name, rest in said if name == "RUN" and "install" in rest)
    extras = re.search(r"\.whl\)\[([a-z,]+)\]", installs)
    assert extras is not None
    tables = {"parquet"}  # large, and wanted by somebody at a terminal, and no server
    assert set(extras[1].split(",")) == set(project()["optional-dependencies"]) - tables
    assert [rest for name, rest in said if name == "ENTRYPOINT"] == ['["lineage"]']


def test_the_image_has_a_python_that_the_project_supports() -> None:
    bases = {rest.split()[0] for name, rest in instructions() if name == "FROM"}
    (base,) = bases
    version = re.fullmatch(r"python:(\d+)\.(\d+)-slim", base)
    assert version is not None
    oldest = tuple(map(int, project()["requires-python"].removeprefix(">=").split(".")))
    assert (int(version[1]), int(version[2])) >= oldest


def test_the_program_needs_nothing_of_what_the_image_leaves_out() -> None:
    (build,) = [rest for name, rest in instructions() if name == "RUN"]
    left_out = {found.replace("/", ".") for found in re.findall(r"/site-packages/([a-z/]+)", build)}
    assert left_out == {"kubernetes.aio", "kubernetes.client.api"}
    commands = "import sys; from lineage.cli.commands import COMMANDS, imported; [*map(imported, COMMANDS)]"
    program = f"{commands}; sys.exit(sorted(sys.modules.keys() & {left_out}) or 0)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", OVERLAYS)
def test_the_manifests_start_the_image_of_this_release(name: str) -> None:
    images = {the_container(pod)["image"] for pod in pods(overlay(name)).values()}
    assert images == {f"{IMAGE}:{project()['version']}"}
    assert f"-t {IMAGE}:{project()['version']} ." in DOCKERFILE.read_text()
