"""The tables about the program: its commands, the doctor's checks, what bootstrap installs, the roles."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator

import click

from embedded_node.versions import versions
from ingest_image.cli import main
from ingest_image.doctor.checks import CHECKS
from ingest_image.enrich.backlog import Measure
from ingest_image.enrich.done import Done
from ingest_image.enrich.metrics import told
from pipelines.cluster.client import elasticsearch_options
from pipelines.install.roles import ROLES
from pipelines.resources import bundled

from .markdown import metrics, table


def tables() -> dict[str, str]:
    """Each table by the name of its markers."""
    return {
        "commands": _commands(),
        "checks": _checks(),
        "installed": _installed(),
        "roles": _roles(),
        "releases": _releases(),
        "enricher-metrics": metrics(told(Done(), Measure(0, 0))),
    }


def _releases() -> str:
    rows = (
        (
            ", ".join(f"{line}.x" for line in built.lines),
            str(built.java_release),
            built.number,
            ", ".join(built.also_tried),
        )
        for built in versions()
    )
    return table(("lines", "Java, at least", "fully tested", "also tried"), rows)


def _checks() -> str:
    rows = ((f"`{check.__name__}`", " ".join((inspect.getdoc(check) or "").split())) for check in CHECKS)
    return table(("check", "what must hold"), rows)


def _installed() -> str:
    rows = ((one.kind.value, f"`{one.name}`", str(_description(one.body))) for one in bundled())
    return table(("what", "name", "for"), rows)


def _description(body: dict[str, object]) -> object:
    meta = body["_meta"]
    return body.get("description") or (meta["description"] if isinstance(meta, dict) else "")


def _roles() -> str:
    rows = (
        (
            f"`{role.name}`{' (and a key)' if role.has_key else ''}",
            role.why,
            _quoted(role.cluster),
            _quoted(role.index) + (f"in Kibana: {_quoted(role.kibana)}" if role.kibana else ""),
        )
        for role in ROLES
    )
    return table(("role", "for", "cluster privileges", "index privileges"), rows)


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _commands() -> str:
    """A section for each command; the options of the connection once, at the end."""
    connection = click.command()(elasticsearch_options(lambda: None)).params
    shared = {parameter.name for parameter in connection}
    group = click.Context(main, info_name="ingest-image")
    parts = []
    for name, command in _each(main, group):
        usage = command.get_usage(click.Context(command, info_name=name, parent=group)).removeprefix("Usage: ")
        summary, _, more = inspect.cleandoc(command.help or "").replace("\b\n", "").partition("\n\n")
        own, connects = command.params, ""
        if shared <= {parameter.name for parameter in own}:
            own = [parameter for parameter in own if parameter.name not in shared]
            connects = "Also [the options of the connection](#connection).\n\n"
        about = f"## {name}\n\n{summary}\n\n```\n{' '.join(usage.split())}\n```\n\n{_paragraphs(more)}"
        parts.append(about + _options(own) + connects)
    return "\n" + "".join(parts) + f"## Connection\n\n{_options(connection)}"


def _each(program: click.Group, context: click.Context, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Each command with its name, those of groups in it too: `store check`."""
    for name in program.list_commands(context):
        command = program.get_command(context, name)
        assert command is not None
        yield f"{prefix}{name}", command
        if isinstance(command, click.Group):
            yield from _each(command, context, f"{prefix}{name} ")


def _paragraphs(text: str) -> str:
    """Prose as lines of text, examples (lines with the program's name) as code."""
    found = []
    for paragraph in filter(None, text.split("\n\n")):
        is_code = all(line.startswith("ingest-image ") for line in paragraph.splitlines())
        found.append(f"```\n{paragraph}\n```\n\n" if is_code else f"{paragraph}\n\n")
    return "".join(found)


def _options(parameters: Iterable[click.Parameter]) -> str:
    options = [one for one in parameters if isinstance(one, click.Option) and not one.hidden]
    if not options:
        return ""
    rows = ((f"`{_names(option)}`", _default(option), _meaning(option)) for option in options)
    return table(("option", "default", "meaning"), rows) + "\n"


def _names(option: click.Option) -> str:
    if option.is_flag:
        value = ""
    elif isinstance(option.type, click.Choice):
        value = f" [{'|'.join(map(str, option.type.choices))}]"
    else:
        value = f" {option.metavar or option.type.name.removesuffix(' range').upper()}"
    return ", ".join(option.opts) + value


def _default(option: click.Option) -> str:
    return f"`{option.default}`" if option.show_default else ""


def _meaning(option: click.Option) -> str:
    parts = [" ".join((option.help or "").split())]
    if isinstance(option.type, click.IntRange | click.FloatRange):
        parts.append(f"({option.type.min:g} to {option.type.max:g})")
    if option.envvar:
        parts.append(f"(environment: `{option.envvar}`)")
    return " ".join(filter(None, parts))
