"""The JSON twin of a report: the same data, for programs."""

import json
import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from genz.report import measures
from genz.report.content import ReportContent

SCHEMA_VERSION = 1
_PICTURES = ("picture", "pictures_with", "pictures_without")


def twin_of(content: ReportContent) -> bytes:
    """Write the content of a report as UTF-8 JSON, and what the report measures on it.

    The keys are the attributes of :class:`genz.report.ReportContent`; pictures are left out, and
    null stands for what is missing or no finite number.
    """
    document = {"schema_version": SCHEMA_VERSION, **plain(content), "measured": _measured(content)}
    return to_twin(document)


def to_twin(document: dict[str, Any]) -> bytes:
    """Write a document of JSON's types; a lone surrogate becomes JSON's own escape of it."""
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace")


def _measured(content: ReportContent) -> dict[str, Any]:
    predictions = content.predictions
    if predictions is None:
        return {}
    scale = content.target_scale
    r2 = [measures.r2(predictions, d, scale) for d in range(content.n_targets)]
    measured = {"r2": r2, "coverage": measures.coverage(predictions)}
    if content.n_targets > 1:
        measured["cosine"] = measures.cosine(predictions)
    else:
        measured["median_absolute_error"] = measures.median_absolute_error(predictions)
        if scale == "log":
            measured["median_relative_error"] = measures.median_relative_error(predictions)
    return dict(plain(measured))


def plain(value: Any) -> Any:
    """Make JSON's types of dataclasses, arrays and mappings; None of what is no finite number."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name))
            for field in fields(value)
            if field.name not in _PICTURES
        }
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
