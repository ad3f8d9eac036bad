"""Decides what happens to each resource: compares what is bundled with what is installed. Sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ..resources import Body, Kind, Resource, fingerprint, is_edited, is_ours, version_of, without_server_keys
from .choices import choices


class Fate(Enum):
    """What happens to a resource; the value is what is reported."""

    CREATED = "created"
    UPDATED = "updated"
    CURRENT = "current"
    EDITED = "changed by hand: left alone"
    NEWER = "newer: left alone"
    FOREIGN = "somebody else's: left alone"
    IN_USE = "still in use: left alone"
    LACKING = "left out"
    REMOVED = "removed"
    ABSENT = "absent"

    @property
    def changes(self) -> bool:
        """Whether something is sent to Elasticsearch."""
        return self in (Fate.CREATED, Fate.UPDATED, Fate.REMOVED)

    @property
    def blocks(self) -> bool:
        """Whether it stops the whole installation: a mix of two versions would be of no use."""
        return self in (Fate.NEWER, Fate.FOREIGN)


@dataclass(frozen=True)
class Step:
    """The fate of one resource, the body to send when it is created or updated, and a remark for the reader.

    `recognizing`: the body to send instead if the service turns out to recognize things.
    """

    resource: Resource
    fate: Fate
    body: Body | None = None
    remark: str = ""
    recognizing: Body | None = None


def install_step(
    resource: Resource,
    installed: Body | None,
    *,
    patterns: Sequence[str] = (),
    codec: str | None = None,
    vectors: str | None = None,
    force: bool = False,
) -> Step:
    """The fate of `resource` when installing.

    `patterns`, `codec` and `vectors` replace those of a template; without them an installed template keeps its own.
    `force` overwrites what is newer or was changed by hand, never what is somebody else's.
    """
    if resource.kind is Kind.SETTING:
        return _setting_step(resource, installed)
    if resource.kind is Kind.ENDPOINT:
        # Its name contains a hash of its content.
        return Step(resource, Fate.CREATED if installed is None else Fate.CURRENT, resource.body)
    body = dict(resource.body)
    if resource.kind is Kind.TEMPLATE:
        # The one pattern of a data stream's template is the stream's name.
        chosen = () if "data_stream" in body else patterns
        body = choices(body if installed is None else installed).other(chosen, codec, vectors).of(body)
    if installed is None:
        return Step(resource, Fate.CREATED, body)
    if not is_ours(installed):
        return Step(
            resource, Fate.FOREIGN, remark="it has no _meta.managed_by of this program; rename or remove it first"
        )
    return _upgrade_step(resource, installed, body, force)


def _upgrade_step(resource: Resource, installed: Body, body: Body, force: bool) -> Step:
    there, here = version_of(installed), version_of(body)
    same_choices = resource.kind is not Kind.TEMPLATE or choices(installed) == choices(body)
    if there > here and not force:
        return Step(resource, Fate.NEWER, remark=f"installed is version {there}, this program brings {here}")
    same_content = fingerprint(installed) == fingerprint(body)
    if same_content and same_choices:
        return Step(resource, Fate.CURRENT)
    if is_edited(installed) and not same_content and not force:
        if same_choices:
            return Step(resource, Fate.EDITED, remark=f"--force replaces it with version {here} of this program")
        kept = choices(body).of(without_server_keys(installed))
        return Step(
            resource, Fate.UPDATED, kept, "index patterns, codec and vectors only, the changes made by hand are kept"
        )
    return Step(resource, Fate.UPDATED, body, f"version {there} to {here}" if there != here else "")


def _setting_step(resource: Resource, installed: Body | None) -> Step:
    if installed == resource.body:
        return Step(resource, Fate.CURRENT)
    remark = ", ".join(resource.body["value"])
    if installed is None:
        return Step(resource, Fate.CREATED, resource.body, remark)
    return Step(resource, Fate.UPDATED, resource.body, f"{remark}; was {', '.join(installed['value'])}")


def uninstall_step(resource: Resource, installed: Body | None) -> Step:
    """The fate of `resource` when uninstalling: what is ours is removed, whatever its version."""
    if installed is None:
        return Step(resource, Fate.ABSENT)
    if resource.kind is Kind.SETTING:
        return Step(resource, Fate.REMOVED, remark=f"was {', '.join(installed['value'])}")
    if not is_ours(installed):
        return Step(resource, Fate.FOREIGN)
    return Step(resource, Fate.REMOVED, remark="it had been changed by hand" if is_edited(installed) else "")
