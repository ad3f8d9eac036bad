"""Recognition: text, number plates, faces and things in a picture, and boxes of it made unrecognizable.

Plain functions of upright Pillow pictures. Models are loaded when first used, once a process, with one thread each:
they work in forks of that process, too.

The packages are the extra `recognition`; what needs them raises RecognitionMissing when they are not installed. Only
`hide` works without.
"""

from .box import Box
from .runtime import RecognitionMissing, missing

__all__ = ["Box", "RecognitionMissing", "missing"]
