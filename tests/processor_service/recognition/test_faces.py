"""Faces are found, with boxes as fractions of the picture."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest
from PIL import Image

from processor_service.recognition.faces import faces
from tests.helpers.paths import PICTURES
from tests.helpers.people import PEOPLE, in_front, near

ASTRONAUT = PICTURES / "skimage" / "astronaut.png"
# Forks before the first use, as a service's workers are; uses it in two children at once.
FORKING = """
import os, sys
from PIL import Image
from processor_service.recognition import faces, labels, ocr, text
children = []
for _ in range(2):
    child = os.fork()
    if not child:
        image = Image.open(sys.argv[1]).convert("RGB")
        text.look(image), labels.see(image)
        os._exit(0 if len(faces.faces(image)) == 1 else 1)
    children.append(child)
sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children))
"""


def portrait() -> Image.Image:
    return Image.open(ASTRONAUT).convert("RGB")


def test_a_face_is_found_with_its_parts() -> None:
    (face,) = faces(portrait())
    assert face.score > 0.8
    assert 0.33 < face.box.x < face.box.right < 0.55
    assert 0.08 < face.box.y < face.box.bottom < 0.36
    (left_eye, right_eye, nose, *mouth) = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_eye[1] < nose[1] < min(corner[1] for corner in mouth)


@pytest.mark.parametrize("size", [(130, 130), (300, 200), (1500, 1500), (1111, 777)])
def test_boxes_do_not_depend_on_the_size(size: tuple[int, int]) -> None:
    (large,), (face,) = faces(portrait()), faces(portrait().resize(size))
    assert large.box.common(face.box) > 0.7 * large.box.area


@pytest.mark.parametrize("height", [800, 1000])
@pytest.mark.parametrize("cut", [-0.15, -0.1, 0, 0.3])
@pytest.mark.parametrize("name", PEOPLE)
def test_a_face_that_fills_the_picture_is_one_face(name: str, cut: float, height: int) -> None:
    # From some 700 pixels on, the model sees no face any more, or two or three in one.
    image, place = near(name, cut, height)
    (large,) = faces(image)
    assert large.box.common(place) > 0.6 * max(place.area, large.box.area)


@pytest.mark.parametrize("place", [(80, 450), (330, 460), (200, 470)])
@pytest.mark.parametrize("size", [180, 260, 320])
def test_somebody_in_front_of_a_large_face_is_counted_too(size: int, place: tuple[int, int]) -> None:
    image, places = in_front(size, place)
    found = faces(image)
    assert len(found) == 2
    assert all(face.box.common(there) > 0.5 * there.area for face, there in zip(found, places, strict=True))


def test_two_faces_side_by_side_are_two() -> None:
    image = portrait().crop((160, 20, 300, 220))
    both = Image.new("RGB", (2 * image.width, image.height))
    both.paste(image, (0, 0))
    both.paste(image, (image.width, 0))
    assert len(faces(both.resize((840, 600)))) == 2


@pytest.mark.parametrize("degrees", [-15, 30, -45, 60, 90, 135, 180, 270])
def test_a_tilted_face_is_found_where_it_is(degrees: int) -> None:
    (upright,) = faces(portrait())
    tilted = portrait().rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=(90, 95, 100))
    (face,) = faces(tilted)
    x, y = 512 * (upright.box.x + upright.box.width / 2) - 256, 512 * (upright.box.y + upright.box.height / 2) - 256
    # Upwards is minus in pictures, and turns are against the clock.
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    across, down = (x * cosine + y * sine) / tilted.width + 0.5, (y * cosine - x * sine) / tilted.height + 0.5
    assert face.box.x < across < face.box.right and face.box.y < down < face.box.bottom


@pytest.mark.parametrize("mode", ["L", "RGBA", "LA", "P"])
def test_every_mode_is_taken(mode: str) -> None:
    assert len(faces(portrait().convert(mode))) == 1


def test_the_faces_of_several_people_are_each_found_once() -> None:
    row = Image.new("RGB", (1536, 512))
    for number in range(3):
        row.paste(portrait(), (512 * number, 0))
    assert len(faces(row)) == 3


@pytest.mark.parametrize("name", ["skimage/chelsea.png", "skimage/coins.png", "pillow/flower.jpg"])
def test_where_there_is_no_face_none_is_found(name: str) -> None:
    assert faces(Image.open(PICTURES / name)) == []


def test_a_higher_threshold_finds_fewer() -> None:
    assert faces(portrait(), min_score=0.99) == []


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (31, 33)])
def test_tiny_and_narrow_pictures_have_none(size: tuple[int, int]) -> None:
    assert faces(Image.new("RGB", size)) == []


def test_recognition_works_in_forked_workers() -> None:
    subprocess.run([sys.executable, "-c", FORKING, str(ASTRONAUT)], check=True, timeout=250)
