"""Codes of errors that others act on are codes that somebody gives."""

from __future__ import annotations

import re

from pipelines.cluster import sentences
from processor_service.errors import Code
from tests.helpers.paths import ROOT

JAVA = ROOT / "elasticsearch_plugin" / "src" / "main" / "java" / "org" / "ingestimage"
SERVICE = {str(code.code) for code in Code}


def test_the_plugin_acts_on_codes_of_the_service() -> None:
    constants = re.findall(
        r"static final (?:Set<)?String>? [A-Z_]+ = (.*);", (JAVA / "service" / "wire" / "Answer.java").read_text()
    )
    named = {code for values in constants for code in re.findall(r'"(\w+)"', values)}
    assert {"overdue", "replayed", "clock_skew", "picture_timeout"} <= named <= SERVICE


def test_there_is_advice_for_codes_of_the_service_and_the_plugin() -> None:
    plugin = re.findall(r"^    ([A-Z0-9_]+)\(Kind\.", (JAVA / "common" / "Code.java").read_text(), re.MULTILINE)
    known = SERVICE | {name.lower() for name in plugin}
    assert len(plugin) > 15
    assert known >= {*sentences._ADVICE, sentences.RECOGNITION_OFF}
