"""`ingest-image bootstrap --print-roles`: can be pasted, needs nobody, and gives no more than is needed."""

from __future__ import annotations

import json

from click.testing import CliRunner

from pipelines.install.bootstrap import bootstrap
from pipelines.install.roles import ROLES
from tests.helpers.dev_tools import parse
from tests.helpers.ports import free_port


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(bootstrap, ["--print-roles", "--url", f"http://127.0.0.1:{free_port()}", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_it_can_be_pasted() -> None:
    requests = parse(printed())
    assert [(request.method, request.path) for request in requests] == [
        ("PUT", "_security/role/ingest-image-writer"),
        ("POST", "_security/api_key"),
        ("PUT", "_security/role/ingest-image-searcher"),
        ("POST", "_security/api_key"),
        ("PUT", "_security/role/ingest-image-bootstrap"),
        ("POST", "_security/api_key"),
        ("PUT", "_security/role/ingest-image-kibana"),
        ("PUT", "_security/role/ingest-image-maintainer"),
        ("POST", "_security/api_key"),
    ]
    writer, key = (json.loads(request.body) for request in requests[:2])
    assert writer == {"cluster": [], "indices": [{"names": ["images*"], "privileges": ["index", "auto_configure"]}]}
    assert key == {
        "name": "ingest-image-writer",
        "expiration": "90d",
        "role_descriptors": {"ingest-image-writer": writer},
    }


def test_other_indices_and_the_inference_way() -> None:
    requests = parse(printed("--index-pattern", "photos-*", "--index-pattern", "scans", "--bridge", "inference"))
    bodies = [json.loads(request.body) for request in requests if request.method == "PUT"]
    assert all(body["indices"][0]["names"] == ["photos-*", "scans"] for body in bodies if body["indices"])
    assert [("manage_inference" in body["cluster"]) for body in bodies] == [False, False, True, False, False]


def test_nobody_may_do_everything() -> None:
    for role in ROLES:
        assert not {"all", "manage", "write", "delete", "delete_index", "manage_security"} & {
            *role.cluster,
            *role.index,
        }
        assert all("*" not in privilege for privilege in role.cluster + role.index)
    assert next(role for role in ROLES if "bootstrap" in role.name).index == ("view_index_metadata",)
