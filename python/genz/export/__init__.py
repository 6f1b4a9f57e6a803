"""The features of a fitted model for use elsewhere: a table, a view of a database, a JSON schema.

`table` writes CSV, `conditions` says the built-in model's sentences in SQL on the values that
`values` reads from a table, `sql` puts them together to a view, `judgments` describes what a
language model should answer. Nothing here asks a model or reads an item.
"""

from genz.export.judgments import to_json_schema
from genz.export.sql import Script, to_sql
from genz.export.table import to_csv

__all__ = ["Script", "to_csv", "to_json_schema", "to_sql"]
