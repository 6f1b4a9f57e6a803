"""How vendors write a question and an answer on the wire."""

from genz.client.dialects.anthropic import AnthropicDialect
from genz.client.dialects.openai import OpenAIDialect
from genz.client.dialects.protocol import BadBodyError, Dialect

__all__ = ["AnthropicDialect", "BadBodyError", "Dialect", "OpenAIDialect"]
