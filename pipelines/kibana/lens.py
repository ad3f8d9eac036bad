"""Charts in the form in which Kibana's Lens saves them, reduced to what ours need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

_LAYER = "pictures"
_COUNT = "count"
_RECORDS = "___records___"


def metric(column: Json, helpers: Json | None = None) -> tuple[str, Json]:
    """One large number; `helpers` are the columns that a formula is made of."""
    columns = {"number": column, **(helpers or {})}
    return "lnsMetric", _state(columns, {"layerId": _LAYER, "layerType": "data", "metricAccessor": "number"})


def bars(x: Json, series: str = "bar_stacked", count: str = "Pictures") -> tuple[str, Json]:
    """How many documents for each value of `x`."""
    layer = {"layerId": _LAYER, "layerType": "data", "seriesType": series, "accessors": [_COUNT], "xAccessor": "x"}
    visualization = {
        "legend": {"isVisible": False, "position": "right"},
        "valueLabels": "hide",
        "preferredSeriesType": series,
        "layers": [layer],
    }
    return "lnsXY", _state({"x": x, _COUNT: counted(count)}, visualization)


def donut(slices: Json) -> tuple[str, Json]:
    """The shares of the values."""
    layer = {
        "layerId": _LAYER,
        "layerType": "data",
        "primaryGroups": ["slices"],
        "metrics": [_COUNT],
        "numberDisplay": "percent",
        "categoryDisplay": "default",
        "legendDisplay": "default",
        "nestedLegend": False,
    }
    return "lnsPie", _state({"slices": slices, _COUNT: counted("Pictures")}, {"shape": "donut", "layers": [layer]})


def table(rows: Json) -> tuple[str, Json]:
    """How many documents for each value, as a table."""
    visualization = {
        "layerId": _LAYER,
        "layerType": "data",
        "columns": [{"columnId": "rows"}, {"columnId": _COUNT}],
    }
    return "lnsDatatable", _state({"rows": rows, _COUNT: counted("Documents")}, visualization)


def counted(label: str, query: str = "") -> Json:
    """A column: how many documents, all or those that a KQL query finds."""
    column = _column(label, "count", sourceField=_RECORDS, params={"emptyAsNull": False})
    return column | ({"filter": {"query": query, "language": "kuery"}} if query else {})


def terms(label: str, field: str, size: int) -> Json:
    """A column: the most frequent values of a field; a document without one is left out."""
    params = {
        "size": size,
        "orderBy": {"type": "column", "columnId": _COUNT},
        "orderDirection": "desc",
        "otherBucket": False,
        "missingBucket": False,
        "parentFormat": {"id": "terms"},
    }
    return _column(
        label, "terms", dataType="string", isBucketed=True, scale="ordinal", sourceField=field, params=params
    )


def groups(label: str, queries: Mapping[str, str]) -> Json:
    """A column: documents that a KQL query finds, for each of several by its name."""
    filters = [{"label": name, "input": {"query": query, "language": "kuery"}} for name, query in queries.items()]
    kind = {"dataType": "string", "isBucketed": True, "scale": "ordinal"}
    return _column(label, "filters", params={"filters": filters}, **kind)


def months(label: str, field: str) -> Json:
    """A column: a date by months, whatever time range the dashboard shows."""
    params = {"interval": "1M", "includeEmptyRows": True, "dropPartials": False, "ignoreTimeRange": True}
    kind = {"dataType": "date", "isBucketed": True, "scale": "interval", "sourceField": field}
    return _column(label, "date_histogram", params=params, **kind)


def difference(label: str, one: str, other: str, unit: str) -> tuple[Json, Json]:
    """A column `sum(one) - sum(other)`, and the columns that it is made of."""
    formula = f"sum({one}) - sum({other})"
    part = {"customLabel": True, "label": f"Part of {label}"}
    sums = {
        f"numberX{i}": _column(label, "sum", sourceField=field, params={"emptyAsNull": False}) | part
        for i, field in enumerate((one, other))
    }
    tree = {
        "type": "function",
        "name": "subtract",
        "args": list(sums),
        "location": {"min": 0, "max": len(formula)},
        "text": formula,
    }
    subtraction = _column(label, "math", params={"tinymathAst": tree}, references=list(sums)) | part
    params = {"formula": formula, "isFormulaBroken": False, "format": {"id": unit, "params": {"decimals": 1}}}
    column = _column(label, "formula", params=params, references=["numberX2"])
    return column, {**sums, "numberX2": subtraction}


def data_view_reference(id: str) -> Json:
    """How a chart says which data view its layer reads."""
    return {"type": "index-pattern", "id": id, "name": f"indexpattern-datasource-layer-{_LAYER}"}


def _column(label: str, operation: str, **more: Any) -> Json:
    number = {"dataType": "number", "isBucketed": False, "scale": "ratio"}
    return {"label": label, "customLabel": True, "operationType": operation, **number, **more}


def _state(columns: Json, visualization: Json) -> Json:
    layer = {"columnOrder": list(columns), "columns": columns, "incompleteColumns": {}, "sampling": 1}
    return {
        "datasourceStates": {"formBased": {"layers": {_LAYER: layer}}},
        "visualization": visualization,
        "query": {"query": "", "language": "kuery"},
        "filters": [],
        "internalReferences": [],
        "adHocDataViews": {},
    }
