"""The embedded node with security."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import shutil
import subprocess
import time
import zipfile
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from embedded_node import EmbeddedNode, NodeError
from embedded_node.folder import NodeFolder
from pipelines.install.roles import ROLES

HERE = Path(__file__).parent
# It is one module here, which may do what Elasticsearch's own policy allows its several modules.
_POLICY = """\
ALL-UNNAMED:
  - files:
    - relative_path: ""
      relative_to: config
      mode: read
  - manage_threads
  - outbound_network
  - inbound_network
  - set_https_connection_properties
"""
_MODULES = {
    "x-pack-core": ("org.elasticsearch.xpack.core.XPackPlugin", ""),
    "x-pack-security": ("org.elasticsearch.xpack.security.Security", "extended.plugins=x-pack-core\n"),
}
# The jars that both modules need are in the first one.
_OF_SECURITY = ("x-pack-security-", "transport-netty4-", "netty-", "oauth2-", "nimbus-", "lang-tag-", "xmlsec-",
                "cryptacular-", "guava-", "failureaccess-", "json-smart-", "accessors-", "metrics-", "woodstox-",
                "stax2-", "content-type-", "joda-", "jsr305-")  # fmt: skip
_SETTINGS = {
    "xpack.security.enabled": "true",
    "xpack.security.autoconfiguration.enabled": "false",
    "xpack.license.self_generated.type": "basic",
}
_EXPORTED = "--add-exports=org.elasticsearch.server/org.elasticsearch.plugins.interceptor=ALL-UNNAMED"
_COST = 10_000


class SecuredNode(EmbeddedNode):
    """Knows the users of `users`: name, password, and names of roles. Our roles are there, for the indices `images*`."""

    def __init__(self, jars: Path, users: Mapping[str, tuple[str, list[str]]], **more: Any) -> None:
        # A quick start does not verify bytecode, for which the classes of SAML would have to be there.
        super().__init__(settings=_SETTINGS, jvm_options=[_EXPORTED], quick_start=True, **more)
        self._jars, self._users = jars, users

    def _spawn(self, folder: NodeFolder) -> subprocess.Popen[bytes]:
        present = {path.name for path in (folder.home / "lib").glob("*.jar")}
        for name, (classname, more) in _MODULES.items():
            module = folder.home / "modules" / name
            module.mkdir()
            for jar in self._jars.glob("*.jar"):
                if jar.name not in present and jar.name.startswith(_OF_SECURITY) == (name == "x-pack-security"):
                    shutil.copy(jar, module)
            self._describe(module, classname, more)
            (module / "entitlement-policy.yaml").write_text(_POLICY)
        self._compile_analysis(folder.home)
        roles: dict[str, list[str]] = {}
        for user, (_, names) in self._users.items():
            for role in names:
                roles.setdefault(role, []).append(user)
        files = {
            "users": "".join(f"{user}:{_hashed(password)}\n" for user, (password, _) in self._users.items()),
            "users_roles": "".join(f"{role}:{','.join(users)}\n" for role, users in roles.items()),
            # JSON is YAML. Kibana's privileges need the list of applications that only Kibana writes.
            "roles.yml": "".join(
                f"{role.name}: {json.dumps(role.body(['images*']))}\n" for role in ROLES if not role.kibana
            ),
        }
        for name, text in files.items():
            (folder.config / name).write_text(text)
        return super()._spawn(folder)

    def _describe(self, module: Path, classname: str, more: str = "") -> None:
        version = self.choice.version
        (module / "plugin-descriptor.properties").write_text(
            f"name={module.name}\ndescription={module.name}\nversion={version.number}\n"
            f"elasticsearch.version={version.number}\njava.version={version.java_release}\nclassname={classname}\n{more}"
        )

    def _compile_analysis(self, home: Path) -> None:
        """A module of its own, as the one of Elasticsearch is."""
        module = home / "modules" / "users-analysis"
        classes = module / "classes"
        classes.mkdir(parents=True)
        command: list[str | Path] = [self.choice.jdk.javac, "--release", str(self.choice.version.java_release)]
        command += ["-proc:none", "-nowarn", "-cp", f"{home}/lib/*", "-d", classes, HERE / "UsersAnalysis.java"]
        subprocess.run(command, check=True, capture_output=True)
        with zipfile.ZipFile(module / "users-analysis.jar", "w") as jar:
            for path in classes.iterdir():
                jar.write(path, path.name)
        shutil.rmtree(classes)
        self._describe(module, "UsersAnalysis")

    def _wait_until_ready(self, folder: NodeFolder) -> str:
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and self.poll() is None:
            with suppress(OSError, IndexError, http.client.HTTPException):
                address = (folder.logs / "http.ports").read_text().split()[0]
                with closing(http.client.HTTPConnection(address, timeout=5)) as connection:
                    connection.request("GET", "/")
                    if connection.getresponse().status == 401:
                        return address
            time.sleep(0.2)
        raise NodeError(f"Elasticsearch with security did not start, its log ends:\n{self.log_tail(80)}")


def fetch_jars(version: str, folder: Path) -> None:
    """Take the jars of security from Maven. Raises CalledProcessError."""
    command = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), f"-Des.version={version}"]
    subprocess.run([*command, "dependency:copy-dependencies", f"-DoutputDirectory={folder}"], check=True)
    # Annotations that are there twice, or for compilers.
    for pattern in ("listenablefuture-*", "checker-*", "error_prone-*", "j2objc-*", "jakarta.*"):
        for path in folder.glob(pattern):
            path.unlink()


def _hashed(password: str) -> str:
    salt = hashlib.sha256(password.encode()).digest()
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _COST, 32)
    return f"{{PBKDF2}}{_COST}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"
