"""What a picture shows is said in words, from specific to general, and as a vector."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from processor_service.recognition.labels import DIMS, Seen, glance, see
from processor_service.recognition.labels_table import ALSO, NEVER, rows
from processor_service.recognition.runtime import MODELS
from tests.helpers.paths import PICTURES

TABLE = (MODELS / "labels.tsv").read_text().splitlines()


def shown(name: str) -> Seen:
    return see(Image.open(PICTURES / name))


def sure_of(**classes: float) -> Seen:
    """As if the model had seen classes, by their WordNet identifiers, with these probabilities."""
    probabilities = np.zeros(1000, np.float32)
    for identifier, probability in classes.items():
        probabilities[[row.startswith(identifier) for row in TABLE].index(True)] = probability
    return Seen(probabilities)


def test_a_cat_is_a_cat_and_an_animal() -> None:
    words = [label.word for label in shown("skimage/chelsea.png").labels()]
    assert words[-3:] == ["cat", "mammal", "animal"]


def test_an_airplane_is_a_vehicle_without_a_number_plate() -> None:
    seen = shown("pillow/exif_gps_typeerror.jpg")
    assert {"airplane", "aircraft", "vehicle"} <= {label.word for label in seen.labels()}
    assert seen.vehicle < 0.1


def test_of_many_breeds_remains_what_they_have_in_common() -> None:
    tabby, persian, siamese = 0.3, 0.25, 0.2
    labels = sure_of(n02123045=tabby, n02123394=persian, n02123597=siamese).labels()
    assert [label.word for label in labels] == ["cat", "mammal", "animal"]
    assert labels[0].probability == pytest.approx(0.75)


def test_a_surer_class_is_named_itself() -> None:
    assert next(label.word for label in sure_of(n02123045=0.9).labels()) == "tabby"


def test_what_few_have_in_common_has_to_be_surer_than_what_many_have() -> None:
    # A hammer that may be another tool, too, and a hammer; a cat that may be another animal.
    assert [label.word for label in sure_of(n03481172=0.6).labels()] == ["tool"]
    assert [label.word for label in sure_of(n02123045=0.3, n02123394=0.3).labels()] == ["mammal", "animal"]
    assert [label.word for label in sure_of(n03481172=0.75).labels()] == ["hammer", "tool"]
    assert [label.word for label in sure_of(n03481172=0.6).labels(0.65)] == []


def test_what_very_many_have_in_common_has_to_be_surer_than_what_some_have() -> None:
    # A little for each of four hundred animals adds up; what is a bird for sure is one.
    assert [label.word for label in sure_of(n01518878=0.25, n01530575=0.25).labels()] == ["bird"]
    assert [label.word for label in sure_of(n01518878=0.3, n01530575=0.3).labels()] == ["bird", "animal"]


def test_what_wordnet_keeps_apart_is_searched_by_one_word() -> None:
    # A castle, a church tower and a bridge; a plant in a pot, and a field of rape.
    assert [label.word for label in sure_of(n02980441=0.2, n02825657=0.2).labels()] == ["building", "architecture"]
    assert [label.word for label in sure_of(n04366367=0.2, n02980441=0.2).labels()] == ["architecture"]
    assert [label.word for label in sure_of(n03991062=0.2, n11879895=0.2).labels()] == ["plant"]
    assert [label.word for label in sure_of(n03633091=0.2, n04597913=0.2).labels()] == ["kitchenware"]
    assert [label.word for label in sure_of(n02909870=0.2, n04049303=0.2).labels()] == ["container"]


@pytest.mark.parametrize(
    ("identifier", "word", "wrong"),
    [
        ("n01806143", "peacock", "game"),
        ("n09229709", "bubble", "ball"),
        ("n03697007", "lumbermill", "plant"),
        ("n02704792", "amphibious vehicle", "amphibian"),
        ("n03991062", "plant pot", "pot"),
        ("n02113186", "Cardigan corgi", "Cardigan"),
        ("n03126707", "construction crane", "crane"),
        ("n03710637", "swimsuit", "footwear"),
        ("n06359193", "website", "computer"),
        ("n04238763", "slide rule", "computer"),
        ("n04162706", "seat belt", "clothing"),
        ("n03529860", "home theater", "building"),
        ("n04023962", "punching bag", "ball"),
        ("n07930864", "cup", "food"),
    ],
)
def test_no_class_has_a_word_in_another_sense(identifier: str, word: str, wrong: str) -> None:
    words = [label.word for label in sure_of(**{identifier: 0.9}).labels()]
    assert word in words and wrong not in words


@pytest.mark.parametrize("identifier", ["n04146614", "n03769881", "n04487081", "n02917067", "n03272562", "n04335435"])
def test_buses_and_trains_are_vehicles(identifier: str) -> None:
    assert "vehicle" in [label.word for label in sure_of(**{identifier: 0.9}).labels()]


def test_each_class_that_shows_something_else_too_is_in_the_table() -> None:
    own = {row.split("\t")[1] for row in TABLE}
    for wider, classes in ALSO.items():
        assert set(classes.split(", ")) <= own
        assert all(wider in row.split("\t") for row in TABLE if row.split("\t")[1] in classes.split(", "))
    for wider, classes in NEVER.items():
        assert set(classes.split(", ")) <= own
        assert not any(wider in row.split("\t") for row in TABLE if row.split("\t")[1] in classes.split(", "))


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("n02437312", ["camel", "mammal", "animal"]),
        ("n02056570", ["penguin", "seabird", "bird", "animal"]),
        ("n03877845", ["palace", "building", "architecture"]),
        ("n03895866", ["railway carriage", "vehicle"]),
    ],
    ids=["camel", "penguin", "palace", "carriage"],
)
def test_the_only_kind_that_is_known_is_called_as_all_of_its_kinds_are(identifier: str, words: list[str]) -> None:
    assert [label.word for label in sure_of(**{identifier: 0.9}).labels()] == words


def test_cars_and_their_parts_have_plates() -> None:
    assert sure_of(n04285008=0.3).vehicle == pytest.approx(0.3)
    assert sure_of(n03459775=0.3).vehicle == pytest.approx(0.3)
    assert sure_of(n02690373=0.9).vehicle == 0


def test_a_face_makes_a_person() -> None:
    nobody = sure_of(n02123045=0.9)
    assert "person" not in [label.word for label in nobody.labels()]
    assert "person" in [label.word for label in nobody.labels(faces=1)]


def test_the_vector_has_unit_length_and_says_what_is_alike() -> None:
    image = Image.open(PICTURES / "skimage/chelsea.png")
    cat, mirrored = glance(image).vector, glance(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)).vector
    plane = glance(Image.open(PICTURES / "pillow/exif_gps_typeerror.jpg")).vector
    assert cat.shape == (DIMS,)
    assert np.linalg.norm(cat) == pytest.approx(1, abs=1e-5)
    assert cat @ mirrored > 0.8 > 0.5 > cat @ plane


@pytest.mark.parametrize("image", [Image.new("RGBA", (1, 1)), Image.new("L", (2000, 3)), Image.new("P", (7, 7))])
def test_every_mode_and_size_is_taken(image: Image.Image) -> None:
    assert np.isfinite(glance(image).vector).all() and np.isfinite(see(image).probabilities).all()


def test_the_table_has_a_row_for_each_class_and_no_words_that_nobody_searches() -> None:
    assert len(TABLE) == len({row.split("\t")[0] for row in TABLE}) == 1000
    words = {word for row in TABLE for word in row.split("\t")[1:]}
    assert not words & {"entity", "object", "whole", "artifact", "placental", "instrumentality", "chordate"}
    assert {"cat", "dog", "car", "bird", "food", "building", "animal", "phone", "tree frog"} <= words


def test_the_table_is_made_from_wordnet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nouns = tmp_path / "data.noun"
    nouns.write_text(
        "  1 a licence\n"
        "00000001 03 n 01 entity 0 000 | what is\n"
        "00000002 05 n 02 animal 0 beast 0 001 @ 00000001 n 0000 | lives\n"
        "00000003 05 n 02 cat 0 true_cat 0 001 @ 00000002 n 0000 | purrs\n"
        "00000004 05 n 01 tabby_cat 0 001 @ 00000003 n 0000 | striped\n"
    )
    (tmp_path / "imagenet1k_to_21k.json").write_text('{"0": "n00000004"}')
    monkeypatch.setattr("processor_service.recognition.labels_table.files", lambda _: tmp_path)
    assert list(rows(nouns)) == ["n00000004\ttabby cat\tcat\tanimal"]
