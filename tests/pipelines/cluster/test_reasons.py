"""The reason that helps: a missing privilege is a sentence of ours, with a code."""

from __future__ import annotations

import pytest

from pipelines.cluster.reasons import reason_of_cause
from pipelines.cluster.sentences import diagnose

INDEX = "[create_doc,create,delete,index,write,all]"
NEEDED = "create_doc, create, delete, index, write"


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        (
            "action [indices:data/write/update] is unauthorized for user [reader] with effective roles [a,b] on indices "
            f"[images], this action is granted by the index privileges {INDEX}",
            f"user [reader] may not do this: it takes one of the index privileges {NEEDED} on images, "
            "for the action indices:data/write/update",
        ),
        (
            "action [indices:data/write/bulk[s]] is unauthorized for API key id [k] of user [boss] on indices "
            "[images,others], this action is granted by the index privileges [write,all]",
            "API key id [k] of user [boss] may not do this: it takes the index privilege write on images, others, "
            "for the action indices:data/write/bulk[s]",
        ),
        (
            "action [cluster:admin/ingest/pipeline/put] is unauthorized for user [nobody] with effective roles [] "
            "(assigned roles [gone] were not found), this action is granted by the cluster privileges [manage,all]",
            "user [nobody] may not do this: it takes the cluster privilege manage, "
            "for the action cluster:admin/ingest/pipeline/put",
        ),
        (
            "action [cluster:admin/secret] is unauthorized for user [x] with effective roles [y], "
            "this action is granted by the cluster privileges [all]",
            "user [x] may not do this: it takes the cluster privilege all, for the action cluster:admin/secret",
        ),
    ],
)
def test_a_missing_privilege_is_told_in_a_sentence_of_ours(said: str, ours: str) -> None:
    sentence = f"[missing_privilege] {ours}; docs/security.md has a role for each task"
    cause = {"type": "security_exception", "reason": said}
    assert reason_of_cause(cause) == reason_of_cause({"reason": "outer", "caused_by": cause}) == sentence
    assert diagnose(sentence) == sentence


@pytest.mark.parametrize(
    "said", ["index [images] blocked by: [FORBIDDEN/8/index write (api)];", "action is unauthorized"]
)
def test_other_refusals_stay_as_they_are(said: str) -> None:
    assert reason_of_cause({"reason": said}) == said
