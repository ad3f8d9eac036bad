from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from click.testing import CliRunner
from PIL import Image, ImageEnhance, ImageOps

from ingest_image.cli import main
from processor_service import embedders
from processor_service.embedders import EmbedderError, chosen, embedded
from processor_service.embedders.builtin import COLORS, Builtin
from processor_service.embedders.model_folder import ImageInput
from processor_service.embedders.onnx import Onnx, prepared
from processor_service.errors import ImageError
from processor_service.hash_variants import distance
from processor_service.picture import Picture, Source
from processor_service.recognition.runtime import MODELS
from processor_service.settings import Settings
from tests.helpers import tiny_model
from tests.helpers.pictures import b64, encoded, opened, picture
from tests.helpers.service import TOKEN, Service, running_service

LITE0 = MODELS / "efficientnet-lite0.onnx"
PHOTOGRAPHS = [
    "exif-orientation/Landscape_1.jpg",
    "pillow/flower.jpg",
    "skimage/coins.png",
    "pdq/bridge-mods/aaa-orig.jpg",
]


def photograph(name: str) -> Image.Image:
    return opened(picture(name)).convert("RGB")


def unit(vector: Any) -> Any:
    return vector / np.linalg.norm(vector)


def ask(service: Service, **body: Any) -> requests.Response:
    return requests.post(f"{service.url}/v1/embed", json=body, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return tiny_model.write(tmp_path / "tiny")


@pytest.fixture
def onnx(tiny: Path) -> Onnx:
    return Onnx.load(Settings(embedder="onnx", embedder_model=tiny))


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_builtin_finds_changed_copies_among_others(name: str) -> None:
    original = photograph(name)
    others = [unit(Builtin().image(photograph(other))) for other in PHOTOGRAPHS if other != name]
    width, height = original.size
    for changed in (
        original.resize((width // 4, height // 4)),
        original.crop((width // 10, height // 10, width * 9 // 10, height * 9 // 10)),
        original.rotate(5),
        ImageEnhance.Brightness(original).enhance(0.6),
        ImageOps.mirror(original),
    ):
        vector = unit(Builtin().image(changed))
        assert vector @ unit(Builtin().image(original)) > max(vector @ other for other in others)


@pytest.mark.parametrize("color", ["red", "#3366cc", "gray"])
def test_builtin_says_where_its_colours_are(color: str) -> None:
    # A blank picture has nothing else.
    vector = Builtin().image(Image.new("RGB", (64, 64), color))
    everywhere = np.flatnonzero(vector)
    assert len(everywhere) and set(everywhere) == set(np.flatnonzero(vector[COLORS]) + COLORS.start)


def of(image: Image.Image) -> Picture:
    return Picture([image], Source("png", *image.size, 1, 1))


def test_builtin_is_what_its_name_says_for_ever() -> None:
    """Other numbers would need another label: stored vectors are compared with them."""
    ramp = np.add.outer(np.arange(90), np.arange(120)).astype(np.uint8)
    vector = embedded(of(Image.fromarray(np.dstack([ramp, ramp.T.copy().reshape(ramp.shape), 255 - ramp]))))[
        "embedding"
    ]
    assert isinstance(vector, list) and len(vector) == Builtin.dims == 282
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)
    digest = [round(float(np.dot(vector, np.cos(np.arange(282) * step))), 3) for step in (0.1, 0.5, 1.7, 3.1)]
    assert digest == pytest.approx(DIGEST, abs=2e-3)


DIGEST = [-0.364, 0.09, 0.125, -0.253]


@pytest.mark.parametrize("color", ["black", "white", "#123456"])
@pytest.mark.parametrize("size", [(1, 1), (1, 900), (64, 64)])
def test_builtin_takes_pictures_without_anything_on_them(color: str, size: tuple[int, int]) -> None:
    assert np.isfinite(Builtin().image(Image.new("RGB", size, color))).all()
    assert len(embedded(of(Image.new("RGB", size, color)))["embedding"]) == Builtin.dims  # type: ignore[arg-type]


def test_embedders_are_found_by_scanning() -> None:
    assert list(embedders.embedders()) == ["builtin", "lite0", "onnx"]
    with pytest.raises(EmbedderError, match="valid are builtin, lite0, onnx"):
        chosen(Settings(embedder="clip"))


def test_a_model_of_ones_own(onnx: Onnx) -> None:
    assert (onnx.label, onnx.dims) == (tiny_model.LABEL, tiny_model.DIMS)
    assert onnx.image(Image.new("RGB", (40, 20), "#ff0000")) == pytest.approx(tiny_model.COLORS[0], abs=1e-6)
    assert onnx.text("Green or RED apples") == pytest.approx(tiny_model.COLORS[0] + tiny_model.COLORS[1], abs=1e-6)
    assert onnx.text("red " * 50) == pytest.approx(4 * tiny_model.COLORS[0]), "cut off at the model's length"


def test_words_for_a_model_that_knows_pictures_only(tmp_path: Path) -> None:
    folder = tiny_model.write(tmp_path, text=False)
    with pytest.raises(ImageError, match="no_text_embedder"):
        Onnx.load(Settings(embedder="onnx", embedder_model=folder)).text("red")


def test_pixels_as_the_model_wants_them() -> None:
    halves = Image.new("RGB", (200, 100), (10, 20, 30))
    halves.paste((250, 20, 30), (0, 0, 100, 100))
    nchw = prepared(
        halves,
        ImageInput(size=(50, 50), resize="squash", resample="bilinear", divisor=1, mean=(10, 0, 0), std=(2, 1, 1)),
    )
    assert nchw.shape == (1, 3, 50, 50) and nchw.dtype == np.float32
    assert (nchw[0, 0, 25, 5], nchw[0, 0, 25, 45], nchw[0, 1, 0, 0], nchw[0, 2, 0, 0]) == (120, 0, 20, 30)
    nhwc = prepared(halves, ImageInput(size=(30, 50), layout="nhwc", divisor=250))
    assert nhwc.shape == (1, 50, 30, 3)
    assert nhwc[0, 25, 0] == pytest.approx([1, 0.08, 0.12]) and nhwc[0, 25, 29] == pytest.approx([0.04, 0.08, 0.12]), (
        "the middle was cut out"
    )


def edited(folder: Path, **changes: Any) -> None:
    described = json.loads((folder / "embedder.json").read_text())
    (folder / "embedder.json").write_text(json.dumps({**described, **changes}))


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda folder: (folder / "embedder.json").unlink(), "cannot be read"),
        (lambda folder: (folder / "embedder.json").write_text("{"), "Invalid JSON"),
        (lambda folder: edited(folder, name="a b"), "name: "),
        (lambda folder: edited(folder, image={"size": [16]}), "image.size"),
        (lambda folder: edited(folder, dims=3), "dims: "),
        (lambda folder: (folder / "image.onnx").unlink(), "has no model.onnx"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer.json"),
        (lambda folder: (folder / "image.onnx").write_bytes(b"no model"), "onnxruntime cannot load it"),
        (lambda folder: edited(folder, image={"size": [16, 16], "output": "mean"}), "is 1x3x1x1, not one vector"),
        (lambda folder: edited(folder, image={"size": [16, 16], "output": "x"}), "its outputs are mean, vector"),
        (lambda folder: edited(folder, image={"size": [32, 32], "output": "vector"}), "image.onnx: "),
        (lambda folder: edited(folder, text={"length": 5}), "text.onnx: "),
    ],
)
def test_a_folder_that_is_wrong_says_what(tiny: Path, spoil: Any, complaint: str) -> None:
    spoil(tiny)
    with pytest.raises(EmbedderError) as error:
        Onnx.load(Settings(embedder="onnx", embedder_model=tiny))
    assert complaint in str(error.value)


def test_serve_says_at_once_that_the_embedder_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGE_EMBEDDER", "onnx")
    result = CliRunner().invoke(main, ["serve", "--port", "0"])
    assert result.exit_code == 1 and "IMAGE_EMBEDDER_MODEL must name the folder" in result.output
    monkeypatch.setenv("IMAGE_EMBEDDER_MODEL", str(tmp_path))
    assert "embedder.json cannot be read" in CliRunner().invoke(main, ["serve", "--port", "0"]).output


def test_the_vector_of_a_document_is_that_of_the_same_question(service: Service) -> None:
    data = picture("exif-orientation/Landscape_6.jpg")
    stored = service.process_picture(data, operations=["auto_orient"], properties=["embedding"]).json()["fields"]
    asked = ask(service, data=b64(data)).json()["fields"]
    assert asked["embedder"] == stored["embedder"] == "builtin-v1"
    assert np.dot(asked["vector"], stored["embedding"]) > 0.995


def test_the_hash_as_a_vector(service: Service) -> None:
    data = picture("exif-orientation/Landscape_6.jpg")
    stored = service.process_picture(data, operations=["auto_orient"], properties=["perceptual_hash"]).json()["fields"]
    asked = ask(service, data=b64(data), vector="perceptual_hash").json()["fields"]
    assert asked["embedder"] == "pdq" and distance(asked["vector"], stored["perceptual_hash"]) <= 10
    blank = ask(service, data=b64(encoded(Image.new("RGB", (64, 64), "black"))), vector="perceptual_hash")
    assert (blank.status_code, blank.json()["error"]["code"]) == (422, "nothing_to_compare")


def test_only_the_first_of_a_list_has_a_vector(service: Service) -> None:
    for position, there in ((None, True), (0, True), (1, False)):
        body = {} if position is None else {"position": position}
        fields = service.process_picture(
            picture("pillow/flower.jpg"), properties=["embedding", "colors", "perceptual_hash"], **body
        ).json()["fields"]
        assert [fields[name] is not None for name in ("embedding", "embedder", "perceptual_hash")] == 3 * [there]
        assert fields["colors"] and fields["perceptual_hashes"]["hex"] and fields["perceptual_hash_quality"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_request"),
        ({"data": "AAAA", "text": "x"}, 400, "invalid_request"),
        ({"data": "AAAA", "k": 1}, 400, "invalid_request"),
        ({"data": "AAAA", "vector": "colors"}, 400, "invalid_request"),
        ({"text": "  "}, 400, "invalid_request"),
        ({"text": "x" * 2001}, 400, "invalid_request"),
        ({"text": "a cat"}, 400, "no_text_embedder"),
        ({"data": "%%%"}, 422, "invalid_base64"),
        ({"data": b64(b"no picture at all")}, 422, "not_an_image"),
    ],
)
def test_questions_that_are_refused(service: Service, body: dict[str, Any], status: int, code: str) -> None:
    answer = ask(service, **body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_questions_need_the_token(service: Service) -> None:
    assert requests.post(f"{service.url}/v1/embed", json={"data": "AAAA"}, timeout=60).status_code == 401


@pytest.fixture(scope="module")
def tiny_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with tiny_model.running_with_it(tmp_path_factory.mktemp("tiny")) as running:
        yield running


def test_a_service_with_a_model(tiny_service: Service) -> None:
    red = encoded(Image.new("RGB", (64, 64), "red"))
    stored = tiny_service.process_picture(red, properties=["embedding"]).json()["fields"]
    assert (stored["embedder"], stored["embedding"]) == (tiny_model.LABEL, [1, 0, 0, 0, 0, 0, 0, 0])
    assert ask(tiny_service, text="red").json() == {
        "fields": {"embedder": tiny_model.LABEL, "vector": stored["embedding"]}
    }
    nothing = ask(tiny_service, text="unheard words")
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (422, "nothing_to_compare")


def test_a_picture_without_a_direction_has_no_vector(tiny_service: Service) -> None:
    fields = tiny_service.process_picture(
        encoded(Image.new("RGB", (64, 64), "black")), properties=["embedding"]
    ).json()["fields"]
    assert (fields["embedding"], fields["embedder"]) == (None, None)


def test_a_model_that_breaks_fails_as_the_service_s_fault(tmp_path: Path) -> None:
    folder = tiny_model.write(tmp_path / "model")
    (folder / "image.onnx").write_bytes(b"no model")
    with running_service(tmp_path / "service.log", embedder="onnx", embedder_model=str(folder), workers="1") as running:
        answer = running.process_picture(picture("pillow/flower.jpg"), properties=["embedding"])
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "embedder_failed")
        assert running.process_picture(picture("pillow/flower.jpg"), properties=["colors"]).status_code == 200


def test_efficientnet_lite0(tmp_path: Path) -> None:
    image = {"size": [224, 224], "resize": "squash", "divisor": 1, "mean": [127] * 3, "std": [128] * 3, "output": "emb"}
    (tmp_path / "embedder.json").write_text(json.dumps({"name": "efficientnet-lite0", "image": image}))
    (tmp_path / "model.onnx").symlink_to(LITE0)
    with running_service(
        tmp_path / "service.log", embedder="onnx", embedder_model=str(tmp_path), workers="1"
    ) as running:
        one, again, other = (
            ask(running, data=b64(data)).json()["fields"]["vector"]
            for data in (
                picture("pdq/bridge-mods/aaa-orig.jpg"),
                encoded(photograph("pdq/bridge-mods/aaa-orig.jpg").resize((300, 200)), "JPEG", quality=30),
                picture("pillow/flower.jpg"),
            )
        )
    assert len(one) == 1280
    assert np.dot(one, again) > 0.8 > 0.5 > np.dot(one, other)
