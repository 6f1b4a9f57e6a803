"""Items of a catalog: typed fields, read from data frames, dictionaries or strings."""

from genz.catalog.fields import Field, FieldKind
from genz.catalog.table import Catalog

__all__ = ["Catalog", "Field", "FieldKind"]
