"""The examples of docs/estimators.md run, one after the other as a reader would."""

import re
from pathlib import Path

import pytest
import sklearn

DOCS = Path(__file__).parent.parent / "docs" / "estimators.md"


def test_the_examples_run_and_show_what_the_text_says(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", DOCS.read_text("utf-8"), re.S)
    assert len(blocks) == 3
    names: dict[str, object] = {}
    with sklearn.config_context():
        for block in blocks:
            exec(block, names)  # noqa: S102 - our own examples
    shown = capsys.readouterr().out
    assert "area is at least" in shown
    assert "town is" in shown
    assert "Pipeline(" in shown
