"""The group of commands `ingest-image store`."""

from __future__ import annotations

import click

from ..command_group import Group
from .check import check
from .clean import clean
from .copy import copy_store
from .move import move


@click.group(cls=Group)
def store() -> None:
    """Check, move, clean and copy the pictures in the store (IMAGE_STORE_URL)."""


for command in (check, move, clean, copy_store):
    store.add_command(command)
