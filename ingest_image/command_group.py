"""A command with sub-commands, whose help says in whole sentences what they do."""

from __future__ import annotations

import click

# Characters: longer than any sentence.
_WHOLE_SENTENCE = 1_000


class Group(click.Group):
    """Click's own group cuts off each sentence at the end of its line."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the whole first sentence of each command."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(_WHOLE_SENTENCE)) for name, command in commands if command]
        with formatter.section("Commands"):
            formatter.write_dl(rows)
