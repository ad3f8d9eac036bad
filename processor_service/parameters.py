"""Types of the parameters of operations and features, which are pydantic models."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from PIL import ImageColor
from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator
from pydantic.config import JsonDict

_OPAQUE = r"#[0-9a-fA-F]{3}|#[0-9a-fA-F]{6}|black|white|gray"
_OPAQUE_COLOR = rf"^({_OPAQUE})$"
_COLOR = rf"^({_OPAQUE}|#[0-9a-fA-F]{{8}}|transparent)$"
OpaqueColor = Annotated[str, StringConstraints(pattern=_OPAQUE_COLOR)]
Color = Annotated[str, StringConstraints(pattern=_COLOR)]
Unit = Literal["pixels", "fraction"]
# In a JSON schema: a parameter that must be absent.
ABSENT: JsonDict = {"type": "null"}
_SIDE = r"[1-9][0-9]{0,4}(\.[0-9]{1,4})?"
_RATIO = rf"^{_SIDE}:{_SIDE}$"
Ratio = Annotated[str, StringConstraints(pattern=_RATIO)]
# In a JSON schema: in pixels, or not beyond the whole.
_IN_PIXELS: JsonDict = {"properties": {"unit": {"const": "pixels"}}}
AT_MOST_ALL: JsonDict = {"maximum": 1}
# What a text should look like, in words: nobody reads a pattern.
MEANT = {
    _OPAQUE_COLOR: "a colour should be #rgb, #rrggbb, black, white or gray",
    _COLOR: "a colour should be #rgb, #rrggbb, #rrggbbaa, black, white, gray or transparent",
    _RATIO: "an aspect ratio should be width:height, such as 16:9 or 1.91:1",
}


def rgba(color: str) -> tuple[int, int, int, int]:
    """A colour parameter as red, green, blue, alpha, 0 to 255 each."""
    if color == "transparent":
        return 255, 255, 255, 0
    red, green, blue, *alpha = ImageColor.getrgb(color)
    return red, green, blue, alpha[0] if alpha else 255


def ratio(text: str) -> float:
    """An aspect ratio parameter such as `16:9` as width / height."""
    width, _, height = text.partition(":")
    return float(width) / float(height)


@dataclass(frozen=True)
class Rule:
    """What parameters must be together: they must fit one of the options, which are parts of a JSON schema.

    `wrong` is the sentence for parameters that fit none. The rule is checked here, and is part of the JSON schema, so
    that the node checks it as well.
    """

    wrong: str
    options: tuple[JsonDict, ...]


class Parameters(BaseModel):
    """Typed, ranged parameters, strict (`"90"` is not a number) as in the JSON schema that the node checks."""

    rules: ClassVar[tuple[Rule, ...]] = ()
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, json_schema_extra=lambda schema, model: _render_rules(schema, model)
    )

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        given = self.model_dump(exclude_none=True) if self.rules else {}
        for rule in self.rules:
            if not any(_fits(given, option) for option in rule.options):
                raise ValueError(rule.wrong)
        return self


def _render_rules(schema: JsonDict, model: type[Any]) -> None:
    """Add a model's rules to its JSON schema."""
    rules: list[JsonDict] = [{"anyOf": list(rule.options)} for rule in model.rules]
    if rules:
        schema |= rules[0]
    if rules[1:]:
        schema["allOf"] = list(rules[1:])


def _fits(value: Any, option: Any) -> bool:
    """Whether a value without nulls fits a part of a JSON schema, of which this knows what rules are made of."""
    checks: dict[str, Callable[[Any], bool]] = {
        "required": lambda names: all(name in value for name in names),
        "properties": lambda parts: all(_fits(value[name], part) for name, part in parts.items() if name in value),
        "items": lambda part: all(_fits(item, part) for item in value),
        "const": lambda wanted: bool(value == wanted),
        "enum": lambda wanted: value in wanted,
        "maximum": lambda most: bool(value <= most),
        # The only type in rules is null, and nulls are left out.
        "type": lambda _: False,
    }
    return all(checks[keyword](wanted) for keyword, wanted in option.items())


def within_unit(fractions: JsonDict) -> Rule:
    """The rule that numbers are in pixels, or fit `fractions`, the part of a JSON schema for fractions."""
    return Rule("fractions are at most 1; percent are divided by 100, pixels need unit pixels", (_IN_PIXELS, fractions))


def check_pixels(unit: Unit, width: float, height: float) -> None:
    """Raise ValueError for a box in pixels that must be meant in fractions: it would miss what it should hide."""
    if unit == "pixels" and width < 1 and height < 1:
        raise ValueError("the box is smaller than a pixel; fractions need unit fraction")
