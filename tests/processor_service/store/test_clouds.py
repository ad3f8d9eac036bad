"""Google, of which there is no server here, Azure, and encryption by S3: which requests URL and variables lead to.

Azure as a server is in azure.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from processor_service.store.addresses import address_of
from processor_service.store.opening import StoreError, open_store
from tests.helpers.stores import FaultyStore, answer, environment, faulty_store, s3_environment

DATA = b"the bytes of a picture"
KEY = address_of(DATA, "jpeg")
ACCOUNT = {"AZURE_STORAGE_ACCOUNT_NAME": "account", "AZURE_STORAGE_ACCOUNT_KEY": "a2V5"}


@pytest.fixture
def seen() -> list[tuple[str, str, dict[str, str]]]:
    return []


@pytest.fixture
def dummy(seen: list[tuple[str, str, dict[str, str]]]) -> Iterator[FaultyStore]:
    def take(handler: Any) -> None:
        seen.append((handler.command, unquote(handler.path), dict(handler.headers)))
        answer(handler, 201, b"") if handler.command == "PUT" else answer(handler, 200, DATA)

    with faulty_store(take) as store:
        yield store


def test_google(dummy: FaultyStore, seen: list[tuple[str, str, dict[str, str]]], tmp_path: Path) -> None:
    account = tmp_path / "account.json"
    said = {"gcs_base_url": dummy.url, "disable_oauth": True, "client_email": "", "private_key": ""}
    account.write_text(json.dumps({**said, "private_key_id": ""}))
    with environment(GOOGLE_SERVICE_ACCOUNT=str(account)):
        store = open_store("gs://bucket/prefix", 5)
    try:
        assert store.put(KEY, DATA) and store.get(KEY, 1000) == DATA
    finally:
        store.stop()
    (put, path, headers), (get, again, _) = seen
    assert (put, get, path, again) == ("PUT", "GET", f"/bucket/prefix/{KEY}", f"/bucket/prefix/{KEY}")
    # Only a new object.
    assert headers["x-goog-if-generation-match"] == "0" and headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize("scheme", ["az", "azure", "abfs"])
def test_azure(dummy: FaultyStore, seen: list[tuple[str, str, dict[str, str]]], scheme: str) -> None:
    with environment(**ACCOUNT, AZURE_STORAGE_ENDPOINT=dummy.url, AZURE_ALLOW_HTTP="true"):
        store = open_store(f"{scheme}://container/prefix", 5)
    try:
        assert store.put(KEY, DATA) and store.get(KEY, 1000) == DATA
    finally:
        store.stop()
    (put, path, headers), (get, again, _) = seen
    assert (put, get, path, again) == ("PUT", "GET", f"/container/prefix/{KEY}", f"/container/prefix/{KEY}")
    assert headers["if-none-match"] == "*" and headers["x-ms-blob-content-type"] == "image/jpeg"
    assert headers["authorization"].startswith("SharedKey account:")


def test_s3_is_told_how_to_encrypt(dummy: FaultyStore, seen: list[tuple[str, str, dict[str, str]]]) -> None:
    wishes = {"SERVER_SIDE_ENCRYPTION": "aws:kms", "SSE_KMS_KEY_ID": "of-ours", "SSE_BUCKET_KEY_ENABLED": "true"}
    with environment(**s3_environment(dummy.url), **{f"AWS_{name}": value for name, value in wishes.items()}):
        store = open_store("s3://bucket/prefix", 5)
    try:
        assert store.put(KEY, DATA)
    finally:
        store.stop()
    ((put, path, headers),) = seen
    assert (put, path) == ("PUT", f"/bucket/prefix/{KEY}")
    asked = {name.partition("encryption")[2]: value for name, value in headers.items() if "server-side" in name}
    assert asked == {"": "aws:kms", "-aws-kms-key-id": "of-ours", "-bucket-key-enabled": "true"}


def test_azure_signs_an_address_of_its_own() -> None:
    with environment(**ACCOUNT):
        store = open_store("az://container/prefix", 5)
    try:
        signed = urlsplit(store.signed_url(KEY, 60) or "")
    finally:
        store.stop()
    assert (signed.hostname, signed.path) == ("account.blob.core.windows.net", f"/container/prefix/{KEY}")
    assert "sp=r" in signed.query and "a2V5" not in signed.query


def test_a_file_with_keys_that_is_missing_is_said_without_quoting_it() -> None:
    with (
        environment(GOOGLE_SERVICE_ACCOUNT="/hush/account.json"),
        pytest.raises(StoreError, match="keys come from") as refused,
    ):
        open_store("gs://bucket/prefix", 5)
    assert "hush" not in str(refused.value)
