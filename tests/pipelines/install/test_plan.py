from __future__ import annotations

import copy
from typing import Any

import pytest

from pipelines.install.kinds import hosts
from pipelines.install.plan import Fate, install_step, uninstall_step
from pipelines.resources import Kind, Resource, bundled, fingerprint
from tests.helpers.resources import at_version

TEMPLATE = next(r for r in bundled() if r.kind is Kind.TEMPLATE)
PIPELINE = next(r for r in bundled() if r.name == "images" and r.kind is Kind.PIPELINE)


def edited(body: dict[str, Any]) -> dict[str, Any]:
    body = copy.deepcopy(body)
    if "processors" in body:
        body["processors"][0]["image"]["timeout"] = "5s"
    else:
        body["priority"] = 700
    return body


def newer_program(resource: Resource) -> Resource:
    return Resource(resource.kind, resource.name, at_version(resource, resource.body["version"] + 1))


@pytest.mark.parametrize("resource", [TEMPLATE, PIPELINE], ids=["template", "pipeline"])
class TestInstall:
    def test_absent_is_created(self, resource: Resource) -> None:
        step = install_step(resource, None)
        assert step.fate is Fate.CREATED
        assert step.body == resource.body

    def test_the_same_is_current(self, resource: Resource) -> None:
        step = install_step(resource, resource.body)
        assert step.fate is Fate.CURRENT
        assert step.body is None

    def test_older_is_updated(self, resource: Resource) -> None:
        step = install_step(newer_program(resource), resource.body)
        assert step.fate is Fate.UPDATED
        assert step.body
        assert step.body["version"] == resource.body["version"] + 1
        assert step.remark == f"version {resource.body['version']} to {step.body['version']}"

    def test_the_same_version_with_other_content_that_nobody_edited_is_updated(self, resource: Resource) -> None:
        other = edited(resource.body)
        other["_meta"]["fingerprint"] = fingerprint(other)
        assert install_step(resource, other).fate is Fate.UPDATED

    def test_newer_is_left_alone_and_blocks(self, resource: Resource) -> None:
        step = install_step(resource, at_version(resource, 9))
        assert step.fate is Fate.NEWER
        assert step.fate.blocks
        assert "version 9" in step.remark
        assert step.body is None

    def test_newer_is_replaced_by_force(self, resource: Resource) -> None:
        step = install_step(resource, at_version(resource, 9), force=True)
        assert step.fate is Fate.UPDATED
        assert step.body == resource.body

    def test_changed_by_hand_is_left_alone_at_the_same_version(self, resource: Resource) -> None:
        step = install_step(resource, edited(resource.body))
        assert step.fate is Fate.EDITED
        assert not step.fate.blocks
        assert "--force" in step.remark

    def test_changed_by_hand_is_left_alone_when_this_program_is_newer(self, resource: Resource) -> None:
        assert install_step(newer_program(resource), edited(resource.body)).fate is Fate.EDITED

    def test_changed_by_hand_is_replaced_by_force(self, resource: Resource) -> None:
        step = install_step(resource, edited(resource.body), force=True)
        assert step.fate is Fate.UPDATED
        assert step.body == resource.body

    def test_pasted_without_fingerprint_is_current_when_the_same(self, resource: Resource) -> None:
        pasted = copy.deepcopy(resource.body)
        del pasted["_meta"]["fingerprint"]
        assert install_step(resource, pasted).fate is Fate.CURRENT

    @pytest.mark.parametrize("force", [False, True])
    def test_somebody_elses_is_never_touched(self, resource: Resource, force: bool) -> None:
        other = {key: value for key, value in resource.body.items() if key != "_meta"}
        step = install_step(resource, other, force=force)
        assert step.fate is Fate.FOREIGN
        assert step.fate.blocks
        assert step.body is None

    def test_uninstall_removes_what_is_ours_whatever_its_version(self, resource: Resource) -> None:
        assert uninstall_step(resource, None).fate is Fate.ABSENT
        assert uninstall_step(resource, resource.body).fate is Fate.REMOVED
        assert uninstall_step(resource, at_version(resource, 9)).fate is Fate.REMOVED
        assert uninstall_step(resource, edited(resource.body)).remark == "it had been changed by hand"
        assert uninstall_step(resource, {}).fate is Fate.FOREIGN


