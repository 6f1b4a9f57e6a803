"""Foundation models behind an endpoint: what is asked, in which questions, and what came of it."""

from genz.foundation.remote.model import MODELS, AnthropicModel, OpenAIModel, RemoteModel
from genz.foundation.remote.outlook import Step

__all__ = ["MODELS", "AnthropicModel", "OpenAIModel", "RemoteModel", "Step"]
