"""What a user wants changed about the features of a fitted model, before it is fitted again."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from genz.errors import UsageError

if TYPE_CHECKING:
    from genz.regressor import GenZRegressor

Key = int | str
"""A feature's number in the list, the first being 1, or its exact description."""


@dataclass(frozen=True)
class Slot:
    """One line of the list of features.

    Attributes
    ----------
    description : str
    origins : tuple of int
        Features of the fitted model (indices) that it comes from; empty for one that was added.
    is_new : bool
        Whether its description was never judged.
    is_locked : bool
        Whether a later discovery must keep it.
    fate : {"kept", "vetoed", "merged"}
        Only what is kept is fitted again.
    """

    description: str
    origins: tuple[int, ...] = ()
    is_new: bool = False
    is_locked: bool = False
    fate: str = "kept"

    @property
    def status(self) -> str:
        """What the list says of it."""
        if self.fate != "kept":
            return self.fate
        kind = "" if not self.is_new else ("added", "edited", "merger")[min(2, len(self.origins))]
        return ", ".join(word for word in (kind, "locked" if self.is_locked else "") if word)


@dataclass
class Changes:
    """Changes in the order in which they were made; `slots` says what they come to.

    A feature keeps its number until the model is fitted again; what is added comes last.

    Parameters
    ----------
    features : sequence of str
        Descriptions of the fitted model.
    locked, vetoed : sequence of str
        What it was told before.

    Attributes
    ----------
    slots : list of Slot
    vetoed : tuple of str
        Never to be proposed again.
    records : list of dict
        The changes as they are written to a file, see :meth:`replay`.
    repeats : list of dict
        Cells that were asked again, with all their answers, see `genz.lifecycle.repeats`.
    """

    features: Sequence[str]
    locked: Sequence[str] = ()
    vetoed: tuple[str, ...] = ()
    slots: list[Slot] = field(init=False)
    records: list[dict[str, Any]] = field(init=False, default_factory=list)
    repeats: list[dict[str, Any]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.vetoed = tuple(self.vetoed)
        self.slots = [
            Slot(text, (k,), is_locked=text in self.locked) for k, text in enumerate(self.features)
        ]

    @classmethod
    def of(cls, model: "GenZRegressor") -> "Changes":
        """No changes yet of a fitted model."""
        descriptions = [feature.description for feature in model.features_]
        return cls(descriptions, model.locked_, model.vetoed_)

    @property
    def kept(self) -> list[Slot]:
        """What will be fitted."""
        return [slot for slot in self.slots if slot.fate == "kept"]

    def find(self, key: Key) -> int:
        """Index of a slot; raises UsageError unless `key` is a number or description of the list.

        A description means what is kept under it, before what is not.
        """
        if isinstance(key, int) or key.isdecimal():
            if not 1 <= int(key) <= len(self.slots):
                raise UsageError(f"there is no feature {key}, wanted 1 to {len(self.slots)}")
            return int(key) - 1
        found = self._find_text(key)
        if found is None:
            raise UsageError(
                f"no feature is {key!r}, wanted a number or an exact description of "
                "`genz features DIR list`"
            )
        return found

    def lock(self, key: Key) -> "Changes":
        """Let no discovery replace or drop it."""
        ix = self._kept(key)
        self.slots[ix] = replace(self.slots[ix], is_locked=True)
        return self._record("lock", self.slots[ix].description)

    def unlock(self, key: Key) -> "Changes":
        """Take a lock back."""
        ix = self._kept(key)
        self.slots[ix] = replace(self.slots[ix], is_locked=False)
        return self._record("unlock", self.slots[ix].description)

    def veto(self, key: Key) -> "Changes":
        """Take it out of the fit; it is never proposed again."""
        ix = self._kept(key)
        slot = self.slots[ix]
        self.slots[ix] = replace(slot, fate="vetoed", is_locked=False)
        self.vetoed = (*self.vetoed, slot.description)
        return self._record("veto", slot.description)

    def unveto(self, key: Key) -> "Changes":
        """Let a vetoed feature be proposed again; one that is still in the model stays there."""
        text = str(key)
        if isinstance(key, int) or key.isdecimal() or self._find_text(key) is not None:
            text = self.slots[self.find(key)].description
        if text not in self.vetoed:
            raise UsageError(f"{text!r} is not vetoed, so there is no veto to take back")
        self._refuse_double(text)
        self.vetoed = tuple(vetoed for vetoed in self.vetoed if vetoed != text)
        self.slots = [
            replace(slot, fate="kept")
            if slot.fate == "vetoed" and slot.description == text
            else slot
            for slot in self.slots
        ]
        return self._record("unveto", text)

    def edit(self, key: Key, description: str) -> "Changes":
        """Describe it otherwise: it is judged anew, and starts from the old one's effect."""
        ix, text = self._kept(key), self._new(description)
        old = self.slots[ix]
        is_new = [self.features[k] for k in old.origins] != [text]
        self.slots[ix] = replace(old, description=text, is_new=is_new)
        return self._record("edit", old.description, description=text)

    def add(self, description: str) -> "Changes":
        """Add a feature, which is locked: the user wants it."""
        text = self._new(description)
        self.slots.append(Slot(text, is_new=True, is_locked=True))
        return self._record("add", None, description=text)

    def merge(self, key: Key, other: Key, description: str) -> "Changes":
        """Put one feature in the place of two."""
        first, second, text = self._kept(key), self._kept(other), self._new(description)
        if first == second:
            raise UsageError(f"feature {first + 1} cannot be merged with itself, wanted two")
        pair = [self.slots[first], self.slots[second]]
        for ix, slot in zip((first, second), pair, strict=True):
            self.slots[ix] = replace(slot, fate="merged", is_locked=False)
        origins = tuple(dict.fromkeys((*pair[0].origins, *pair[1].origins)))
        is_locked = any(slot.is_locked for slot in pair)
        self.slots.append(Slot(text, origins, is_new=True, is_locked=is_locked))
        names = [slot.description for slot in pair]
        return self._record("merge", names[0], other=names[1], description=text)

    def replay(self, records: Sequence[dict[str, Any]]) -> "Changes":
        """Make changes again that `records` holds: ``change``, ``feature`` and what it takes."""
        for record in records:
            match record:
                case {
                    "change": "lock" | "unlock" | "veto" | "unveto" as name,
                    "feature": str(text),
                }:
                    getattr(self, name)(self._key(text))
                case {"change": "edit", "feature": str(text), "description": str(new)}:
                    self.edit(self._key(text), new)
                case {"change": "add", "description": str(new)}:
                    self.add(new)
                case {
                    "change": "merge",
                    "feature": str(text),
                    "other": str(other),
                    "description": str(new),
                }:
                    self.merge(self._key(text), self._key(other), new)
                case _:
                    raise UsageError(f"{record!r} is no change of a feature")
        return self

    def _find_text(self, text: str) -> int | None:
        wanted = _one_line(text)
        found = [ix for ix, s in enumerate(self.slots) if _one_line(s.description) == wanted]
        return min(found, key=lambda ix: self.slots[ix].fate != "kept") if found else None

    def _key(self, text: str) -> Key:
        """A description as a key, though it looks like a number."""
        found = self._find_text(text)
        return text if found is None else found + 1

    def _kept(self, key: Key) -> int:
        ix = self.find(key)
        slot = self.slots[ix]
        if slot.fate != "kept":
            raise UsageError(f"feature {ix + 1}, {slot.description!r}, is {slot.fate} already")
        return ix

    def _new(self, description: str) -> str:
        text = _one_line(description)
        if not text:
            raise UsageError("a feature's description is empty, wanted a short sentence")
        if text.isdecimal():
            raise UsageError(f"{text!r} is a number, wanted a description in words")
        self._refuse_double(text)
        if text in self.vetoed:
            raise UsageError(f"{text!r} is vetoed: take the veto back first (unveto)")
        return text

    def _refuse_double(self, text: str) -> None:
        if any(slot.description == text for slot in self.kept):
            raise UsageError(f"the model has the feature {text!r} already")

    def _record(self, change: str, feature: str | None, **more: str) -> "Changes":
        named = {} if feature is None else {"feature": feature}
        self.records.append({"change": change, **named, **more})
        return self


def _one_line(text: str) -> str:
    return " ".join(text.split())
