"""The answer store: nothing paid twice, nothing lost."""

from genz.store.answers import AnswerStore
from genz.store.entry import Entry

__all__ = ["AnswerStore", "Entry"]
