"""An index that is not there is an error of every command that reads one."""

from __future__ import annotations

from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from tests.helpers.commands import about_an_index, run


@pytest.mark.parametrize("words", about_an_index(), ids=" ".join)
def test_an_index_that_is_not_there_is_an_error(
    words: tuple[str, ...], es: Elasticsearch, es_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = run(words, es_url, tmp_path, monkeypatch, index="nowhere")
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1 and "there is no index nowhere" in result.output, result.output
    assert not es.indices.exists(index="nowhere")
