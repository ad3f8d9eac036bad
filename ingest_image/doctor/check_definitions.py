"""What bootstrap installs: pipelines and template."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.cluster.makers import is_inference_form
from pipelines.install.check import other_template
from pipelines.install.plan import Fate, Step
from pipelines.recipes import recipes_of, recognizes
from pipelines.resources import Kind, is_edited, version_of

from .finding import Finding, error, ok, warn
from .installation import Installation

_BOOTSTRAP = "run ingest-image bootstrap"


def definitions(installation: Installation) -> Iterator[Finding]:
    """Pipelines and template are installed, current, and not changed by hand."""
    current = 0
    missing: list[str] = []
    left_out: list[str] = []
    for step in installation.steps:
        name = f"{step.resource.kind.value} {step.resource.name}"
        remark = f" ({step.remark})" if step.remark else ""
        if step.fate is Fate.CURRENT or _is_current_without_plugin(installation, step):
            current += 1
        elif step.fate is Fate.CREATED:
            (left_out if _may_be_left_out(installation, step) else missing).append(name)
        elif step.fate is Fate.UPDATED:
            yield warn(f"older than this program: {name}{remark}", _BOOTSTRAP)
        elif step.fate is Fate.EDITED:
            yield warn(
                f"changed by hand: {name}",
                f"nothing, if that was intended; {_BOOTSTRAP} --force to restore the bundled one",
            )
        elif step.fate is Fate.NEWER:
            yield warn(f"newer than this program: {name}{remark}", "upgrade this program")
        else:
            yield error(f"somebody else's: {name}{remark}", "its owner has to rename or remove it")
    if missing:
        yield error(f"missing: {', '.join(missing)}", _BOOTSTRAP)
    if current + len(left_out) == len(installation.steps):
        without = f"; not installed, as they need recognition: {', '.join(left_out)}" if left_out else ""
        yield ok(f"{current} pipelines and templates are current{without}")


def _may_be_left_out(installation: Installation, step: Step) -> bool:
    """Whether a missing pipeline needs recognition, which the service does not have as far as is known here."""
    known = installation.service and installation.service.limits
    has_it = bool(known and known.get("recognition", {}).get("recognizers"))
    return not has_it and any(recognizes(recipe) for recipe in recipes_of(step.resource.body))


def _is_current_without_plugin(installation: Installation, step: Step) -> bool:
    """Whether a pipeline in inference form, which is made when installing, is unedited and of this version."""
    installed = installation.installed.get(step.resource.name) if step.resource.kind is Kind.PIPELINE else None
    return (
        installed is not None
        and is_inference_form(installed)
        and not is_edited(installed)
        and version_of(installed) == version_of(step.resource.body)
    )


def template(installation: Installation) -> Iterator[Finding]:
    """New indices get the pipeline: no other index template wins."""
    missing = (step for step in installation.steps if step.fate is Fate.CREATED)
    if installation.wanted_indices or any(not _may_be_left_out(installation, step) for step in missing):
        return
    remarks = [remark for pattern in installation.patterns for remark in other_template(installation.client, pattern)]
    for remark in remarks:
        yield error(remark, "lower the priority of the other template, or set index.default_pipeline in it as well")
    if not remarks:
        yield ok(f"new indices {', '.join(installation.patterns)} get the pipeline")
