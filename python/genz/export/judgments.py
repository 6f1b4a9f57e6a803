"""The JSON schema of what a language model should answer about the features of one item."""

import json
from typing import Any, Final

from genz.regressor import GenZRegressor

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ANSWERS: Final = ("yes", "no", "unknown")


def to_json_schema(model: GenZRegressor) -> bytes:
    """A JSON schema as a file; every key is required and no other may stand, as strict modes want.

    Keys are ``feature_1``, ``feature_2``, ... in the order of the model, their descriptions the
    questions.
    """
    document = schema_of([feature.description for feature in model.features_])
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return text.encode("utf-8", "backslashreplace")


def schema_of(descriptions: list[str]) -> dict[str, Any]:
    """The schema for features of these descriptions."""
    properties = {
        f"feature_{number}": {
            "type": "string",
            "enum": list(ANSWERS),
            "description": f"Does this hold for the item: {text}",
        }
        for number, text in enumerate(descriptions, start=1)
    }
    return {
        "$schema": DIALECT,
        "title": "judgments",
        "description": "Judgments of one item: whether each feature holds for it.",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
