"""Colours as somebody asks for them: their names, and how they are written."""

from __future__ import annotations

import pytest

from ingest_image.search.questions.colors import color_query, parse_color, place_of
from processor_service.color.names import NAMES, SHADES, color_name
from processor_service.color.oklab import oklab


class TestColors:
    def test_the_names_are_those_of_the_service(self) -> None:
        step = range(0, 256, 17)
        given = {color_name(*oklab(red, green, blue)) for red in step for green in step for blue in step}
        assert given == set(NAMES)

    @pytest.mark.parametrize(("name", "shade"), SHADES.items())
    def test_the_shade_of_a_name_has_that_name(self, name: str, shade: str) -> None:
        assert color_name(*oklab(*bytes.fromhex(shade[1:]))) == name

    @pytest.mark.parametrize(("value", "place"), [("#ffffff", (100, 0, 0)), ("#ff0000", (62.8, 22.49, 12.58))])
    def test_places_are_those_of_oklab_in_hundredths(self, value: str, place: tuple[float, float, float]) -> None:
        assert place_of(value) == pytest.approx(place, abs=0.02)

    @pytest.mark.parametrize(
        ("text", "value"),
        [("Teal", "teal"), ("grey", "gray"), ("sky blue", "skyblue"), ("#F60", "#ff6600"), ("ff6600", "#ff6600")],
    )
    def test_ways_to_write_it(self, text: str, value: str) -> None:
        assert parse_color(text).value == value

    def test_no_color(self) -> None:
        with pytest.raises(ValueError, match="is not a colour; valid are #rrggbb and black"):
            parse_color("tealish")

    def test_the_box_of_the_docs(self) -> None:
        clauses = color_query(parse_color("#ff6600", 5))["nested"]["query"]["function_score"]["query"]["bool"]["filter"]
        assert clauses[1] == {
            "range": {"image.colors.a": {"gte": pytest.approx(9.8, abs=0.1), "lte": pytest.approx(19.8, abs=0.1)}}
        }
