"""Whole pages for the browser: of fitted models, and with hostile text in every field."""

from pathlib import Path

from genz.report import render
from genz.report.compared import CommonFeature, Comparison, OwnFeature, SharedPredictions
from genz.report.from_model import write_report
from genz.report.render_comparison import render_comparison
from report_samples import fitted, hostile, hostile_content, predictions


def hostile_comparison() -> Comparison:
    """A comparison in which every string is hostile."""
    p = predictions(40, ids=[hostile(f"id-{n}") for n in range(40)])
    own = OwnFeature(hostile("own"), [0.3], [0.1], 0.2, hostile("likest"), 0.8)
    return Comparison(
        names=(hostile("first"), hostile("second")),
        target_name=hostile("target"),
        target_scale="linear",
        facts={hostile("fact"): (hostile("a"), hostile("b"))},
        common=[
            CommonFeature(hostile("common"), ([0.5], [0.4]), ([0.1], []), (0.3, 0.4), None),
        ],
        only_first=[own],
        only_second=[],
        scores={"r2": (0.5, 0.4), hostile("metric"): (1.0, None)},
        predictions=SharedPredictions(
            p.ids, p.actual, p.predicted, p.lower, "training items", (0.5, 0.4), 0.9, 0.1, 0.7
        ),
        notes=[hostile("note")],
    )


def report_pages(directory: Path) -> dict[str, str]:
    """Reports by name: of fitted models, and two in which every string is hostile."""
    for name, options in (("scalar", {"log_target": True}), ("vector", {"n_targets": 3})):
        fitted(**options)[0].save(directory / name)
        write_report(directory / name)
    written = {p.parent.name: p.read_text("utf-8") for p in directory.glob("*/report.html")}
    written["compared"] = render_comparison(hostile_comparison())
    return written | {"hostile": render(hostile_content()), "dim": render(hostile_content(3))}
