"""Boxes in a picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Self


@dataclass(frozen=True)
class Box:
    """An upright rectangle within a picture: its left upper corner and its size, as fractions (0 to 1) of the sides."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def around(cls, points: Iterable[tuple[float, float]]) -> Self:
        """The smallest box around points (fractions), cut at the picture's edges: of a turned box its hull."""
        across, down = zip(*points, strict=True)
        left, right = (min(1.0, max(0.0, value)) for value in (min(across), max(across)))
        top, bottom = (min(1.0, max(0.0, value)) for value in (min(down), max(down)))
        return cls(left, top, right - left, bottom - top)

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def area(self) -> float:
        return self.width * self.height

    def common(self, other: Box) -> float:
        """The area (a fraction of the picture's) that both cover."""
        across = min(self.right, other.right) - max(self.x, other.x)
        down = min(self.bottom, other.bottom) - max(self.y, other.y)
        return max(0.0, across) * max(0.0, down)

    def around_both(self, other: Box) -> Box:
        """The smallest box around both."""
        return Box.around(
            [(self.x, self.y), (self.right, self.bottom), (other.x, other.y), (other.right, other.bottom)]
        )

    def within(self, part: Box) -> Box:
        """The box, which is one of a part of the picture, as one of the whole."""
        return Box(
            part.x + self.x * part.width,
            part.y + self.y * part.height,
            self.width * part.width,
            self.height * part.height,
        )

    def grown(self, across: float, down: float | None = None) -> Box:
        """Wider by `across` of its width on each side, and higher by `down` of its height, within the picture."""
        more, above = across * self.width, (across if down is None else down) * self.height
        return Box.around([(self.x - more, self.y - above), (self.right + more, self.bottom + above)])

    def pixels(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in pixels of a picture of `size`, rounded outwards."""
        width, height = size
        # A fraction that was made of whole pixels must not cost another pixel because of the last bit of a float.
        return (
            max(0, int(self.x * width + 1e-6)),
            max(0, int(self.y * height + 1e-6)),
            min(width, -int(-(self.right * width - 1e-6) // 1)),
            min(height, -int(-(self.bottom * height - 1e-6) // 1)),
        )

    def fields(self) -> dict[str, float]:
        """The box as it is stored: four digits are a pixel of a picture of 10,000."""
        return {name: round(value, 4) for name, value in asdict(self).items()}
