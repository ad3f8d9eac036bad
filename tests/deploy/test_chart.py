"""The chart: what Kubernetes' own schemas say of it, and what it promises."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from ingest_image.cli import main
from processor_service.origins import is_among
from processor_service.settings import Settings
from processor_service.workers.memory import BASE, shortage
from tests.helpers.charts import CHART, NEEDED, Objects, Render, Schemas, container, environment, one
from tests.helpers.paths import ROOT
from tests.helpers.ports import free_port
from tests.helpers.service import running_service

PLACEMENT: dict[str, Any] = {
    "nodeSelector": {"a": "b"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
}
EVERYTHING: dict[str, Any] = {
    "imagePullSecrets": [{"name": "registry"}],
    "elasticsearch": {"existingSecret": "user", "caSecret": "ca"},
    "service": {
        "env": [{"name": "IMAGE_STORE_URL", "value": "s3://pictures/live"}],
        "podAnnotations": {"a": "b"},
        **PLACEMENT,
        "knownAs": ["https://pictures.example:8443"],
    },
    "autoscaling": {"enabled": True, "pendingPictures": 16},
    "networkPolicy": {"egress": [{"ports": [{"port": 443}]}], "gallery": [{"podSelector": {}}]},
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "enricher": {"enabled": True, "cpu": 0.5, **PLACEMENT},
    "gallery": {"enabled": True, "store": True, "args": ["--read-only", "--index=photos*"], **PLACEMENT},
    "bootstrap": {"enabled": True, **PLACEMENT},
}
# The oldest that Chart.yaml lets in.
OLDEST = "1.27.0"
# Not Kubernetes' own: a schema comes with the operator only.
FOREIGN = {"ServiceMonitor", "PodMonitor"}
COMMANDS = ("service", "gallery", "bootstrap", "enricher")


def pods(objects: Objects) -> Iterator[dict[str, Any]]:
    return (each for each in objects if each["kind"] in ("Deployment", "Job"))


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["least", "everything"])
def test_helm_and_the_schemas_of_kubernetes_find_nothing(
    render: Render, kubernetes: Schemas, values: dict[str, Any]
) -> None:
    helm = pytest.importorskip("helm_python", reason="no helm on this platform")
    report = helm.lint(CHART, NEEDED | values, strict=True, kube_version=f"v{OLDEST}")
    # 1: only says something.
    assert [said for said in report["messages"] if said["severity"] != 1] == [] and not report["errors"]
    for found in render(**values):
        for version in (OLDEST, kubernetes.latest_version()) if found["kind"] not in FOREIGN else ():
            kubernetes.validate(found, version, strict=True)


def test_what_there_is(render: Render) -> None:
    service = {"Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"}
    assert {each["kind"] for each in render()} == service
    objects = render(**EVERYTHING)
    assert {each["kind"] for each in objects} == {*service, "HorizontalPodAutoscaler", *FOREIGN, "Job"}
    names = {each["metadata"]["name"] for each in objects if each["kind"] == "Deployment"}
    assert names == {f"pictures-ingest-image{part}" for part in ("", "-enricher", "-gallery")}


def test_nothing_is_root_or_writes_anywhere_but_to_bounded_volumes(render: Render) -> None:
    found = list(pods(render(**EVERYTHING)))
    assert len(found) == 4
    for workload in found:
        pod, inside = workload["spec"]["template"]["spec"], container(workload)
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 10001
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        context = inside["securityContext"]
        assert context["readOnlyRootFilesystem"] and context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert inside["resources"]["limits"]["memory"] == inside["resources"]["requests"]["memory"]
        written = [volume["emptyDir"]["sizeLimit"] for volume in pod["volumes"] if "secret" not in volume]
        assert written and all(written)
        mounts = {mount["mountPath"] for mount in inside["volumeMounts"]}
        assert environment(workload).get("TMPDIR", "/tmp") in mounts


@pytest.mark.parametrize("part", COMMANDS)
def test_each_part_runs_on_the_machines_that_its_own_values_name(render: Render, part: str) -> None:
    enabled = {one: {"enabled": True} for one in COMMANDS if one != "service"}
    found = pods(render(**enabled | {part: enabled.get(part, {}) | PLACEMENT}))
    placed = {
        container(each)["name"]: {name: each["spec"]["template"]["spec"].get(name) for name in PLACEMENT}
        for each in found
    }
    assert placed == {one: PLACEMENT if one == part else dict.fromkeys(PLACEMENT) for one in COMMANDS}


@pytest.mark.parametrize(
    "sizes", [{}, {"workers": 7, "recognizers": 0}, {"memory": {"held": 2048, "worker": 300}}], ids=str
)
def test_the_service_s_memory_is_enough_for_its_workers_and_no_more(render: Render, sizes: dict[str, Any]) -> None:
    workload = one(render(service=sizes), "Deployment")
    given: dict[str, Any] = dict(environment(workload))
    settings = Settings(**{name.removeprefix("IMAGE_").lower(): value for name, value in given.items()})
    (volume,) = workload["spec"]["template"]["spec"]["volumes"]
    assert volume["emptyDir"]["medium"] == "Memory"
    limit, temporary = (
        int(text.removesuffix("Mi")) << 20
        for text in (container(workload)["resources"]["limits"]["memory"], volume["emptyDir"]["sizeLimit"])
    )
    assert shortage(settings, limit - temporary) is None
    assert shortage(settings, limit - temporary - 1)
    assert BASE == 256 << 20
    grace = workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace >= settings.picture_timeout + 10 + 5


def test_the_service_s_variables_are_settings(render: Render) -> None:
    entries = container(one(render(**EVERYTHING), "Deployment"))["env"]
    known = {f"IMAGE_{name.upper()}" for name in Settings.model_fields}
    assert {entry["name"] for entry in entries} - known == {"TMPDIR"}
    assert len({entry["name"] for entry in entries}) == len(entries)


def test_probes_come_to_the_port_for_them(render: Render) -> None:
    inside = container(one(render(), "Deployment"))
    ports = {port["name"]: port["containerPort"] for port in inside["ports"]}
    assert ports == {"http": 8090, "health": 8093}
    assert environment(one(render(), "Deployment"))["IMAGE_HEALTH_PORT"] == "8093"
    probes = {name: inside[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {probe["port"] for probe in probes.values()} == {"health"}
    assert [probe["path"] for probe in probes.values()] == ["/healthz", "/healthz", "/readyz"]


def test_the_enricher_has_a_port_for_metrics_and_probes(render: Render) -> None:
    objects = render(**EVERYTHING | {"elasticsearch": {"url": "http://one:9200,http://two:9200"}})
    workload = one(objects, "Deployment", "pictures-ingest-image-enricher")
    inside = container(workload)
    (port,) = inside["ports"]
    assert f"--metrics-port={port['containerPort']}" in inside["args"]
    probes = [inside[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness")]
    assert probes == [{"path": "/healthz", "port": port["name"]}] * 2
    monitor = one(objects, "PodMonitor", workload["metadata"]["name"])["spec"]
    labels = workload["spec"]["template"]["metadata"]["labels"]
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    assert [end["port"] for end in monitor["podMetricsEndpoints"]] == [port["name"]]


def test_nodes_are_told_an_address_that_the_service_knows_and_that_leads_to_each_pod(render: Render) -> None:
    objects = render(**EVERYTHING)
    service = one(objects, "Service")
    assert service["spec"]["clusterIP"] == "None"
    told = container(one(objects, "Job", "pictures-ingest-image-bootstrap"))["args"][1].removeprefix("--service-url=")
    assert told == "http://pictures-ingest-image.shop.svc:8090"
    known = Settings(known_as=environment(one(objects, "Deployment"))["IMAGE_KNOWN_AS"]).known_as
    assert is_among(told, known) and is_among("https://pictures.example:8443", known)
    labels = one(objects, "Deployment")["spec"]["template"]["metadata"]["labels"]
    for selector in (
        service["spec"]["selector"],
        one(objects, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        one(objects, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels.items()
        assert (
            sum(selector.items() <= each["spec"]["template"]["metadata"]["labels"].items() for each in pods(objects))
            == 1
        )
    monitored = one(objects, "ServiceMonitor")["spec"]
    assert monitored["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert {end["port"] for end in monitored["endpoints"]} <= {port["name"] for port in service["spec"]["ports"]}


def test_what_decodes_starts_no_connection(render: Render) -> None:
    policy = one(render(), "NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"] and policy["egress"] == []
    reached = {port["port"]: rule["from"] for rule in policy["ingress"] for port in rule["ports"]}
    assert set(reached) == {"http", "health"}
    assert reached["http"] == [{"podSelector": {"matchLabels": {"common.k8s.elastic.co/type": "elasticsearch"}}}]


@pytest.mark.parametrize(("part", "port"), [("enricher", "metrics"), ("gallery", "http")])
def test_only_who_is_named_reaches_the_others(render: Render, part: str, port: str) -> None:
    name = f"pictures-ingest-image-{part}"
    for values, reached in ((EVERYTHING, [port]), ({part: {"enabled": True}, "networkPolicy": {"monitoring": []}}, [])):
        objects = render(**values)
        policy = one(objects, "NetworkPolicy", name)["spec"]
        assert policy["podSelector"] == one(objects, "Deployment", name)["spec"]["selector"]
        # Elasticsearch may be anywhere, so it is not said whom they ask.
        assert policy["policyTypes"] == ["Ingress"]
        assert [entry["port"] for rule in policy.get("ingress", []) for entry in rule["ports"]] == reached


@pytest.mark.parametrize("store", [False, True])
def test_the_gallery_reaches_the_service_and_knows_its_token_only_to_show_what_is_in_a_store(
    render: Render, store: bool
) -> None:
    objects = render(gallery={"enabled": True, "store": store, "args": ["--read-only"]})
    page = one(objects, "Deployment", "pictures-ingest-image-gallery")
    name = "http://pictures-ingest-image.shop.svc:8090"
    assert (f"--service-url={name}" in container(page)["args"]) == store and container(page)["args"][
        -1
    ] == "--read-only"
    tokens = [entry["valueFrom"]["secretKeyRef"] for entry in container(page)["env"] if entry["name"] == "IMAGE_TOKEN"]
    assert tokens == ([{"name": "shared", "key": "token"}] if store else [])
    assert is_among(name, Settings(known_as=environment(one(objects, "Deployment"))["IMAGE_KNOWN_AS"]).known_as)
    allowed = [
        peer.get("podSelector", {}).get("matchLabels")
        for rule in one(objects, "NetworkPolicy")["spec"]["ingress"]
        if rule["ports"] == [{"port": "http"}]
        for peer in rule["from"]
    ]
    assert (page["spec"]["selector"]["matchLabels"] in allowed) == store


def test_a_long_name_of_a_release_makes_no_name_that_is_too_long(render: Render) -> None:
    # As long as Helm allows; Kubernetes allows 63.
    objects = render(release="a" * 53, **EVERYTHING)
    names = [each["metadata"]["name"] for each in objects]
    assert max(map(len, names)) <= 63 and len({(each["kind"], each["metadata"]["name"]) for each in objects}) == len(
        names
    )


def test_an_autoscaler_decides_alone_how_many_there_are(render: Render) -> None:
    assert one(render(), "Deployment")["spec"]["replicas"] == 2
    objects = render(**EVERYTHING)
    assert "replicas" not in one(objects, "Deployment")["spec"]
    scaler = one(objects, "HorizontalPodAutoscaler")["spec"]
    assert [metric["type"] for metric in scaler["metrics"]] == ["Resource", "Pods"]
    assert "cpu" in container(one(objects, "Deployment"))["resources"]["requests"]


def test_what_the_autoscaler_looks_at_is_where_prometheus_is_told_to_look(render: Render, tmp_path: Path) -> None:
    """Of each pod one number, at the port and path that the ServiceMonitor names."""
    objects = render(**EVERYTHING)
    metrics = one(objects, "HorizontalPodAutoscaler")["spec"]["metrics"]
    asked = {metric["pods"]["metric"]["name"] for metric in metrics if metric["type"] == "Pods"}
    (endpoint,) = one(objects, "ServiceMonitor")["spec"]["endpoints"]
    service = one(objects, "Deployment")
    ports = {port["name"]: port["containerPort"] for port in container(service)["ports"]}
    variable = next(name for name, value in environment(service).items() if value == str(ports[endpoint["port"]]))
    port = free_port()
    setting = variable.removeprefix("IMAGE_").lower()
    with running_service(tmp_path / "log", workers="1", **{setting: str(port)}):
        text = requests.get(f"http://127.0.0.1:{port}{endpoint['path']}", timeout=60).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    assert asked
    for name in asked:
        (sample,) = (sample for sample in samples if sample.name == name)
        assert sample.labels == {} and sample.value == 0


def test_each_runs_a_command_that_there_is(render: Render) -> None:
    found = {container(each)["name"]: container(each)["args"] for each in pods(render(**EVERYTHING))}
    for part in COMMANDS:
        name, *options = found[part]
        command = main.get_command(click.Context(main), name)
        assert command, name
        given = {option.split("=")[0] for option in options}
        assert given <= {flag for parameter in command.params for flag in parameter.opts}


def test_the_token_is_given_or_lies_in_a_secret(render: Render) -> None:
    given = render(token={"value": "s3cret", "previous": "old"})
    secret = one(given, "Secret", "pictures-ingest-image-token")
    assert secret["stringData"] == {"token": "s3cret", "previous-token": "old"}
    for objects, name in ((given, secret["metadata"]["name"]), (render(), "shared")):
        entries = {entry["name"]: entry.get("valueFrom") for entry in container(one(objects, "Deployment"))["env"]}
        assert entries["IMAGE_TOKEN"]["secretKeyRef"] == {"name": name, "key": "token"}
        assert entries["IMAGE_PREVIOUS_TOKEN"]["secretKeyRef"]["optional"]
    assert "s3cret" not in json.dumps([each for each in given if each["kind"] != "Secret"])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"token": {}}, "set token.existingSecret (a Secret with the key `token`), or token.value"),
        ({"token": {"existingSecret": "a", "value": "b"}}, "not both"),
        ({"image": {}}, "set image.repository"),
        ({"service": {"worker": 3}}, "additional properties 'worker' not allowed"),
        ({"service": {"workers": 0}}, "minimum"),
        ({"service": {"logLevel": "loud"}}, "must be one of"),
        ({"service": {"env": [{"name": "IMAGE_WORKERS", "value": "9"}]}}, "IMAGE_WORKERS is set by another value"),
        ({"autoscaling": {"enabled": True, "minReplicas": 9, "maxReplicas": 2}}, "maxReplicas must be at least"),
        ({"gallery": {"knownAs": []}}, "minItems"),
        ({"elasticsearch": {"url": "http://one:9200,two"}}, "pattern"),
    ],
    ids=[
        "no token",
        "two tokens",
        "no image",
        "unknown",
        "no worker",
        "log level",
        "twice",
        "scale",
        "no name",
        "address",
    ],
)
def test_wrong_values_are_refused_with_what_would_be_right(render: Render, values: dict[str, Any], said: str) -> None:
    helm = pytest.importorskip("helm_python", reason="no helm on this platform")
    with pytest.raises(helm.HelmError) as refused:
        render(**values)
    assert said in str(refused.value)


def test_the_schema_knows_each_value_and_no_other() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def same(schema: dict[str, Any], values: dict[str, Any], path: str) -> None:
        known = schema["properties"]
        assert set(known) - {"global"} == set(values), path
        for name, value in values.items():
            if isinstance(value, dict) and "properties" in known[name]:
                assert known[name]["additionalProperties"] is False
                same(known[name], value, f"{path}.{name}")

    same(schema, values, "values")


def test_the_chart_is_of_the_version_of_the_package() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert chart["version"] == chart["appVersion"] == package["version"]
