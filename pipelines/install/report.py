"""What `bootstrap` tells: sentences as things happen, or one JSON text at its end."""

from __future__ import annotations

import json
from typing import Any

import click

from .plan import Fate, Step

_WARNS = (Fate.EDITED, Fate.NEWER, Fate.FOREIGN, Fate.LACKING)


class InstallReport:
    """Used as a context: with `as_json` it prints when it is left, also if that is by an error, which it holds too."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._told: dict[str, Any] = {"bridge": None, "steps": [], "kibana": [], "checked": None, "notes": []}

    def __enter__(self) -> InstallReport:
        return self

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if self._as_json:
            said = error.message if isinstance(error, click.ClickException) else str(error) if error else None
            click.echo(json.dumps(self._told | {"error": said}, indent=2))

    def bridge(self, name: str, why: str) -> None:
        """How the nodes reach the service."""
        self._told["bridge"] = name
        self._say(why)

    def step(self, step: Step, would_be: bool = False) -> None:
        """The fate of one resource, or what it would be."""
        what = {"kind": step.resource.kind.value, "name": step.resource.name, "fate": step.fate.name.lower()}
        self._told["steps"].append({**what, "done": step.fate.changes and not would_be, "remark": step.remark})
        fate = ("would be " if would_be and step.fate.changes else "") + step.fate.value
        remark = f" ({step.remark})" if step.remark else ""
        color = "yellow" if step.fate in _WARNS else None
        self._say(f"{fate}: {what['kind']} {what['name']}{remark}", fg=color)

    def kibana(self, line: str) -> None:
        """What became of one of Kibana's objects."""
        self._told["kibana"].append(line)
        self._say(line)

    def checked(self, sentence: str) -> None:
        """What a test picture showed."""
        self._told["checked"] = sentence
        self._say(f"checked: {sentence}")

    def note(self, sentence: str) -> None:
        """What the user might not expect."""
        self._told["notes"].append(sentence)
        if not self._as_json:
            click.echo(f"note: {sentence}", err=True)

    def _say(self, line: str, **style: Any) -> None:
        if not self._as_json:
            click.secho(line, **style)
