"""What became of a refused picture can be looked up in the service's log, without the plugin as with it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers.service import Service, running_service

from .stock import PipelineFailed, StockProcessors
from .way import Way

BROKEN = "bm8gcGljdHVyZQ=="


def test_the_error_in_a_document_names_its_line_in_the_log(way: Way, service: Service) -> None:
    error = way({"image": {"data": BROKEN}})["image"]["error"]
    (line,) = service.logged(error["request_id"])
    assert (line["event"], line["code"]) == ("picture", "not_an_image")


def test_so_does_that_of_a_picture_with_too_many_bytes(stock: StockProcessors, tmp_path: Path) -> None:
    with running_service(tmp_path / "service.log", workers="1", max_image_bytes="1000") as service:
        error = Way(stock, service.url)({"image": {"data": "A" * 2_000_000}})["image"]["error"]
        (line,) = service.logged(error["request_id"])
    assert (line["event"], line["code"]) == ("refused", error["code"]) == ("refused", "image_too_large")


def test_the_failure_of_a_refused_document_ends_with_it(stock: StockProcessors, service: Service) -> None:
    strict = Way(stock, service.url, on_invalid="fail")
    with pytest.raises(PipelineFailed) as refused:
        strict({"image": {"data": BROKEN}})
    match = re.fullmatch(r"\[not_an_image\] .*; request_id \[([0-9a-f]{32})\]", str(refused.value))
    assert match, str(refused.value)
    assert [line["code"] for line in service.logged(match[1])] == ["not_an_image"]
    # The scripts themselves refuse this one.
    with pytest.raises(PipelineFailed, match=r"^\[invalid_base64\] ") as refused:
        strict({"image": {"data": 5}})
    assert "request_id" not in str(refused.value)
