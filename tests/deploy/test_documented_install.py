"""What docs/kubernetes.md and docs/security.md print: values and files that are there, a valid policy."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.helpers.charts import CHART, Render, Schemas
from tests.helpers.documented import the_block
from tests.helpers.paths import ROOT

PRINTED = the_block("docs/kubernetes.md", "# The image").text.replace("\\\n", " ")


def values_of(line: str) -> dict[str, Any]:
    """As `--set` has them."""
    values: dict[str, Any] = {}
    for path, value in re.findall(r"--set ([\w.]+)=(\S+)", line):
        *above, last = path.split(".")
        inner = values
        for name in above:
            inner = inner.setdefault(name, {})
        inner[last] = yaml.safe_load(value)
    return values


def test_the_chart_has_the_values_and_makes_each_part(render: Render) -> None:
    (line,) = re.findall(r"^helm install .*$", PRINTED, re.MULTILINE)
    asked, known = values_of(line), yaml.safe_load((CHART / "values.yaml").read_text())
    assert len(asked) > 5
    assert [f"{name}.{key}" for name, of_it in asked.items() for key in of_it if key not in known[name]] == []
    made = {(each["kind"], each["metadata"]["name"]) for each in render(**asked)}
    # The service that the last line forwards a port of.
    (service, port) = re.findall(r"kubectl port-forward service/(\S+) (\d+)", PRINTED)[0]
    assert ("Service", service) in made and port == "8091"
    assert {("Deployment", f"pictures-ingest-image{part}") for part in ("-gallery", "-enricher")} <= made


def test_its_files_are_there() -> None:
    files = re.findall(r"(?:-f|helm install \w+) ((?:docker|deploy)/\S+)", PRINTED)
    assert len(files) == 3 and all((ROOT / file).exists() for file in files)


def test_the_policy_is_one(kubernetes: Schemas) -> None:
    policy = yaml.safe_load(the_block("docs/security.md", "apiVersion").text)
    kubernetes.validate(policy, kubernetes.latest_version(), strict=True)
