"""The processor service: from the node, and from here."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.cluster.makers import is_inference_form
from pipelines.cluster.nodes import HOSTS_SETTING, as_list
from pipelines.cluster.sentences import CheckFailed
from pipelines.inference.endpoints import service_url
from pipelines.install.check import process_tiny_picture
from pipelines.resources import DEFAULT_PIPELINE, Body, is_ours
from pipelines.wording import counted

from .finding import Finding, error, ok, warn
from .patient import Patient


def picture(patient: Patient) -> Iterator[Finding]:
    """A tiny picture gets through each pipeline: node, network, token, service, and back.

    It is sent with `_simulate`, so nothing is stored. It goes through the node that answers, or another one with ingest
    role: if each node has a keystore of its own, run the doctor once with the `--url` of each.
    """
    installed = patient.installed
    wanted = dict.fromkeys([DEFAULT_PIPELINE, *patient.pipelines])
    for name in wanted:
        if name not in installed:
            # Said by the checks of definitions and indices.
            continue
        try:
            yield ok(process_tiny_picture(patient.client, name))
        except CheckFailed as failed:
            # A pipeline of one's own may read another field, or need what the tiny document has not.
            report = error if name == DEFAULT_PIPELINE or is_ours(installed[name]) else warn
            yield report(
                f"a test picture does not get through the pipeline {name} ({_address(patient, installed[name])})",
                str(failed),
            )


def service(patient: Patient) -> Iterator[Finding]:
    """The service answers here, too. Only with `--service-url`."""
    if patient.service is None:
        return
    if patient.service.problem:
        yield error(patient.service.problem, patient.service.advice)
    elif patient.service.limits:
        workers = counted(patient.service.limits["workers"], "worker")
        yield ok(f"the service at {patient.service.url} answers, with {workers}")


def token(patient: Patient) -> Iterator[Finding]:
    """The service asks for a token. Only with `--service-url`.

    Whether the node has the same token, `picture` shows.
    """
    if patient.service is None or patient.service.limits is None:
        return
    if patient.service.open_to_all:
        yield warn(
            f"the service at {patient.service.url} asks for no token: everybody who reaches it can use it, and forge "
            "the marks by which processed pictures are recognized",
            "set IMAGE_TOKEN for the service, and the same as ingest.image.token in the keystore of every node",
        )
    else:
        yield ok("the service asks for a token")


def _address(patient: Patient, pipeline: Body) -> str:
    """Where the picture is sent to, and which setting says so."""
    if is_inference_form(pipeline):
        return f"the service of its inference endpoint: {service_url(patient.client)}"
    return f"{HOSTS_SETTING}: {', '.join(as_list(patient.setting(HOSTS_SETTING)))}"
