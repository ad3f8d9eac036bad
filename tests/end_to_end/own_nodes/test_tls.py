"""Between node and service over TLS, as docs/security.md says: proxies before the service, and an authority of one's own on a real node."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from elasticsearch import ApiError, Elasticsearch

from embedded_node import EmbeddedNode, find_plugin_zip
from embedded_node import node as embedded
from embedded_node.distribution import write_config
from embedded_node.folder import NodeFolder
from tests.helpers.nodes import HEAP, SMALL, bootstrap, set_hosts
from tests.helpers.pictures import b64, picture
from tests.helpers.service import TOKEN, Service, calls
from tests.helpers.web_server import certificate_of

PHOTO = b64(picture("pillow/hopper.jpg"))


NAME = "pictures.internal"


class Proxy:
    """What nginx would be: it ends TLS and hands on to the service. `hosts` are the `Host` headers that came in.

    `refused` has an entry for each client that did not like the certificate.
    """

    def __init__(self, certificate: Path, service: Service, address: str = "127.0.0.1", port: int = 0) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, f"{certificate}.key")
        self._service = service
        self._listening = socket.create_server((address, port))
        self.port = self._listening.getsockname()[1]
        self.hosts: list[str] = []
        self.refused: list[str] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self) -> Proxy:
        return self

    def __exit__(self, *reason: object) -> None:
        # A thread that accepts would keep the socket open.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._hand_on, args=(plain,), daemon=True).start()

    def _hand_on(self, plain: socket.socket) -> None:
        try:
            # Who does not trust the certificate goes away here.
            with (
                self._context.wrap_socket(plain, server_side=True) as outer,
                socket.create_connection(("127.0.0.1", self._service.port)) as inner,
            ):
                first = outer.recv(65536)
                self.hosts += [line[6:].decode() for line in first.splitlines() if line.lower().startswith(b"host: ")]
                inner.sendall(first)
                back = threading.Thread(target=_copy, args=(inner, outer), daemon=True)
                back.start()
                _copy(outer, inner)
                back.join(30)
        except ssl.SSLError as error:
            self.refused.append(error.reason)
            plain.close()
        except OSError:
            plain.close()


def _copy(one: socket.socket, other: socket.socket) -> None:
    try:
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """By the host that they are for, each signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    return {host: certificate_of(host, folder) for host in ("localhost", NAME)}


@pytest.fixture(scope="module")
def proxy(certificates: dict[str, Path], service: Service) -> Iterator[int]:
    """The port of a proxy that is `localhost`."""
    with Proxy(certificates["localhost"], service) as running:
        yield running.port


def say_addresses(config: Path, *addresses: str) -> None:
    """Write which addresses the name has: a file takes the place of DNS."""
    new = config / "hosts.new"
    new.write_text("".join(f"{address} {NAME}\n" for address in addresses) + "127.0.0.1 localhost\n")
    new.chmod(0o644)
    new.rename(config / "hosts")


@pytest.fixture(scope="module")
def tls_node(es_version: str, certificates: dict[str, Path], service_url: str) -> Iterator[EmbeddedNode]:
    """It trusts the certificates, and looks names up in its file `hosts`."""
    write = write_config

    def with_files(folder: NodeFolder, http_port: int, settings: Mapping[str, str]) -> None:
        write(folder, http_port, settings)
        (folder.config / "ingest-image").mkdir()
        authorities = "".join(path.read_text() for path in certificates.values())
        (folder.config / "ingest-image" / "ca.pem").write_text(authorities)
        say_addresses(folder.config, "127.0.0.1", "127.0.0.2")

    settings = {"ingest.image.ssl.certificate_authority": "ingest-image/ca.pem", "ingest.image.timeout": "5s"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(embedded, "write_config", with_files)
        with EmbeddedNode(
            es_version=es_version,
            plugin_zip=find_plugin_zip(es_version),
            token=TOKEN,
            heap=HEAP,
            settings=settings,
            # Relative to the node's home.
            jvm_options=(*SMALL, "-Djdk.net.hosts.file=../config/hosts", "-Des.networkaddress.cache.ttl=1"),
            quick_start=True,
        ) as running:
            bootstrap("--url", running.url, "--service-url", service_url)
            yield running


@pytest.fixture
def tls_es(tls_node: EmbeddedNode) -> Iterator[Elasticsearch]:
    with Elasticsearch(tls_node.url, request_timeout=120) as client:
        yield client


def test_a_node_that_trusts_an_authority_of_ones_own(
    tls_node: EmbeddedNode, tls_es: Elasticsearch, service: Service, proxy: int
) -> None:
    set_hosts(tls_es, f"https://localhost:{proxy}")
    before = calls(service)
    tls_es.index(index="images", id="1", document={"image": {"data": PHOTO}})
    assert tls_es.get(index="images", id="1")["_source"]["image"]["width"] == 128
    assert calls(service) == before + 1
    # The certificate is another host's.
    set_hosts(tls_es, f"https://127.0.0.1:{proxy}")
    with pytest.raises(ApiError) as refusal:
        tls_es.options(retry_on_status=(), max_retries=0).index(index="images", id="2", document={"image": PHOTO})
    assert refusal.value.status_code == 503
    # Whether the deadline ends an attempt or a pause between two: the sentence says what is wrong.
    assert "No subject alternative" in str(refusal.value) and "[service_" in str(refusal.value)
    assert not tls_es.exists(index="images", id="2")
    # What speaks no TLS gets nothing, the token least of all.
    set_hosts(tls_es, f"https://localhost:{service.port}")
    with pytest.raises(ApiError):
        tls_es.options(retry_on_status=(), max_retries=0).index(index="images", id="2", document={"image": PHOTO})
    assert calls(service) == before + 1
    assert TOKEN not in tls_node.log_file.read_text()


def test_each_address_of_a_name_is_a_host(
    tls_node: EmbeddedNode, tls_es: Elasticsearch, service: Service, certificates: dict[str, Path]
) -> None:
    ours, other = certificates[NAME], certificates["localhost"]
    with (
        Proxy(ours, service) as one,
        Proxy(ours, service, "127.0.0.2", one.port) as two,
        Proxy(ours, service, "127.0.0.3", one.port) as three,
        Proxy(other, service, "127.0.0.4", one.port) as wrong,
    ):

        def store_until(condition: Callable[[], bool]) -> None:
            end = time.monotonic() + 30
            while not condition():
                assert time.monotonic() < end, [each.hosts for each in (one, two, three, wrong)]
                # Each is stored, whichever addresses are dead or wrong.
                tls_es.index(index="images", document={"image": {"data": PHOTO}})

        set_hosts(tls_es, f"https://{NAME}:{one.port}")
        store_until(lambda: bool(one.hosts and two.hosts))
        # One is gone, one is new, nothing listens at another, and another has a certificate for another name.
        before = len(wrong.refused)
        say_addresses(tls_node.folder / "config", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
        store_until(lambda: bool(three.hosts and len(wrong.refused) > before))
        used = len(one.hosts)
        for _ in range(6):
            tls_es.index(index="images", document={"image": {"data": PHOTO}})
        assert len(one.hosts) == used and not wrong.hosts
        assert {*one.hosts, *two.hosts, *three.hosts} == {f"{NAME}:{one.port}"}