class TestPatterns:
    def test_are_chosen_when_created(self) -> None:
        body = install_step(TEMPLATE, None, patterns=["photos*"]).body
        assert body and body["index_patterns"] == ["photos*"]

    def test_chosen_before_are_kept_without_the_option(self) -> None:
        installed = {**TEMPLATE.body, "index_patterns": ["photos*"]}
        assert install_step(TEMPLATE, installed).fate is Fate.CURRENT
        body = install_step(newer_program(TEMPLATE), installed).body
        assert body and body["index_patterns"] == ["photos*"]

    def test_others_are_an_update(self) -> None:
        step = install_step(TEMPLATE, TEMPLATE.body, patterns=["photos*", "images*"])
        assert step.fate is Fate.UPDATED
        assert step.body
        assert step.body["index_patterns"] == ["photos*", "images*"]

    def test_others_keep_what_was_changed_by_hand(self) -> None:
        step = install_step(TEMPLATE, edited(TEMPLATE.body) | {"created_date_millis": 1}, patterns=["photos*"])
        assert step.fate is Fate.UPDATED
        assert step.body
        assert step.body["index_patterns"] == ["photos*"]
        assert step.body["priority"] == 700
        assert "created_date_millis" not in step.body
        # And it is still known as changed by hand.
        assert install_step(TEMPLATE, step.body).fate is Fate.EDITED

    def test_say_nothing_to_a_pipeline(self) -> None:
        assert install_step(PIPELINE, PIPELINE.body, patterns=["photos*"]).fate is Fate.CURRENT


class TestCodec:
    def test_is_chosen_and_kept_without_the_option(self) -> None:
        body = install_step(TEMPLATE, None, codec="best_compression").body
        assert body and body["template"]["settings"]["index"]["codec"] == "best_compression"
        assert "codec" not in TEMPLATE.body["template"]["settings"]["index"]
        assert install_step(TEMPLATE, body).fate is Fate.CURRENT
        newer = install_step(newer_program(TEMPLATE), body).body
        assert newer and newer["template"]["settings"]["index"]["codec"] == "best_compression"

    def test_another_is_an_update_that_keeps_the_patterns(self) -> None:
        installed = {**TEMPLATE.body, "index_patterns": ["photos*"]}
        step = install_step(TEMPLATE, installed, codec="best_compression")
        assert step.fate is Fate.UPDATED and step.body
        assert step.body["index_patterns"] == ["photos*"]
        back = install_step(TEMPLATE, step.body, codec="default")
        assert back.fate is Fate.UPDATED and back.body == installed

    def test_another_keeps_what_was_changed_by_hand(self) -> None:
        step = install_step(TEMPLATE, edited(TEMPLATE.body), codec="best_compression")
        assert step.body and step.body["priority"] == 700
        assert step.body["template"]["settings"]["index"]["codec"] == "best_compression"
        assert install_step(TEMPLATE, step.body).fate is Fate.EDITED

    def test_says_nothing_to_a_pipeline(self) -> None:
        assert install_step(PIPELINE, PIPELINE.body, codec="best_compression").fate is Fate.CURRENT


class TestVectors:
    def test_are_chosen_and_kept_without_the_option(self) -> None:
        body = install_step(TEMPLATE, None, vectors="in-source").body
        assert body and body["template"]["settings"]["index"]["mapping"] == {"exclude_source_vectors": False}
        # As Elasticsearch gives it back.
        body["template"]["settings"]["index"]["mapping"] = {"exclude_source_vectors": "false"}
        assert install_step(TEMPLATE, body).fate is Fate.CURRENT
        newer = install_step(newer_program(TEMPLATE), body, codec="best_compression").body
        assert newer and newer["template"]["settings"]["index"]["mapping"] == {"exclude_source_vectors": False}
        back = install_step(TEMPLATE, body, vectors="apart")
        assert back.fate is Fate.UPDATED and back.body == TEMPLATE.body

    def test_another_place_keeps_what_was_changed_by_hand(self) -> None:
        changed = edited(TEMPLATE.body)
        changed["template"]["settings"]["index"]["mapping"] = {"total_fields": {"limit": "2000"}}
        step = install_step(TEMPLATE, changed, vectors="in-source")
        assert step.fate is Fate.UPDATED and step.body and step.body["priority"] == 700
        of_mapping = step.body["template"]["settings"]["index"]["mapping"]
        assert of_mapping == {"total_fields": {"limit": "2000"}, "exclude_source_vectors": False}
        assert install_step(TEMPLATE, step.body).fate is Fate.EDITED


class TestHosts:
    def test_created_updated_current(self) -> None:
        setting = hosts(["http://127.0.0.1:8090/", "http://127.0.0.1:8091"])
        assert setting.body["value"] == ["http://127.0.0.1:8090", "http://127.0.0.1:8091"]
        assert install_step(setting, None).fate is Fate.CREATED
        assert install_step(setting, setting.body).fate is Fate.CURRENT
        step = install_step(setting, {"value": ["http://127.0.0.1:1"]})
        assert step.fate is Fate.UPDATED
        assert step.remark.endswith("was http://127.0.0.1:1")

    def test_removed_or_absent(self) -> None:
        assert uninstall_step(hosts([]), None).fate is Fate.ABSENT
        assert uninstall_step(hosts([]), {"value": ["http://127.0.0.1:1"]}).fate is Fate.REMOVED
