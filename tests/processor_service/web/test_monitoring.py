"""Alert rules and the dashboard speak of metrics that a running service or an enricher has, in expressions that Prometheus can read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

import promql_parser
import pytest
import requests
import yaml
from prometheus_client.parser import text_string_to_metric_families

from ingest_image.enrich.backlog import Measure
from ingest_image.enrich.done import Done
from ingest_image.enrich.metrics import told
from processor_service.errors import Code
from processor_service.web.monitoring.metrics import Metrics
from processor_service.workers.worker import Why
from tests.helpers.paths import ROOT
from tests.helpers.pictures import picture
from tests.helpers.service import Service

ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())
DASHBOARD = json.loads((ROOT / "deploy/grafana/ingest-image.json").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
TARGETS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
EXPRESSIONS = [*(rule["expr"] for rule in RULES), *TARGETS]
# What Prometheus adds to each sample.
SCRAPED = {"job", "instance"}
# Of the enricher, with one sample each and no label; tests/end_to_end/test_enrich_watched.py asks a working one.
ENRICHERS = {family.name: family.samples[0].name for family in told(Done(), Measure(0, 0))}
VALUES = {"code": {"ok", *(code.code for code in Code)}, "reason": set(get_args(Why))}


def parsed(expression: str) -> promql_parser.Expr:
    # Grafana puts its variables in before Prometheus reads it.
    return promql_parser.parse(expression.replace("$__rate_interval", "5m").replace("$job", ".*"))


def nodes(expression: str) -> Iterator[Any]:
    found: list[Any] = []
    promql_parser.walk(parsed(expression), found.append)
    yield from found


def selectors(expression: str) -> list[Any]:
    found = [node for node in nodes(expression) if isinstance(node, promql_parser.VectorSelector)]
    return found + [
        node.vector_selector for node in nodes(expression) if isinstance(node, promql_parser.MatrixSelector)
    ]


def labels_of_metrics() -> dict[str, set[str]]:
    """By name of the sample; also of metrics that have no sample yet."""
    found: dict[str, set[str]] = {name: set() for name in ENRICHERS.values()}
    for name, value in vars(Metrics()).items():
        if name != "registry":
            (family,) = value.describe()
            endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(family.type, ("",))
            for ending in endings:
                found[family.name + ending] = {*value._labelnames, *({"le"} if ending == "_bucket" else ())}
    return found


def family_of(name: str) -> str:
    return re.sub("_(total|bucket|sum|count)$", "", name)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_prometheus_can_read_it_and_its_labels_are_the_metrics(expression: str) -> None:
    known = labels_of_metrics()
    assert selectors(expression)
    for selector in selectors(expression):
        assert selector.name in known
        for matcher in selector.matchers.matchers:
            assert matcher.name in known[selector.name] | SCRAPED
            if matcher.name in VALUES:
                assert set(matcher.value.split("|")) <= VALUES[matcher.name]
    grouped = {
        label
        for node in nodes(expression)
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier
        for label in node.modifier.labels
    }
    assert grouped <= set.union(*(known[selector.name] for selector in selectors(expression))) | SCRAPED


def test_a_running_service_has_each_metric_and_each_is_looked_at(service: Service) -> None:
    assert service.process_picture(picture("pillow/hopper.jpg")).ok
    assert service.process_picture(b"no picture").status_code == 422
    families = list(text_string_to_metric_families(requests.get(f"{service.url}/metrics", timeout=60).text))
    # Of a metric without samples only name and type are there. When a sample began is one to Python's library only.
    served = {family.name for family in families if not family.name.endswith("_created")}
    assert {family_of(one.name) for expression in EXPRESSIONS for one in selectors(expression)} <= served | {*ENRICHERS}
    # And nothing is counted that nobody sees.
    assert {family_of(one.name) for expression in TARGETS for one in selectors(expression)} == served | {*ENRICHERS}
    samples = {sample.name: sample.labels.keys() for family in families for sample in family.samples}
    for name, labels in labels_of_metrics().items():
        assert name not in samples or samples[name] == labels


def test_each_alert_says_what_it_means() -> None:
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.keys() - {"for"} == {"alert", "expr", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"].keys() == {"summary", "description"}
        assert re.fullmatch("[1-9][0-9]*[mh]", rule.get("for", "1m"))
        # It compares: what it is at all times is no alert.
        comparing = [node for node in nodes(rule["expr"]) if isinstance(node, promql_parser.BinaryExpr)]
        assert comparing or rule["expr"].startswith("absent(")


def test_panels_of_the_dashboard_stand_side_by_side_and_ask_its_data_source() -> None:
    taken = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(taken)) == len(taken) and max(x for x, _ in taken) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    assert variables == {"datasource", "job"}
    for panel in DASHBOARD["panels"]:
        assert panel["title"] and panel["description"] and panel["fieldConfig"]["defaults"]["unit"]
        for asked in (panel, *panel["targets"]):
            assert asked["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
