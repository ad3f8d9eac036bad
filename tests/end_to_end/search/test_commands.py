"""`ingest-image search` and `ingest-image duplicates` on real nodes."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result
from elasticsearch import Elasticsearch
from elasticsearch.helpers import bulk

from ingest_image.duplicates.clusters import find_clusters
from ingest_image.duplicates.command import duplicates
from ingest_image.search import Engine
from ingest_image.search_command import search

from .filled import CHANGED, COPIES, INDEX

Run = Callable[..., Result]


@pytest.fixture
def run(es_url: str, filled: str) -> Run:
    def run(command: Any, *arguments: str) -> Result:
        return CliRunner().invoke(command, ["--url", es_url, *arguments])

    return run


class TestCommands:
    def test_a_table(self, run: Run) -> None:
        result = run(search, "--index", INDEX, "cat")
        assert result.exit_code == 0, result.output
        assert "Chelsea the cat" in result.output and "451x300 jpeg" in result.output and " a/cat.jpg " in result.output
        assert result.output.strip().endswith("1 found")

    def test_json_has_no_pictures(self, run: Run) -> None:
        result = run(search, "--index", INDEX, "--json", "--size", "3")
        found = json.loads(result.output)
        assert (found["total"], len(found["hits"])) == (16, 3)
        following = json.loads(
            run(search, "--index", INDEX, "--json", "--size", "100", "--after", found["after"]).output
        )
        assert len(following["hits"]) == 13 and following["after"] is None
        assert not {"data", "thumbnail"} & set(re.findall(r'"(\w+)":', result.output))

    def test_near_duplicates(self, run: Run) -> None:
        result = run(search, "--index", INDEX, "--like", "flower", "--near-duplicate", "--turned")
        assert "same picture, rotate 90" in result.output
        assert "exact" in result.output and result.output.strip().endswith("8 found")

    def test_colors_and_filters(self, run: Run) -> None:
        result = run(search, "--index", INDEX, "--color", "#ff6600", "--filter", "taken:2020", "--color-share", "0.2")
        assert "Greetings" in result.output and "1 found" in result.output

    @pytest.mark.parametrize(
        ("arguments", "code", "says"),
        [
            (["--near-duplicate"], 2, "need --like"),
            (["--color", "tealish"], 2, "is not a colour; valid are"),
            (["--filter", "wide:5"], 2, "there is no field 'wide'"),
            (["--distance", "5"], 2, "--distance needs --like"),
            (["--color-share", "0.5"], 2, "need --color"),
            (["--like", "."], 1, ". is a folder"),
            (["--like", "missing"], 1, "there is no document missing"),
            (["--filter", "taken:someday"], 2, "is not a date"),
            (["--filter", "taken:2020-99"], 2, "is not a date"),
            (["--after", "x"], 1, "not the cursor of a next page"),
            (["zebra"], 0, "nothing found"),
        ],
    )
    def test_what_is_wrong_is_said(self, run: Run, arguments: list[str], code: int, says: str) -> None:
        result = run(search, "--index", INDEX, *arguments)
        assert result.exit_code == code, result.output
        assert says in result.output
        assert "Traceback" not in result.output

    @pytest.mark.parametrize("index", ["missing", "missing*", f"{INDEX},missing"])
    def test_an_index_that_is_not_there(self, run: Run, index: str) -> None:
        for result in (run(search, "--index", index, "cat"), run(duplicates, index)):
            assert (result.exit_code, result.output) == (1, f"Error: there is no index {index}\n")

    def test_likeness_is_said_where_it_is_known(self, run: Run) -> None:
        alike = run(search, "--index", INDEX, "--like", "flower", "--near-duplicate").output
        assert "likeness" in alike and "same picture, flip horizontal" in alike
        assert "likeness" not in run(search, "--index", INDEX, "cat").output

    def test_duplicates(self, run: Run) -> None:
        result = run(duplicates, INDEX, "--json")
        assert result.exit_code == 0, result.output
        clusters = [
            {document["_id"] for document in json.loads(line)["documents"]} for line in result.output.splitlines()
        ]
        # The album has the coins in it and the flower, which makes one cluster of both.
        assert clusters == [COPIES | CHANGED | {"flower", "coins"}]
        assert '"file_path": "a/flower-small.jpg"' in result.output

    def test_duplicates_turned(self, run: Run) -> None:
        """By hashes alone."""
        said = run(duplicates, INDEX, "--nearest", "0").output
        assert "1 cluster, 7 pictures" in said and " a/flower-small.jpg " in said
        result = run(duplicates, INDEX, "--turned", "--nearest", "0")
        assert "1 cluster, 9 pictures" in result.output
        assert "same picture, flip horizontal" in result.output


def test_many_duplicates_over_several_pages(es: Elasticsearch) -> None:
    """Hashes only, more than a page: every cluster is found whole, and nothing else."""
    random.seed(3)
    index = "images-many"
    es.indices.delete(index=index, ignore_unavailable=True)
    actions = []
    for cluster in range(150):
        base = random.getrandbits(256)
        for copy in range(1 + cluster % 4):
            value = base
            for bit in random.sample(range(256), 5 * copy):
                value ^= 1 << bit
            text = f"{value:064x}"
            image = {"perceptual_hashes": {"algorithm": "pdq", "hex": text, "bits": text}}
            actions.append({"_index": index, "_id": f"{cluster}-{copy}", "image": image, "pipeline": "_none"})
    try:
        bulk(es, actions, refresh=True)
        clusters = find_clusters(Engine(es, index))
        expected = sorted(sorted((index, f"{n}-{c}") for c in range(1 + n % 4)) for n in range(150) if n % 4)
        assert sorted(clusters) == expected
    finally:
        es.indices.delete(index=index)
