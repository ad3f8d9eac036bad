"""Who trusts whom at a real S3 server: it demands the right key, and is believed only by a certificate that we trust."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from processor_service.errors import Code, ImageError
from processor_service.store.addresses import address_of
from processor_service.store.opening import open_store
from processor_service.store.picture_store import PictureStore
from tests.helpers.certificates import authority_of
from tests.helpers.pictures import picture
from tests.helpers.service import running_service
from tests.helpers.stores import ACCESS_KEY, SECRET, S3Server, environment, s3_environment

URL = "s3://pictures/live"
CAT = b"a picture"
PICTURE = address_of(CAT, "jpeg")
WRONG = {
    "secret": {"AWS_SECRET_ACCESS_KEY": "notTheRightSecret"},
    "id": {"AWS_ACCESS_KEY_ID": "AKIANOTOFTHETESTS"},
    "none": {"AWS_SKIP_SIGNATURE": "true"},
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an authority, and of a certificate that it has signed."""
    folder = tmp_path_factory.mktemp("authority")
    authority_of("localhost", folder)
    return folder


@pytest.fixture(scope="module")
def server(authority: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    running = S3Server(tmp_path_factory.mktemp("s3"), (authority / "authority.pem", authority / "localhost.pem"))
    yield running
    running.stop()


def there(server: S3Server, authority: Path) -> dict[str, str]:
    """As docs/store.md says."""
    told = s3_environment(server.url)
    del told["AWS_ALLOW_HTTP"]
    return told | {"SSL_CERT_FILE": str(authority / "authority.pem")}


@contextmanager
def opened(**told: str) -> Iterator[PictureStore]:
    with environment(**told):
        store = open_store(URL, 30)
        try:
            yield store
        finally:
            store.stop()


def refusal(store: PictureStore) -> ImageError:
    with pytest.raises(ImageError) as refused:
        store.put(PICTURE, CAT)
    assert refused.value.code is Code.STORE_UNAVAILABLE
    return refused.value


def test_a_picture_is_put_and_read_with_the_right_key_and_authority(server: S3Server, authority: Path) -> None:
    with opened(**there(server, authority)) as store:
        assert store.put(PICTURE, CAT) and store.get(PICTURE, 100) == CAT
        signed = store.signed_url(PICTURE, 60)
        assert signed and requests.get(signed, timeout=30, verify=str(authority / "authority.pem")).content == CAT
        plain = requests.get(signed.partition("?")[0], timeout=30, verify=str(authority / "authority.pem"))
        assert plain.status_code == 403
        store.delete(PICTURE)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_key_and_none_are_refused(server: S3Server, authority: Path, wrong: str) -> None:
    with opened(**there(server, authority) | WRONG[wrong]) as store:
        assert "does the key" in refusal(store).reason
        # Nobody takes what is refused for a picture that is missing.
        with pytest.raises(ImageError) as refused:
            store.get(PICTURE, 100)
        assert refused.value.code is Code.STORE_UNAVAILABLE


@pytest.mark.parametrize("told", ["no authority", "another authority", "another name"])
def test_a_server_that_we_do_not_trust_gets_nothing(
    server: S3Server, authority: Path, tmp_path: Path, told: str
) -> None:
    trust = there(server, authority)
    if told == "no authority":
        trust["SSL_CERT_FILE"] = ""
    elif told == "another authority":
        trust["SSL_CERT_FILE"] = str(authority_of("localhost", tmp_path)[0])
    else:
        trust["AWS_ENDPOINT_URL"] = f"https://127.0.0.1:{server.port}"
    with opened(**trust) as store:
        refusal(store)
    with opened(**there(server, authority)) as store:
        assert list(store.list("")) == []


def test_a_service_with_a_wrong_key_refuses_the_picture_and_tells_no_key(
    server: S3Server, authority: Path, tmp_path: Path
) -> None:
    wrong = there(server, authority) | WRONG["secret"]
    settings = {"workers": "1", "store_url": URL}
    data = picture("pillow/hopper.jpg")
    with environment(**wrong), running_service(tmp_path / "log", **settings) as service:
        answer = service.process_picture(data, operations=["grayscale"], properties=[], store="external")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unavailable"), answer.text
        service.stop()
        with environment(**there(server, authority)):
            service.start()
            again = service.process_picture(data, operations=["grayscale"], properties=[], store="external")
    with opened(**there(server, authority)) as store:
        assert [each.key for each in store.list("")] == [again.json()["fields"]["stored"]]
    said = (tmp_path / "log").read_text() + answer.text
    assert "does the key" in said and "PermissionDenied" in said
    for key in (wrong["AWS_SECRET_ACCESS_KEY"], SECRET, ACCESS_KEY):
        assert key not in said
