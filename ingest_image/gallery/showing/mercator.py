"""The projection of maps on the web: the world is a square, each tile of it 256 wide.

Source: EPSG:3857, https://epsg.io/3857.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...search.places import Region

TILE = 256
WIDTH, HEIGHT = 960, 560
# At the northern and southern end of the square.
FARTHEST = 85.05
CLOSEST = 17
_MARGIN = 60


@dataclass(frozen=True)
class View:
    """What a map shows: its middle in degrees, and how close it is; each step of `zoom` doubles all lengths."""

    latitude: float
    longitude: float
    zoom: int

    @classmethod
    def of(cls, text: str) -> View | None:
        """Read `48.85,2.35,7`; None for everything else."""
        try:
            latitude, longitude, zoom = (float(part) for part in text.split(","))
        except ValueError:
            return None
        if not (abs(latitude) <= FARTHEST and abs(longitude) <= 180 and 1 <= zoom <= CLOSEST):
            return None
        return cls(latitude, longitude, int(zoom))

    @classmethod
    def around(cls, box: Region, closest: int) -> View:
        """The closest view that shows a box as a whole, no closer than `closest`."""
        west, north = _project(box.north, box.west)
        east, south = _project(box.south, box.east)
        room = min(
            (WIDTH - 2 * _MARGIN) / max(east - west, 1e-9) / TILE,
            (HEIGHT - 2 * _MARGIN) / max(south - north, 1e-9) / TILE,
        )
        zoom = max(1, min(closest, int(math.log2(room)) if room >= 1 else 1))
        return cls(*_degrees((north + south) / 2, _filled((west + east) / 2, zoom)), zoom)

    @property
    def text(self) -> str:
        """The view as it is written in addresses."""
        return f"{self.latitude:.4f},{self.longitude:.4f},{self.zoom}"

    @property
    def side(self) -> int:
        """The side of the whole world."""
        return TILE << self.zoom

    @property
    def left(self) -> float:
        """Where the world begins, from the left."""
        return WIDTH / 2 - _project(self.latitude, self.longitude)[0] * self.side

    @property
    def top(self) -> float:
        """Where the world begins, from the top."""
        return HEIGHT / 2 - _project(self.latitude, self.longitude)[1] * self.side

    @property
    def box(self) -> Region:
        """The part of the world that is shown."""
        north, west = self.degrees(0, 0)
        south, east = self.degrees(WIDTH, HEIGHT)
        return Region(south, west, north, east)

    def place(self, latitude: float, longitude: float) -> tuple[float, float]:
        """Where a place is on the map."""
        x, y = _project(latitude, longitude)
        return self.left + x * self.side, self.top + y * self.side

    def degrees(self, x: float, y: float) -> tuple[float, float]:
        """The place at a point of the map, or the nearest one if the world ends before."""
        return _degrees((y - self.top) / self.side, (x - self.left) / self.side)

    def moved(self, right: float, down: float) -> View:
        """The view some parts of its own width and height away."""
        x, y = WIDTH * (0.5 + right) - self.left, HEIGHT * (0.5 + down) - self.top
        return View(*_degrees(y / self.side, _filled(x / self.side, self.zoom)), self.zoom)

    def closer(self, steps: int, latitude: float | None = None, longitude: float | None = None) -> View:
        """The view closer to its middle, or to a place."""
        zoom = max(1, min(CLOSEST, self.zoom + steps))
        if latitude is None or longitude is None:
            return View(self.latitude, self.longitude, zoom)
        return View(max(-FARTHEST, min(FARTHEST, latitude)), longitude, zoom)

    def tiles(self) -> list[tuple[int, int, float, float]]:
        """Column and row of each tile in sight, and where it is on the map."""
        count = 1 << self.zoom
        columns = range(max(0, math.floor(-self.left / TILE)), min(count, math.ceil((WIDTH - self.left) / TILE)))
        rows = range(max(0, math.floor(-self.top / TILE)), min(count, math.ceil((HEIGHT - self.top) / TILE)))
        return [(x, y, self.left + x * TILE, self.top + y * TILE) for y in rows for x in columns]


def tile_box(tile: str) -> Region:
    """The part of the world that a tile `zoom/x/y` shows."""
    zoom, x, y = (int(part) for part in tile.split("/"))
    count = 1 << zoom
    north, west = _degrees(y / count, x / count)
    south, east = _degrees((y + 1) / count, (x + 1) / count)
    return Region(south, west, north, east)


def _filled(x: float, zoom: int) -> float:
    """The middle of a map, in parts of the square, moved so that nothing is shown beyond the date line."""
    half = min(0.5, WIDTH / 2 / (TILE << zoom))
    return min(max(x, half), 1 - half)


def _project(latitude: float, longitude: float) -> tuple[float, float]:
    """From degrees to parts of the square."""
    bounded = math.radians(max(-FARTHEST, min(FARTHEST, latitude)))
    return longitude / 360 + 0.5, 0.5 - math.asinh(math.tan(bounded)) / (2 * math.pi)


def _degrees(y: float, x: float) -> tuple[float, float]:
    bounded = max(0.0, min(1.0, y))
    latitude = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * bounded))))
    return max(-FARTHEST, min(FARTHEST, latitude)), max(-180.0, min(180.0, 360 * x - 180))
