"""The search page: a grid of the stored pictures, searched by words, picture, colour, and values of fields.

It searches and shows; it knows nothing about pixels.
"""

from __future__ import annotations

from .app import create_app
from .settings import GallerySettings

__all__ = ["GallerySettings", "create_app"]
