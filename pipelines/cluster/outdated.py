"""Properties that an older model made, or an older version of it: the fields of a picture say what made them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from processor_service.features import Feature, all_features, with_users

from ..resources import Body
from .makers import Maker

# Gives the field with exact values of another one: itself, or its keyword sub-field; None if there is none.
Exact = Callable[[str], str | None]


@dataclass(frozen=True)
class Outdated:
    """What other models made than those of `maker`, of pictures of its recipe: no other write leaves their bytes alone.

    A picture that does not say what made a property is older than the field for that. One with an error is left alone,
    with its document: a write would have it processed again, or nobody is to add anything to it unasked.
    """

    maker: Maker

    def query(self, target: str, exact: Exact) -> Body:
        """Finds documents with such a picture."""
        recipe = exact(f"{target}.recipe") or f"{target}.recipe"
        not_these: list[Body] = [{"range": {recipe: {side: self.maker.recipe}}} for side in ("lt", "gt")]
        not_these.append({"exists": {"field": f"{target}.error.code"}})
        wanted: list[Body] = []
        for feature, now in self._models():
            field = f"{target}.{feature.maker_field}"
            known = exact(field)
            made: list[Body] = [{"range": {known: {side: now}}} for side in ("lt", "gt")] if known else []
            if not _may_be_absent(feature):
                made.append({"bool": {"must_not": [{"exists": {"field": field}}]}})
            # What was marked before is not marked again.
            marked = {"term": {exact(f"{target}.pending") or f"{target}.pending": feature.name()}}
            wanted.append({"bool": {"should": made, "minimum_should_match": 1, "must_not": [marked]}})
        if not wanted:
            return {"match_none": {}}
        current = {"term": {recipe: self.maker.recipe}}
        return {"bool": {"filter": [current], "must_not": not_these, "should": wanted, "minimum_should_match": 1}}

    def names(self, picture: Mapping[str, Any]) -> tuple[str, ...]:
        """The properties of a picture that another model made, and what uses them."""
        if picture.get("recipe") != self.maker.recipe or picture.get("error"):
            return ()
        said = ((feature, picture.get(feature.maker_field), now) for feature, now in self._models())
        stale = (
            feature.name()
            for feature, before, now in said
            if before != now and not (before is None and _may_be_absent(feature))
        )
        return with_users(stale, self.maker.models)

    def _models(self) -> list[tuple[type[Feature], str]]:
        known = all_features()
        return [(known[name], now) for name, now in self.maker.models.items() if known[name].later]


def _may_be_absent(feature: type[Feature]) -> bool:
    """Whether a picture can have been looked at without a trace: it is not the first of a list, or has no vector."""
    return any(field.name == feature.maker_field and field.first_only for field in feature.fields)
