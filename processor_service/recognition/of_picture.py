"""What is recognized in a picture on its way: each looked for once, whoever asks first."""

from __future__ import annotations

from PIL import Image

from ..picture import Picture
from ..pixels.reduced import reduced, upright_srgb
from ..pixels.scaling import shrunk
from . import faces as face
from . import identity, labels, plates, text


def large(image: Image.Image, picture: Picture) -> Image.Image:
    """One of the picture's frames upright and in sRGB, as large as text is read from at most."""
    return upright_srgb(shrunk(image, text.READ_FROM), picture)


def large_copy(picture: Picture) -> Image.Image:
    """The same of the picture. All share it: not to be changed."""
    return picture.once("large", lambda: large(picture.image, picture))


def glance(picture: Picture) -> labels.Glance:
    """What the model of labels says of the whole. Raises RecognitionMissing, as the others do."""
    return picture.once("glance", lambda: labels.glance(reduced(picture)))


def seen(picture: Picture) -> labels.Seen:
    """What the model of labels says in all views, that of the whole among them."""
    return picture.once("seen", lambda: labels.see(reduced(picture), glance(picture)))


def page(picture: Picture) -> text.Page:
    """Its text, read once for `text` and `plates`."""
    return picture.once("page", lambda: text.look(large_copy(picture)))


def plates_of(picture: Picture) -> list[plates.Plate]:
    """Its number plates, best first."""
    return picture.once("plates", lambda: plates.plates(page(picture), seen(picture).vehicle))


def faces_of(picture: Picture) -> list[face.Face]:
    """Its faces, the largest first."""
    return picture.once("faces", lambda: face.faces(large_copy(picture)))


def identities_of(picture: Picture) -> list[identity.Identity]:
    """Whose its faces are, the largest first; without those that are too small to tell."""
    return picture.once("identities", lambda: identity.identities(large_copy(picture), faces_of(picture)))
