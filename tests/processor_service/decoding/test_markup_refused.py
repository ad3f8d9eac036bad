"""Markup is no picture, in whatever coding and behind whatever prologue."""

from __future__ import annotations

import codecs

import pytest

from processor_service.errors import Code
from tests.helpers.kinds import refused
from tests.processor_service.decoding.no_pictures import SVG

CODINGS = {
    "UTF-8": (b"", "utf-8"),
    "UTF-8 with a mark": (codecs.BOM_UTF8, "utf-8"),
    "UTF-16 LE": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "UTF-16 BE": (codecs.BOM_UTF16_BE, "utf-16-be"),
    "UTF-16 LE without a mark": (b"", "utf-16-le"),
    "UTF-16 BE without a mark": (b"", "utf-16-be"),
    "UTF-32 LE": (codecs.BOM_UTF32_LE, "utf-32-le"),
    "UTF-32 BE": (codecs.BOM_UTF32_BE, "utf-32-be"),
    "UTF-32 LE without a mark": (b"", "utf-32-le"),
    "UTF-32 BE without a mark": (b"", "utf-32-be"),
}
PROLOGUES = {
    "nothing": "",
    "white space": "\n\t  \r\n",
    "a declaration": '<?xml version="1.0" encoding="UTF-8"?>\n',
    "a comment": "<!-- made by hand > with < signs -->\n",
    "a long comment": "<!--" + "x" * 20_000 + "-->",
    "a doctype": '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">\n',
    "entities": '<?xml version="1.0"?><!DOCTYPE svg [\n<!ENTITY ns "http://www.w3.org/2000/svg">\n<!ENTITY a "b">]>\n',
    "a style sheet": '<?xml version="1.0"?><?xml-stylesheet href="style.css" type="text/css"?>\n<!-- a --> <!-- b -->',
}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("prologue", PROLOGUES)
@pytest.mark.parametrize("element", [SVG, SVG.replace("svg ", "s:svg ").replace("xmlns=", "xmlns:s="), SVG.upper()])
def test_svg(element: str, prologue: str, coding: str) -> None:
    mark, name = CODINGS[coding]
    code, reason = refused(mark + (PROLOGUES[prologue] + element).encode(name))
    assert code is Code.UNSUPPORTED_FORMAT
    assert reason.startswith("SVG is a drawing")


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize(
    "text",
    [
        "<html><body>404</body></html>",
        "<!DOCTYPE html>\n<title>x</title>",
        "<!-- saved -->\n<HTML lang='de'>",
        '<?xml version="1.0"?><!DOCTYPE html PUBLIC "x" "y"><html xmlns="z">',
    ],
)
def test_html(text: str, coding: str) -> None:
    mark, name = CODINGS[coding]
    code, reason = refused(mark + text.encode(name))
    assert code is Code.UNSUPPORTED_FORMAT
    assert "HTML" in reason


@pytest.mark.parametrize("text", ["<?xml version='1.0'?><rss/>", "<feed xmlns='x'><entry/></feed>", "<div>x</div>"])
def test_other_markup(text: str) -> None:
    assert "markup (HTML or XML)" in refused(text.encode())[1]


def test_the_case_of_an_svg_with_a_mark() -> None:
    assert refused("cases/svg_bom.svg")[1].startswith("SVG is a drawing")
