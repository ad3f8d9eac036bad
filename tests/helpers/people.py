"""Pictures of people, of public domain, and the same person in a changed picture."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from processor_service.recognition.box import Box
from processor_service.recognition.faces import faces
from tests.helpers.pictures import opened, picture

PEOPLE = {"collins": "skimage/astronaut.png", "hopper": "pillow/hopper.jpg", "obama": "face-recognition/obama.jpg"}
# No two of these are the same picture to a hash: turned, mirrored, cut out, darker, smaller.
CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "a quarter turn": lambda image: image.transpose(Image.Transpose.ROTATE_90),
    "upside down": lambda image: image.rotate(180),
    "by 25 degrees": lambda image: image.rotate(25, Image.Resampling.BICUBIC, expand=True, fillcolor="gray"),
    "mirrored": ImageOps.mirror,
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.5),
    "grey": lambda image: image.convert("L"),
    "smaller": lambda image: image.resize((image.width * 2 // 3, image.height * 2 // 3), Image.Resampling.LANCZOS),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(1)),
    "in a corner of another": lambda image: _in_a_corner(image),
}


def person(name: str) -> Image.Image:
    """The portrait."""
    return opened(picture(PEOPLE[name])).convert("RGB")


def near(name: str, cut: float, height: int) -> tuple[Image.Image, Box]:
    """The portrait cut to the face and `cut` of it on each side, scaled to a height, and where the face is in it."""
    image = person(name)
    face = max(faces(image), key=lambda one: one.score).box
    left, top, right, bottom = around = face.grown(cut).pixels(image.size)
    width, tall = right - left, bottom - top
    corners = [(face.x, face.y), (face.right, face.bottom)]
    place = Box.around(((x * image.width - left) / width, (y * image.height - top) / tall) for x, y in corners)
    return image.crop(around).resize((width * height // tall, height), Image.Resampling.BICUBIC), place


def in_front(size: int, place: tuple[int, int]) -> tuple[Image.Image, list[Box]]:
    """One person's head, `size` pixels high, in front of another one's, 760 high; and where their faces are."""
    image = Image.new("RGB", (820, 800), (120, 120, 130))
    places = []
    for (head, face), (left, top) in ((near("collins", 0.35, 760), (60, 20)), (near("hopper", 0.25, size), place)):
        image.paste(head, (left, top))
        places.append(face.within(Box(left / 820, top / 800, head.width / 820, head.height / 800)))
    return image, places


def together(*images: Image.Image) -> Image.Image:
    """Pictures beside each other."""
    row = Image.new("RGB", (sum(image.width for image in images), max(image.height for image in images)), "gray")
    left = 0
    for image in images:
        row.paste(image, (left, 0))
        left += image.width
    return row


def _in_a_corner(image: Image.Image) -> Image.Image:
    ground = opened(picture("skimage/coins.png")).convert("RGB").resize((image.width * 2, image.height * 2))
    ground.paste(image, (image.width, image.height))
    return ground
