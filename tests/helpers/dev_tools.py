"""Dev Tools' syntax, as Kibana's Console reads it, for the tests that run what the docs and `pipelines/console` say.

`METHOD path`, then a body: one JSON text, or several (`_bulk`), which may be spread over lines; lines that begin with `#`
or `//` are comments, and strings in three quotes are taken as they are.

Comments before a request may say what is to be expected of it:
`# answers: 400` (else any 2xx), `# shows: TEXT` (stands in the answer, with no spaces between its parts),
`# needs: WHAT` (runs only where that is there).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

import requests

# Blanks in an address are `+` or `%20`: older versions of Kibana cut it at the first one.
_REQUEST = re.compile(r"(GET|PUT|POST|DELETE|HEAD|PATCH)\s+(\S+)\s*", re.IGNORECASE)
_MARKER = re.compile(r"#\s*(answers|shows|needs):\s*(.*)")
_TRIPLE = re.compile(r'"""(.*?)"""', re.DOTALL)


@dataclass
class Request:
    """One request, and what the comments before it say."""

    method: str
    path: str
    body: str = ""
    answers: int | None = None
    shows: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)

    def send(self, url: str) -> requests.Response:
        """As Console does: a list of JSON texts goes out a line each."""
        texts = json_texts(self.body)
        lines = "".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts)
        content = "application/x-ndjson" if len(texts) > 1 else "application/json"
        return requests.request(
            self.method,
            f"{url}/{self.path.lstrip('/')}",
            data=lines.encode() or None,
            headers={"Content-Type": content} if texts else {},
            timeout=240,
        )

    def check(self, answer: requests.Response) -> None:
        """Whether the answer is what the comments say."""
        said = f"{self.method} {self.path}: {answer.status_code} {answer.text[:500]}"
        assert (answer.status_code == self.answers) if self.answers else answer.ok, said
        compact = json.dumps(answer.json(), ensure_ascii=False, separators=(",", ":")) if answer.text else ""
        for text in self.shows:
            assert text in compact, f"{text} is not in {said}"


def parse(text: str) -> list[Request]:
    """All requests of a text, in order."""
    found: list[Request] = []
    notes: list[tuple[str, str]] = []
    inside = False
    for line in text.splitlines():
        bare = line.strip()
        if not inside and bare.startswith(("#", "//")):
            if marker := _MARKER.match(bare):
                notes.append((marker[1], marker[2].strip()))
        elif not inside and (request := _REQUEST.fullmatch(bare)):
            found.append(_request(request[1].upper(), request[2], notes))
            notes = []
        elif bare or inside:
            assert found, f"no request before: {bare}"
            found[-1].body += line + "\n"
        # A line that opens (or closes) three quotes.
        inside ^= line.count('"""') % 2 == 1
    return found


def json_texts(body: str) -> list[object]:
    """The JSON texts of a body."""
    rest = _TRIPLE.sub(lambda quoted: json.dumps(quoted[1]), body).strip()
    texts: list[object] = []
    while rest:
        value, end = json.JSONDecoder().raw_decode(rest)
        texts.append(value)
        rest = rest[end:].strip()
    return texts


def _request(method: str, path: str, notes: list[tuple[str, str]]) -> Request:
    answers = [int(value) for name, value in notes if name == "answers"]
    return Request(
        method,
        path,
        answers=answers[-1] if answers else None,
        shows=[value for name, value in notes if name == "shows"],
        needs=[value for name, value in notes if name == "needs"],
    )
