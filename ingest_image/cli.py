"""`ingest-image`: the sub-commands live in the rooms, and are imported only when they are run."""

from __future__ import annotations

import errno
import gc
import importlib
import io
import os
import signal
import sys
from types import ModuleType
from typing import Any, ClassVar

import click

from processor_service.parent import die_with_parent

from .command_group import Group

_TYPED = "ingest_image.typed"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class Rooms(Group):
    """A group that knows where each command lives."""

    rooms: ClassVar[dict[str, str]] = {
        "demo": "ingest_image.demo.command",
        "serve": "processor_service.commands",
        "api-token": "processor_service.commands",
        "sign-url": "processor_service.web.rendering.commands",
        "node": "embedded_node.commands",
        "plugin": "ingest_image.plugin_command",
        "bootstrap": "pipelines.install.bootstrap",
        "users": "pipelines.install.users",
        "index": "ingest_image.indexing.command",
        "search": "ingest_image.search_command",
        "duplicates": "ingest_image.duplicates.command",
        "get": "ingest_image.export.get_command",
        "export": "ingest_image.export.command",
        "delete": "ingest_image.delete_command",
        "gallery": "ingest_image.gallery.commands",
        "doctor": "ingest_image.doctor.command",
        "reprocess": "ingest_image.reprocess.command",
        "enrich": "ingest_image.enrich.command",
        "store": "ingest_image.store.command",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all sub-commands."""
        return list(self.rooms)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module that has the command."""
        if cmd_name not in self.rooms:
            return None
        module = _imported(self.rooms[cmd_name])
        command = getattr(module, cmd_name.replace("-", "_"))
        assert isinstance(command, click.Command)
        return command

    def main(self, *args: Any, **extra: Any) -> Any:
        """Do all that the program does. A full disk is no defect, also where standard output is a file there."""
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            # A background job of a script inherits that. Whoever sends the signal wants it to end, and to say how to go
            # on. First of all: to load a command takes a while.
            signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            return super().main(*args, **extra)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            where = f" to {error.filename}" if error.filename else ""
            click.echo(f"Error: it could not all be written{where}: {error.strerror}", err=True)
            raise SystemExit(1) from error

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note what was typed."""
        ctx.meta[_TYPED] = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. What was typed and cannot be sent is its user's error, not a defect.

        Names of files may have any bytes; names of indices, ids and credentials go over the wire. They are not shown:
        one of them may be a password.
        """
        try:
            found = super().invoke(ctx)
            # Otherwise it is written when the program ends, and nobody is told if that fails.
            sys.stdout.flush()
            return found
        except UnicodeEncodeError as error:
            if all(typed.isascii() for typed in ctx.meta[_TYPED]):
                raise
            raise click.ClickException(f"an argument has characters that cannot be sent as {error.encoding}") from error


def _imported(name: str) -> ModuleType:
    """Import a module while the garbage collector rests.

    Modules are no garbage. The collector would look through all of them several times, and once more when the program
    ends: a quarter of the processor time of a short command.
    """
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


def _open_what_is_closed() -> None:
    """A script may start the program without standard output (`>&-`), which everything here takes to be there."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))


@click.command(cls=Rooms)
@click.version_option(package_name="ingest-image")
# For programs that start this one: they tell their own process id. A shell can do nothing with it.
@click.option("--until-end-of", type=int, metavar="PARENT", hidden=True)
def main(until_end_of: int | None) -> None:
    """Store pictures in Elasticsearch normalized and findable, by plain index requests."""
    if until_end_of is not None:
        # Not SIGKILL: commands that stay up end in order, together with what they have started.
        die_with_parent(until_end_of, signal.SIGTERM)
    if os.environ.get("NO_COLOR"):
        # Tables obey it by themselves.
        click.get_current_context().color = False
    _open_what_is_closed()
    for stream in (sys.stdout, sys.stderr):
        # A character that a terminal cannot write, in a title or a file name, becomes `?`.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
