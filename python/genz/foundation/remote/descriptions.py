"""Proposed descriptions: which may become features, and which say the same."""

import re
import unicodedata
from collections.abc import Collection

from genz.prompts.items import clean

MIN_CHARS, MAX_CHARS = 3, 200

_BULLET = re.compile(r"\s*(?:[-*•–]|\(?\d{1,2}[.):])\s+")
_SUBJECT = re.compile(
    r"(?:(?:the|this|each|every|an)\s+items?|it)\s+(?=(?:is|has|was|does|can|\w+s)\b)", re.I
)
_OPENING = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»"}

_URL = re.compile(
    r"\w+://|\bwww\.|\bmailto:|\S@\S+\.\w|\b[\w-]+\.(?:com|org|net|io|gov|edu|info|biz|dev|app|co)\b",
    re.I,
)
_MARKUP = re.compile(r"[<>{}`|\\]|\*\*|__|^#|\]\(|&\w+;|‹")
# A full stop behind a longer word than those of abbreviations (St., U.S.), and more behind it.
_NEXT_SENTENCE = re.compile(r"(?:\b\w{4,}|[)\]\"'”’])[.]\s+\S|[!?;]\s+\S|[.!?]\s*[.!?]\s*\w")
_INSTRUCTION = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}"
    r"\b(?:previous|prior|above|earlier|all|any|these|your|the|instructions?|rules?|prompts?)\b"
    r"|\b(?:instructions?|prompts?) (?:above|below|to you|before|of the system)\b"
    r"|\b(?:system|developer) (?:prompt|message)\b"
    r"|\byou (?:are|must|should|will|have to|shall|may|can)\b"
    r"|\byour (?:answer|reply|response|task)\b"
    r"|\b(?:answer|reply|respond|output|return|say|write|print)\b(?: \w+)? "
    r"(?:yes|no|true|false|with|only|json|[01])\b"
    r"|\b(?:language|ai) model\b|\bas an ai\b|\bassistant:|\bsystem:|\buser:",
    re.I,
)
_GROUP = re.compile(
    r"\b(?:first|second|1st|2nd|other|both|either|high|low|same|this|that|these|each|one|former|latter)"
    r" (?:groups?|sets? of items|items)\b"
    r"|\b(?:group|set) (?:[ab12]|one|two)\b|\bgroups\b|\b(?:in|of|from|than) (?:the )?group\b"
    r"|\b(?:other|most|all|both|these|those|the|first|second) items\b|\bitem (?:[a-z]?\d|id)",
    re.I,
)

_ARTICLES = frozenset({"a", "an", "the"})


def tidy(text: str) -> str:
    """A description without what only surrounds it: bullets, quotes, ``The item``, full stop."""
    text = " ".join(clean(text, 4 * MAX_CHARS).split())
    text = _BULLET.sub("", text, count=1) if _BULLET.match(text) else text
    if len(text) > 2 and _OPENING.get(text[0]) == text[-1] and text[-1] not in text[1:-1]:
        text = text[1:-1].strip()
    text = _SUBJECT.sub("", text, count=1) if _SUBJECT.match(text) else text
    if text.endswith(".") and not text.endswith(".."):
        text = text[:-1]
    return text.strip()


def fault_of(text: str, ids: Collection[str] = ()) -> str | None:
    """Why a tidy description may be no feature; None if it may.

    Parameters
    ----------
    text : str
    ids : collection of str
        Ids of the items that were shown, which a description may not name.
    """
    if not MIN_CHARS <= len(text) <= MAX_CHARS:
        return f"not {MIN_CHARS} to {MAX_CHARS} characters"
    if not any(char.isalpha() for char in text):
        return "no words"
    if _URL.search(text):
        return "a URL"
    if _MARKUP.search(text):
        return "markup"
    if _NEXT_SENTENCE.search(text):
        return "more than one sentence"
    if _INSTRUCTION.search(text):
        return "an instruction to a model"
    words = re.findall(r"\w+", text.casefold())
    if _GROUP.search(text) or not set(words).isdisjoint(ids):
        return "about groups or ids"
    return None


def normal(text: str) -> str:
    """What descriptions that say the same in the same words have in common."""
    text = unicodedata.normalize("NFKC", tidy(text)).casefold()
    words = re.findall(r"\w+", text.replace("'", "").replace("’", ""))
    return " ".join(word for word in words if word not in _ARTICLES)
