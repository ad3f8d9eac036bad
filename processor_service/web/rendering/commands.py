"""`ingest-image sign-url`."""

from __future__ import annotations

import time

import click

from ...settings import Settings
from .access import keys, signed_url


@click.command("sign-url")
@click.argument("url")
@click.option(
    "--hours",
    type=click.FloatRange(0, 24 * 366, min_open=True),
    default=24.0,
    show_default=True,
    help="How long the address is valid.",
)
def sign_url(url: str, hours: float) -> None:
    """Sign the URL (or path) of a rendered picture, so that it can be given to a browser.

    The key is that of the service: IMAGE_RENDER_KEY, or IMAGE_TOKEN without one.
    """
    known = keys(Settings())
    if not known:
        raise click.ClickException("there is no key: set IMAGE_TOKEN or IMAGE_RENDER_KEY as the service has it")
    click.echo(signed_url(url, known[0], int(time.time() + hours * 3600)))
