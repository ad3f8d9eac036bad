"""The processor service, as the node reaches it and as this program reaches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pipelines.cluster.called_pipelines import targets_with_called
from pipelines.cluster.makers import is_inference_form
from pipelines.cluster.nodes import HOSTS_SETTING, as_list
from pipelines.cluster.sentences import CheckFailed
from pipelines.inference.endpoints import recipe_of, service_url
from pipelines.install.check import process_tiny_picture
from pipelines.recipes import at_once, identifies, recipes_of, recognizes
from pipelines.resources import DEFAULT_PIPELINE, Body, is_ours
from pipelines.wording import counted
from processor_service.extras import installing

from .finding import Finding, error, ok, warn
from .installation import Installation


def picture(installation: Installation) -> Iterator[Finding]:
    """A tiny picture gets through each pipeline: node, network, token, service, and back.

    It is sent with `_simulate`, so nothing is stored. It goes through the node that answers, or another one with ingest
    role: if each node has a keystore of its own, run the doctor once with the `--url` of each.
    """
    installed = installation.installed
    wanted = dict.fromkeys([DEFAULT_PIPELINE, *installation.pipelines])
    for name in wanted:
        if name not in installed:
            # The checks of definitions and indices report it.
            continue
        targets = targets_with_called(name, installed) or [("image", "image")]
        try:
            for source, target in targets:
                yield ok(process_tiny_picture(installation.client, name, source, target))
        except CheckFailed as failed:
            # A user's pipeline may read another field, or need more than the tiny document has.
            report = error if name == DEFAULT_PIPELINE or is_ours(installed[name]) else warn
            yield report(
                f"a test picture does not get through the pipeline {name} ({_address(installation, installed[name])})",
                str(failed),
            )


def service(installation: Installation) -> Iterator[Finding]:
    """The service answers here, too. Only with `--service-url`."""
    if installation.service is None:
        return
    if installation.service.problem:
        yield error(installation.service.problem, installation.service.advice)
    elif installation.service.limits:
        workers = counted(installation.service.limits["workers"], "worker")
        yield ok(f"the service at {installation.service.url} answers, with {workers}")


def token(installation: Installation) -> Iterator[Finding]:
    """The service asks for a token. Only with `--service-url`.

    `picture` shows whether the node has the same token.
    """
    if installation.service is None or installation.service.limits is None:
        return
    if installation.service.open_to_all:
        yield warn(
            f"the service at {installation.service.url} asks for no token: whoever reaches it can use it, and forge "
            "the marks by which processed pictures are recognized",
            "set IMAGE_TOKEN for the service, and the same as ingest.image.token in the keystore of every node",
        )
    else:
        yield ok("the service asks for a token")


def recognition(installation: Installation) -> Iterator[Finding]:
    """The service recognizes what pipelines of the indices ask for; only with `--service-url`.

    Without it documents are refused, or wait if the pipeline has it added [later](enrich.md).
    """
    if installation.service is None or installation.service.limits is None:
        return
    if number := installation.service.limits.get("recognition", {}).get("recognizers", 0):
        yield ok(f"recipes with recognition are done by {counted(number, 'recognizer')}")
        return
    asking = [name for name in installation.pipelines if any(map(recognizes, recipes(installation, name)))]
    if not asking:
        yield ok("the service recognizes nothing, and no pipeline of the indices asks for it")
    else:
        advice = f"{installing('recognition')} for the service, with IMAGE_RECOGNIZERS of at least 1"
        said = f"the service at {installation.service.url} recognizes nothing"
        yield from _lacking(installation, asking, recognizes, said, "recognition_off", advice)


def identity(installation: Installation) -> Iterator[Finding]:
    """Which pipelines of the indices store vectors of faces, and, with `--service-url`, whether the service can."""
    asking = [name for name in installation.pipelines if any(map(identifies, recipes(installation, name)))]
    if not asking:
        return
    limits = installation.service.limits if installation.service else None
    recognition = limits.get("recognition", {}) if limits else {}
    if installation.service and recognition.get("recognizers") and not recognition.get("identity"):
        said = f"the service at {installation.service.url} makes no vectors of faces"
        advice = f"{installing('identity')} for the service"
        yield from _lacking(installation, asking, identifies, said, "identity_off", advice)
    else:
        yield ok(f"vectors of faces, biometric data (docs/privacy.md), are stored by {', '.join(asking)}")


def _lacking(
    installation: Installation,
    asking: Sequence[str],
    needs: Callable[[Body], bool],
    said: str,
    code: str,
    advice: str,
) -> Iterator[Finding]:
    """What it means for the documents of pipelines that the service lacks what they ask for."""
    refused = [name for name in asking if any(needs(at_once(recipe)) for recipe in recipes(installation, name))]
    if refused:
        yield error(f"{said}, so documents of {', '.join(refused)} are refused ({code})", advice)
    if waiting := [name for name in asking if name not in refused]:
        yield warn(f"{said}, so documents of {', '.join(waiting)} are stored, and wait for it (image.pending)", advice)


def recipes(installation: Installation, name: str) -> list[Body]:
    """The recipes of a pipeline, in either form."""
    pipeline = installation.installed.get(name, {})
    if is_inference_form(pipeline):
        return [recipe_of(installation.client, pipeline)]
    return recipes_of(pipeline)


def _address(installation: Installation, pipeline: Body) -> str:
    """Where the picture is sent, and which setting says so."""
    if is_inference_form(pipeline):
        return f"the service of its inference endpoint: {service_url(installation.client)}"
    return f"{HOSTS_SETTING}: {', '.join(as_list(installation.setting(HOSTS_SETTING)))}"
