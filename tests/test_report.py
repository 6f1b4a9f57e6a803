"""The page that is rendered: safe with any text, the same every time, and true to its data."""

import base64
import hashlib
import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genz.errors import DataError
from genz.report import FeatureRow, render
from report_samples import (
    CONTROLS,
    HOST,
    LONG_WORD,
    OVERRIDE,
    PAYLOAD,
    RTL,
    Page,
    content,
    feature,
    hostile_content,
    predictions,
)


def blocks(html: str, tag: str) -> list[str]:
    return re.findall(f"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)


@pytest.mark.parametrize("n_targets", [1, 2])
def test_hostile_text_stays_text(n_targets: int) -> None:
    html = render(hostile_content(n_targets))
    page = Page(html)
    assert page.tags.count("script") == page.tags.count("style") == page.tags.count("link") == 1
    assert not {"img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    for field in ("fact-name-0", "fact-7", "description-2", "example-with", "scores-source"):
        assert field + PAYLOAD in page.text, field
    for field in ("example-without", "note", "method", "proposal-3", "why", "coefficient"):
        assert field + PAYLOAD in page.text, field
    for field in ("title", "target", "action", "id-5"):
        assert (field + PAYLOAD)[:55] in page.text, field
    if n_targets > 1:
        assert ("dimension-1" + PAYLOAD)[:20] in page.text


def test_text_cannot_reorder_or_break_the_page() -> None:
    html = render(hostile_content())
    html.encode()
    assert not set(OVERRIDE + CONTROLS.replace("[31m", "")) & set(html)
    assert "<bdi>title" in html
    assert RTL in Page(html).text
    assert LONG_WORD in Page(html).text


@pytest.mark.parametrize("n_targets", [1, 2])
def test_nothing_is_loaded_from_elsewhere(n_targets: int) -> None:
    page = Page(render(hostile_content(n_targets)))
    loading = [v for name, v in page.attributes if name in ("src", "href", "xlink:href", "srcset")]
    assert loading
    assert all(value and (value.startswith("#") or value == "data:,") for value in loading)
    assert not [v for name, v in page.attributes if v and HOST in v and name != "title"]
    html = render(content())
    assert "://" not in html
    assert "@import" not in html
    assert "url(" not in html


def test_content_security_policy_allows_exactly_the_inline_blocks() -> None:
    html = render(hostile_content())
    policy = next(v for k, v in Page(html).attributes if k == "content" and v and "default" in v)
    assert policy.startswith("default-src 'none'; ")
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (block,) = blocks(html, tag)
        digest = base64.b64encode(hashlib.sha256(block.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}';" in policy
    assert "unsafe" not in policy


def test_rendering_is_deterministic() -> None:
    assert render(content()) == render(content())


@pytest.mark.parametrize("n_targets", [1, 3])
def test_svg_is_well_formed(n_targets: int) -> None:
    html = render(hostile_content(n_targets))
    drawings = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
    assert len(drawings) > 10
    for drawing in drawings:
        ET.fromstring(drawing)  # noqa: S314 - our own markup


def test_a_model_of_nothing_has_a_report() -> None:
    bare = content(
        facts={}, features=[], predictions=None, steps=[], proposals=[], notes=[], coefficients=[]
    )
    page = Page(render(bare)).text
    assert "The model has no feature" in page
    assert "Discovery" not in page


def test_impossible_numbers_are_dashes() -> None:
    nan, inf = math.nan, math.inf
    rows = [
        feature("a", nan, std_errors=[nan], ppv=nan, fomr=nan, share=nan, gain=nan),
        feature("b", 1e308, std_errors=[inf], gain=inf),
        feature("c", -5e-324, std_errors=[]),
    ]
    p = predictions(4)
    p.predicted[:] = [[nan], [inf], [1e308], [0.0]]
    page = Page(render(content(features=rows, predictions=p, target_scale="log"))).text
    assert "nan" not in re.sub("Provenance|provenance", "", page)
    assert not re.search(r"\binf\b", page)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_scale": "square"}, "target_scale is 'square'"),
        (
            {"n_targets": 2, "predictions": predictions()},
            "predictions have 1 target dimensions, wanted 2",
        ),
        ({"dimension_names": ["a", "b"]}, "2 dimension names for 1"),
        ({"features": [feature("f", 1.0, 2.0)]}, "feature 'f' has 2 weights"),
    ],
)
def test_content_is_checked(changes: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        content(**changes)


def test_rows_and_predictions_are_checked() -> None:
    with pytest.raises(DataError, match="1 weights and 2 standard errors"):
        feature("f", 1.0, std_errors=[1.0, 2.0])
    with pytest.raises(DataError, match=r"lower has shape \(3, 1\)"):
        predictions(lower=np.zeros((3, 1)))
    with pytest.raises(DataError, match="level of the intervals is 2"):
        predictions(level=2)
    with pytest.raises(DataError, match="source of the predictions is 'elsewhere'"):
        predictions(source="elsewhere")


@given(st.lists(st.text(), min_size=4, max_size=4))
def test_any_text_can_be_shown(texts: list[str]) -> None:
    row = FeatureRow(texts[0], [1.0], [], None, None, None, None, None, 0.5)
    html = render(content(title=texts[1], features=[row], notes=texts[2:]))
    html.encode()
    assert Page(html).tags.count("script") == 1


def test_a_report_of_ten_thousand_items_is_small() -> None:
    rows = [feature(f"feature {k} in a few words of its own", 0.1 * k) for k in range(30)]
    html = render(content(features=rows, predictions=predictions(10_000), n_items=10_000))
    assert 100_000 < len(html.encode()) < 3_000_000
