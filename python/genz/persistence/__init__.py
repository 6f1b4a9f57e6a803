"""A fitted model as a directory of JSON and npz, never pickle, and without what a mail could break.

`manifest` lists every file with its SHA-256, `writing` replaces the files of a directory as a whole
or not at all, `arrays` reads and writes npz, `document` is ``model.json``, `provenance` says what a
model was made of, `checks` says what a saved model must be, `restoring` makes the estimator of it,
`earlier` reads the directories of older schema versions and `migration` brings them up to date,
`saving` is what others call. docs/saved-models.md describes the format.
"""

from genz.persistence.manifest import (
    ARRAYS_FILE,
    CHANGES_FILE,
    EVALUATION_ARRAYS_FILE,
    EVALUATION_FILE,
    MANIFEST_FILE,
    MODEL_FILE,
    REPORT_FILE,
    REPORT_TWIN_FILE,
    RUN_FILE,
    SCHEMA_VERSION,
)
from genz.persistence.provenance import provenance
from genz.persistence.saving import fingerprint, load, read_beside, save, save_beside
from genz.persistence.writing import check_no_part, check_vacant, write_whole

__all__ = [
    "ARRAYS_FILE",
    "CHANGES_FILE",
    "EVALUATION_ARRAYS_FILE",
    "EVALUATION_FILE",
    "MANIFEST_FILE",
    "MODEL_FILE",
    "REPORT_FILE",
    "REPORT_TWIN_FILE",
    "RUN_FILE",
    "SCHEMA_VERSION",
    "check_no_part",
    "check_vacant",
    "fingerprint",
    "load",
    "provenance",
    "read_beside",
    "save",
    "save_beside",
    "write_whole",
]
