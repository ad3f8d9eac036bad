"""`python -m generate` writes every rendered file; with `--check` it names stale ones and exits with 1."""

from __future__ import annotations

import click

from . import definitions, tables

WRITERS = (tables, definitions)


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 when a file is stale.")
def main(check: bool) -> None:
    """Write every file that is rendered from declarations."""
    stale = [
        (path, text)
        for writer in WRITERS
        for path, text in writer.rendered()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    for path, text in stale:
        name = path.relative_to(tables.ROOT) if path.is_relative_to(tables.ROOT) else path
        if check:
            click.echo(f"{name} is stale: run make generated", err=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            click.echo(f"wrote {name}")
    if check and stale:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
