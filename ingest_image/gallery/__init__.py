"""The search page: a grid of the stored pictures, searched by words, by picture, by colour, by what they share.

It knows searching and showing, and nothing of pixels.
"""

from __future__ import annotations

from .app import create_app
from .settings import GallerySettings

__all__ = ["GallerySettings", "create_app"]
