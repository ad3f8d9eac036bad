"""`make test-azure`: what the store promises, of Azurite, which speaks as Azure does.

Not collected by `make test`, as it needs Node.js.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests

from processor_service.errors import Code, ImageError
from processor_service.store.addresses import address_of
from processor_service.store.opening import open_store
from processor_service.store.picture_store import PictureStore
from tests.helpers.azurite import CONTAINER, KEY, azurite
from tests.helpers.stores import environment

from . import test_elsewhere
from .test_elsewhere import DATA, PICTURE

OTHER = address_of(DATA[1:], "jpeg")
# The tests, and the store that they use.
globals().update({name: test for name, test in vars(test_elsewhere).items() if name.startswith("test_")})
store = test_elsewhere.store


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with azurite(tmp_path_factory.mktemp("azurite")):
        yield f"az://{CONTAINER}/live"


def test_an_address_of_its_own_is_for_reading_that_picture(store: PictureStore) -> None:
    """The S3 server of the tests asks nobody for a key, so it cannot show that."""
    store.put(PICTURE, DATA)
    store.put(OTHER, DATA[1:])
    signed = store.signed_url(PICTURE, 60)
    assert signed and requests.get(signed, timeout=30).status_code == 200
    assert requests.get(signed.replace(PICTURE, OTHER), timeout=30).status_code == 403
    assert requests.put(signed, b"other", headers={"x-ms-blob-type": "BlockBlob"}, timeout=30).status_code == 403


def test_a_container_that_is_missing_and_a_wrong_key_are_told_apart(url: str) -> None:
    def refused(place: str) -> str:
        opened = open_store(place, 30)
        try:
            with pytest.raises(ImageError) as refusal:
                opened.put(PICTURE, DATA)
        finally:
            opened.stop()
        assert refusal.value.code is Code.STORE_UNAVAILABLE
        return str(refusal.value)

    assert "there is no such bucket or container" in refused("az://elsewhere/live")
    with environment(AZURE_STORAGE_ACCOUNT_KEY=KEY.replace("Eby8", "aaaa")):
        assert "the store refuses access" in refused(url)
