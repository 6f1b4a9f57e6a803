"""What a notebook shows of a fitted estimator: one table, self-contained and escaped."""

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from genz.fitted_regressor import FittedRegressor
    from genz.statistics.fitted import FittedRegression

MAX_ROWS: Final = 60
"""Features that are shown; a notebook is no report."""

# Colours are the notebook's own, so that its dark theme stays dark.
_TEMPLATE: Final = """\
<style>
.genz-fit table {border-collapse: collapse; margin: .3em 0}
.genz-fit th, .genz-fit td {padding: .15em .6em; text-align: right; vertical-align: top;
  border-bottom: 1px solid rgba(128, 128, 128, .3)}
.genz-fit th:first-child, .genz-fit td:first-child {text-align: left; max-width: 40em;
  overflow-wrap: anywhere; white-space: normal}
</style>
<div class="genz-fit">
<div><strong>{{ title }}</strong>: {{ facts | join("; ") }}</div>
{% if rows %}<table>
<thead><tr>{% for name in columns %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</tbody>
</table>{% endif %}
{% if n_hidden %}<div>and {{ n_hidden }} more features</div>{% endif %}
</div>"""


class NotebookDisplay:
    """Shows the fit in a notebook once there is one, scikit-learn's diagram before."""

    def _fit_as_html(self) -> str:
        raise NotImplementedError

    def _repr_html_inner(self) -> str:
        if hasattr(self, "n_features_in_"):  # Only a fit sets it.
            return self._fit_as_html()
        return str(super()._repr_html_inner())  # type: ignore[misc]

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, str]:
        bundle: dict[str, str] = super()._repr_mimebundle_(**kwargs)  # type: ignore[misc]
        if "text/html" in bundle:
            bundle["text/html"] = self._repr_html_inner()
        return bundle


def regression_as_html(model: "FittedRegression") -> str:
    """The table of a fitted `LatentFeatureRegression`."""
    names = [str(name) for name in model.get_feature_names_out()]
    rows = [
        [name, *_effect(model, k), *_rates(model, k), f"{model.prevalence_[k]:.0%}"]
        for k, name in enumerate(names[:MAX_ROWS])
    ]
    columns = [*_columns(model, "judgment"), "P(z | unknown)"]
    return _html(type(model).__name__, _facts(model), columns, rows, len(names))


def regressor_as_html(model: "FittedRegressor") -> str:
    """The table of a fitted `GenZRegressor`."""
    regression = model.regression_
    rows = [
        [
            feature.description,
            *_effect(regression, k),
            *_rates(regression, k),
            f"{feature.share:.0%}",
        ]
        for k, feature in enumerate(model.features_[:MAX_ROWS])
    ]
    scale = ["effects on the logarithm of the target"] if model.log_target else []
    facts = [f"{len(model.judgments_)} items", *_facts(regression), *scale]
    columns = [*_columns(regression, "feature"), "share of items"]
    return _html(type(model).__name__, facts, columns, rows, len(model.features_))


def _columns(model: "FittedRegression", first: str) -> list[str]:
    effect = ["effect", "std. error"]
    where = [] if len(model.intercept_) == 1 else ["strongest target"]
    return [first, *where, *effect, "error of yes", "error of no"]


def _effect(model: "FittedRegression", k: int) -> list[str]:
    """Effect and standard error; of a vector target those of the dimension they say most of."""
    weights = model.weights_[k]
    errors = model.weights_std_error_[k]
    d = int(np.argmax(np.abs(weights) / np.where(errors > 0, errors, np.inf)))
    where = [] if len(weights) == 1 else [str(d)]
    return [*where, f"{weights[d]:+.4g}", f"{errors[d]:.2g}"]


def _rates(model: "FittedRegression", k: int) -> list[str]:
    """How often a yes and a no are wrong; probabilities have a channel in their place."""
    if np.isnan(model.ppv_[k]):
        return ["probabilities", "probabilities"]
    return [f"{1 - model.ppv_[k]:.1%}", f"{model.fomr_[k]:.1%}"]


def _facts(model: "FittedRegression") -> list[str]:
    n_targets = len(model.intercept_)
    facts = [f"{len(model.weights_)} features"]
    if n_targets == 1:
        sd = float(np.sqrt(model.noise_variance_[0]))
        facts += [f"intercept {model.intercept_[0]:.4g}", f"noise sd {sd:.4g}"]
    else:
        facts.append(f"{n_targets} target dimensions")
    n_covariates = len(model.covariate_weights_)
    return [*facts, f"{n_covariates} covariates"] if n_covariates else facts


def _html(
    title: str, facts: list[str], columns: list[str], rows: list[list[str]], n_rows: int
) -> str:
    from jinja2 import Environment  # noqa: PLC0415 - only a notebook needs it

    template = Environment(autoescape=True).from_string(_TEMPLATE)
    n_hidden = max(0, n_rows - len(rows))
    return template.render(title=title, facts=facts, columns=columns, rows=rows, n_hidden=n_hidden)
