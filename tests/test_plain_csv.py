"""CSV for spreadsheets: what begins like a formula, numbers, what UTF-8 has not."""

import csv
import io

import numpy as np
import pytest

from genz.plain_csv import to_csv


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_texts_like_formulas_are_kept_text_in_the_head_and_below(sign: str) -> None:
    text = to_csv([f"{sign}a"], [[f"{sign}1"]]).decode()
    assert list(csv.reader(io.StringIO(text, newline=""))) == [[f"'{sign}a"], [f"'{sign}1"]]


def test_numbers_and_other_texts_are_as_they_are() -> None:
    rows = [[-0.1 - 0.2, -3, None, "h=1", np.float64(-1 / 3)]]
    assert to_csv("abcde", rows) == (
        b"a,b,c,d,e\n-0.30000000000000004,-3,,h=1,-0.3333333333333333\n"
    )


def test_a_lone_surrogate_is_escaped() -> None:
    assert to_csv(["id"], [["a\ud800"]]) == b"id\na\\ud800\n"
