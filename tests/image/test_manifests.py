"""compose.yaml and kubernetes.yaml are valid, and match the image and the host."""

import copy
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose

from embeddable_host.config.environment import SERVE_VARIABLES
from embeddable_host.config.load import load
from embeddable_host.config.warnings import warnings
from embeddable_host.relay.protocol import MAX_MESSAGE_BYTES, WAIT_SECONDS
from embeddable_host.serving.serve import DRAIN_SECONDS
from embeddable_host.site.site import build_site
from world.host import add_release, configured
from world.places import ROOT

OLDEST = "1.30"  # of the versions of Kubernetes that may be in use
CONTAINERFILE = (ROOT / "Containerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "compose.yaml").read_text(encoding="utf-8")
SERVICES = yaml.safe_load(COMPOSE)["services"]
MANIFEST = {
    document["kind"]: document
    for document in yaml.safe_load_all((ROOT / "container" / "kubernetes.yaml").read_text(encoding="utf-8"))
}
POD = MANIFEST["Deployment"]["spec"]["template"]["spec"]
[HOST] = POD["containers"]


def in_containerfile(pattern: str) -> str:
    """The only match in the Containerfile."""
    [found] = re.findall(pattern, CONTAINERFILE, re.MULTILINE)
    return str(found)


UID = in_containerfile(r"^USER (\d+):\d+$")
PORT = in_containerfile(r"^EXPOSE (\d+)$")
STATE = in_containerfile(r"^VOLUME (\S+)$")
SETTINGS = in_containerfile(r"^WORKDIR (\S+)$")


def test_compose_accepts_it() -> None:
    assert PyCompose.from_yaml(COMPOSE).service_names() == list(SERVICES)


def test_compose_would_reject_an_unknown_key() -> None:
    with pytest.raises(ValueError, match="read_olny"):
        PyCompose.from_yaml(COMPOSE.replace("read_only", "read_olny"))


@pytest.mark.parametrize("version", [OLDEST, kubernetes_validate.latest_version()])
@pytest.mark.parametrize("kind", list(MANIFEST))
def test_kubernetes_accepts_it(kind: str, version: str) -> None:
    kubernetes_validate.validate(MANIFEST[kind], version, strict=True)


def test_kubernetes_would_reject_an_unknown_key() -> None:
    wrong: dict[str, Any] = copy.deepcopy(MANIFEST["Deployment"])
    wrong["spec"]["template"]["spec"]["containers"][0]["securityContext"]["readOnlyRootFileSystem"] = True
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, OLDEST, strict=True)


@pytest.mark.parametrize("service", list(SERVICES))
def test_compose_restricts_each_service(service: str) -> None:
    options = SERVICES[service]

    assert options["read_only"] is True
    assert options["cap_drop"] == ["ALL"]
    assert options["security_opt"] == ["no-new-privileges"]
    assert ("cap_add" in options) == (service == "nginx")
    assert "privileged" not in options


def test_compose_mounts_settings_and_state() -> None:
    mounted = dict(volume.split(":")[:2] for volume in SERVICES["host"]["volumes"])

    assert mounted == {"./settings": SETTINGS, "state": STATE}
    assert "./settings:/etc/embeddable-host:ro" in SERVICES["host"]["volumes"]
    assert "ports" not in SERVICES["host"]
    assert int(SERVICES["host"]["stop_grace_period"].removesuffix("s")) > DRAIN_SECONDS


def test_the_pod_is_restricted() -> None:
    pod, container = POD["securityContext"], HOST["securityContext"]

    assert pod["runAsNonRoot"] is True
    assert {str(pod[name]) for name in ("runAsUser", "runAsGroup", "fsGroup")} == {UID}
    assert pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert POD["automountServiceAccountToken"] is False


def test_no_variable_of_the_cluster_is_read_as_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Service sets variables by its name in each pod beside it, such as EMBEDDABLE_HOST_SERVICE_HOST."""
    file = configured(tmp_path) / "embeddable.toml"
    name = MANIFEST["Service"]["metadata"]["name"].upper().replace("-", "_")
    monkeypatch.setenv(f"{name}_SERVICE_HOST", "10.0.0.1")

    assert POD["enableServiceLinks"] is False
    with pytest.raises(Exception, match=f"{name}_SERVICE_HOST"):
        load(file)


def test_the_settings_of_the_manifest_load_without_a_warning(tmp_path: Path) -> None:
    [(name, text)] = MANIFEST["ConfigMap"]["data"].items()

    assert name == "embeddable.toml"
    assert warnings(load(configured(tmp_path, text) / name)) == []


def test_the_probes_and_the_port_are_the_hosts(tmp_path: Path) -> None:
    add_release(configured(tmp_path))
    site = build_site(load(tmp_path / "embeddable.toml"))
    probes = [HOST[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")]

    assert {probe["path"] for probe in probes} == {"/readyz", "/healthz"} <= set(site.assets)
    assert HOST["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert {probe["port"] for probe in probes} == {"http"}
    assert HOST["ports"] == [{"name": "http", "containerPort": int(PORT)}]
    for environment in ([one["name"] for one in HOST["env"]], SERVICES["host"]["environment"]):
        assert list(environment) == [SERVE_VARIABLES["pull"]]


def test_the_manifest_mounts_settings_and_state() -> None:
    mounted = {mount["mountPath"]: mount["name"] for mount in HOST["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in POD["volumes"]}

    assert mounted.keys() == {SETTINGS, STATE, "/tmp"}
    assert volumes[mounted[SETTINGS]]["configMap"]["name"] == MANIFEST["ConfigMap"]["metadata"]["name"]
    claim = MANIFEST["PersistentVolumeClaim"]
    assert volumes[mounted[STATE]]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]


def test_selectors_and_names_match() -> None:
    deployment, service = MANIFEST["Deployment"]["spec"], MANIFEST["Service"]
    [rule] = MANIFEST["Ingress"]["spec"]["rules"]
    [path] = rule["http"]["paths"]
    labels = deployment["template"]["metadata"]["labels"]

    assert deployment["replicas"] == 2
    for selector in (
        deployment["selector"]["matchLabels"],
        service["spec"]["selector"],
        MANIFEST["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector == labels
    assert path["backend"]["service"] == {"name": service["metadata"]["name"], "port": {"name": "http"}}
    assert MANIFEST["PodDisruptionBudget"]["spec"]["minAvailable"] == 1
    assert POD["terminationGracePeriodSeconds"] > DRAIN_SECONDS + int(
        HOST["lifecycle"]["preStop"]["exec"]["command"][1]
    )


def test_the_ingress_forwards_the_relay_and_logs_no_code() -> None:
    annotations = {
        name.removeprefix("nginx.ingress.kubernetes.io/"): value
        for name, value in MANIFEST["Ingress"]["metadata"]["annotations"].items()
    }

    assert annotations["upstream-hash-by"] == "$uri"
    assert int(annotations["proxy-body-size"].removesuffix("k")) * 1024 == MAX_MESSAGE_BYTES
    assert int(annotations["proxy-read-timeout"]) > WAIT_SECONDS
    assert annotations["enable-access-log"] == "false"


def test_the_name_is_the_same_everywhere() -> None:
    names = {host for tls in MANIFEST["Ingress"]["spec"]["tls"] for host in tls["hosts"]}
    names |= {rule["host"] for rule in MANIFEST["Ingress"]["spec"]["rules"]}
    names |= set(re.findall(r'public_url = "https://([\w.]+)/"', MANIFEST["ConfigMap"]["data"]["embeddable.toml"]))

    assert names == {"phone.example.com"}
