"""Answers as models spoil them: cut, left out, invented, wrapped, declined."""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

REFUSAL_TEXT: Final = "I'm sorry, but I can't help with that request."
FOREIGN_ID: Final = "y0"
Value = TypeVar("Value")
Rows = list[tuple[str, list[Value]]]


def spoil_rows(
    rows: Rows[Value], fault: str | None, contradict: Callable[[Value], Value]
) -> Rows[Value]:
    """Return rows of an id and its values with the fault of an answer, if it is one.

    `contradict` makes of a value another one, which cannot be true as well.
    """
    if not rows:
        return rows
    (first_id, first), rest = rows[0], rows[1:]
    if fault == "missing_items":
        return rest
    if fault == "duplicated_ids":
        return [*rows, (first_id, [contradict(value) for value in first])]
    if fault == "foreign_ids":
        return [(FOREIGN_ID, first), *rest]
    if fault == "wrong_labels":
        return [(first_id, first[:-1] if len(first) > 1 else [*first, *first]), *rest]
    return rows


def spoil_list(texts: Sequence[str], fault: str | None) -> list[str]:
    """Return descriptions with the fault of an answer, if it is one."""
    if fault == "missing_items":
        return list(texts[1:])
    if fault in {"duplicated_ids", "wrong_labels"}:
        return [*texts, *texts[:1]]
    return list(texts)


def spoil_word(word: str, fault: str | None) -> str:
    """Return an answer of one word with the fault of an answer, if it is one."""
    return {
        "duplicated_ids": "yes/no",
        "foreign_ids": "perhaps",
        "missing_items": "",
        "wrong_labels": "10",
    }.get(fault or "", word)


def spoil_text(text: str, fault: str | None) -> str:
    """Return a written answer with the fault of an answer, if it is one."""
    if fault == "cut_answer":
        return text[: len(text) // 2]
    if fault == "markdown_fence":
        return f"```json\n{text}\n```"
    if fault == "prose":
        return f"Sure! Here is the answer you asked for:\n\n{text}\n\nLet me know if I can help."
    if fault == "refusal_text":
        return REFUSAL_TEXT
    return text
