"""Settings of the documentation site: `make docs` builds it; every warning is an error there."""

from typing import Any

import genz

project = "genz"
author = "the genz authors"
copyright = f"{author}, Apache-2.0"  # noqa: A001 - Sphinx reads this name
release = version = genz.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "numpydoc",
    "sphinx_copybutton",
]

# Pages are Markdown that reads well in a code browser too; headings are targets of links.
myst_heading_anchors = 3

# Members are listed by autodoc, with their docstrings.
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_default_options = {"members": True}
nitpicky = True
# Names of genz must resolve; those of others, and words in the place of types, need not.
nitpick_ignore_regex = [("py:.*", r"(?!genz\b).*")]

html_theme = "furo"
html_title = "genz"
html_static_path: list[str] = []
html_copy_source = False
copybutton_exclude = ".linenos, .gp, .go"


def skip_member(
    _app: object, _what: str, _name: str, member: object, _skip: bool, _options: object
) -> bool | None:
    """Leave out methods that scikit-learn wrote: its documentation has them."""
    home = getattr(member, "__module__", None) or ""
    return True if callable(member) and home.startswith("sklearn") else None


def setup(app: Any) -> None:
    """Register what Sphinx calls."""
    app.connect("autodoc-skip-member", skip_member)
