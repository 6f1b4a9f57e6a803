"""What an endpoint can do beyond the least that all can."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

# Servers name a parameter in many ways; each name stands for the field that it switches off.
_FIELDS = {
    "response_format": "schema",
    "json_schema": "schema",
    "output_config": "schema",
    "output_format": "schema",
    "logprobs": "logprobs",
    "top_logprobs": "logprobs",
    "seed": "seed",
    "temperature": "temperature",
    "system": "system",
    "max_tokens": "token_field",
    "max_completion_tokens": "token_field",
}
PARAMETERS = frozenset(_FIELDS)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What may be sent to an endpoint.

    Attributes
    ----------
    schema : bool
        A JSON schema of the answer.
    logprobs : bool
        Log-probabilities of the first token.
    images : bool
    system : bool
        A role of its own for the instructions; else they precede the user's text.
    seed, temperature : bool
    token_field : str
        Name of the limit of the answer's length; empty where none is taken.
    max_logprobs : int
        Most candidates of a token that may be asked for.
    """

    schema: bool = True
    logprobs: bool = True
    images: bool = True
    system: bool = True
    seed: bool = True
    temperature: bool = True
    token_field: str = "max_tokens"  # noqa: S105 - no password
    max_logprobs: int = 20

    def without(self, parameter: str) -> "Self | None":
        """Drop a parameter that the endpoint refused; None where there is nothing to drop.

        The limit of the length changes its name first (``max_tokens``, then
        ``max_completion_tokens``) and is dropped only when both are refused.
        """
        field = _FIELDS.get(parameter)
        if field is None or not getattr(self, field):
            return None
        value: Any = False
        if field == "token_field":
            if parameter != self.token_field:
                return None
            value = "max_completion_tokens" if parameter == "max_tokens" else ""
        return replace(self, **{field: value})

    def to_facts(self) -> dict[str, Any]:
        """As a dictionary that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Self:
        """Read what `to_facts` wrote; what is unknown or of another type is left at its default."""
        known = {
            field.name: facts[field.name]
            for field in fields(cls)
            if type(facts.get(field.name)) is type(field.default)
        }
        return cls(**known)
