"""The chart as Helm itself renders it. No cluster is needed."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import yaml

from tests.helpers.charts import CHART, NEEDED, Objects, Render, Schemas


@pytest.fixture(scope="session")
def render() -> Render:
    """Objects that the chart makes of the values."""
    helm = pytest.importorskip("helm_python", reason="no helm on this platform")

    def rendered(*, release: str = "pictures", **values: Any) -> Objects:
        with helm.Chart.load(CHART) as chart:
            texts = chart.render(NEEDED | values, name=release, namespace="shop")
        manifests = [text for name, text in texts.items() if name.endswith(".yaml")]
        return [found for text in manifests for found in yaml.safe_load_all(text) if found]

    return rendered


@pytest.fixture(scope="session")
def kubernetes() -> Schemas:
    """Kubernetes' own schemas. Imported by who uses them: it takes as long as importing a third of all tests."""
    schemas: Schemas = importlib.import_module("kubernetes_validate")
    return schemas
