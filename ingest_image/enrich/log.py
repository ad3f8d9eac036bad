"""What an enricher says: lines for people, or JSON for programs, on standard error."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import click


class Log:
    """Writes an event with its sentence, or as one object a line with the same facts."""

    def __init__(self, as_json: bool = False) -> None:
        self._as_json = as_json

    def __call__(self, event: str, sentence: str, **facts: Any) -> None:
        if self._as_json:
            now = datetime.now(UTC).isoformat().replace("+00:00", "Z")
            line = json.dumps({"event": event, **facts, "message": sentence, "timestamp": now})
        else:
            line = f"{time.strftime('%H:%M:%S')} {sentence}"
        click.echo(line, err=True)
