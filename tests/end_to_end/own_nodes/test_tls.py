"""Between node and service over TLS, as docs/security.md says: a proxy before the service, and an authority of one's own on a real node."""

from __future__ import annotations

import shutil
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from elasticsearch import ApiError, Elasticsearch

from embedded_node import EmbeddedNode, find_plugin_zip
from embedded_node import node as embedded
from embedded_node.distribution import write_config
from embedded_node.folder import NodeFolder
from tests.helpers.nodes import HEAP, bootstrap, set_hosts
from tests.helpers.pictures import b64, picture
from tests.helpers.service import TOKEN, Service, calls
from tests.helpers.web_server import certificate_of

PHOTO = b64(picture("pillow/hopper.jpg"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the host `localhost`, signed by itself."""
    return certificate_of("localhost", tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def proxy(certificate: Path, service: Service) -> Iterator[int]:
    """The port of what nginx would be: it ends TLS and hands on to the service."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, f"{certificate}.key")
    listening = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve, args=(listening, context, service.port), daemon=True).start()
    yield listening.getsockname()[1]
    listening.close()


def _serve(listening: socket.socket, context: ssl.SSLContext, port: int) -> None:
    while True:
        try:
            plain, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_hand_on, args=(plain, context, port), daemon=True).start()


def _hand_on(plain: socket.socket, context: ssl.SSLContext, port: int) -> None:
    try:
        # Who does not trust the certificate goes away here.
        with (
            context.wrap_socket(plain, server_side=True) as outer,
            socket.create_connection(("127.0.0.1", port)) as inner,
        ):
            back = threading.Thread(target=_copy, args=(inner, outer), daemon=True)
            back.start()
            _copy(outer, inner)
            back.join(30)
    except OSError:
        plain.close()


def _copy(one: socket.socket, other: socket.socket) -> None:
    try:
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def test_a_node_that_trusts_an_authority_of_ones_own(
    es_version: str, service: Service, certificate: Path, proxy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = write_config

    def with_authority(folder: NodeFolder, http_port: int, settings: Mapping[str, str]) -> None:
        write(folder, http_port, settings)
        (folder.config / "ingest-image").mkdir()
        shutil.copy(certificate, folder.config / "ingest-image" / "ca.pem")

    monkeypatch.setattr(embedded, "write_config", with_authority)
    settings = {"ingest.image.ssl.certificate_authority": "ingest-image/ca.pem", "ingest.image.timeout": "5s"}
    zip_ = find_plugin_zip(es_version)
    with (
        EmbeddedNode(
            es_version=es_version, plugin_zip=zip_, token=TOKEN, heap=HEAP, settings=settings, quick_start=True
        ) as node,
        Elasticsearch(node.url) as es,
    ):
        bootstrap("--url", node.url, "--service-url", f"https://localhost:{proxy}")
        before = calls(service)
        es.index(index="images", id="1", document={"image": {"data": PHOTO}})
        assert es.get(index="images", id="1")["_source"]["image"]["width"] == 128
        assert calls(service) == before + 1
        # The certificate is another host's.
        set_hosts(es, f"https://127.0.0.1:{proxy}")
        with pytest.raises(ApiError) as refusal:
            es.options(retry_on_status=(), max_retries=0).index(index="images", id="2", document={"image": PHOTO})
        assert refusal.value.status_code == 503
        assert "service_unavailable" in str(refusal.value) and not es.exists(index="images", id="2")
        # What speaks no TLS gets nothing, the token least of all.
        set_hosts(es, f"https://localhost:{service.port}")
        with pytest.raises(ApiError):
            es.options(retry_on_status=(), max_retries=0).index(index="images", id="2", document={"image": PHOTO})
        assert calls(service) == before + 1
        assert TOKEN not in node.log_file.read_text()
