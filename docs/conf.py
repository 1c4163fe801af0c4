"""The site of the docs: the Markdown files of docs/, cards/ and the root, read where they lie.

    python -m sphinx -c docs -W --keep-going -n . build/site

The source is the whole checkout, so that a link from one file to another is the same on the site as in the repository.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "docs" / "_ext")]

from genzoo.version import __version__ as release  # noqa: E402

project = "genzoo"
copyright = "the authors of genzoo, Apache-2.0"  # noqa: A001
version = release
root_doc = "docs/index"
include_patterns = ["*.md", "cards/*.md", "docs/**.md"]
exclude_patterns = [".*", "build", "runs", "weights", "genzoo", "tests", "studies", "benchmarks", "examples"]
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "zoo_markdown",
    "zoo_commands",
    "zoo_pages",
    "zoo_playground",
    "zoo_links",
]

myst_heading_anchors = 4
myst_enable_extensions = ["html_image"]

nitpicky = True
# Other libraries' docs are out of reach of a build without a network; the rest are names within genzoo alone.
nitpick_ignore_regex = [
    ("py:.*", r"(torch|nn|np|npt|numpy|os|click|PIL|collections|pathlib|datetime)\..*"),
    ("py:class", r"Tensor|Path|Images?|Record|PinnedFile|(.*\.)?(Paper|Report|LatentWeight)|(.*\.)?[AFT]|tuple\[int"),
    ("py:class", "OutputActivation"),
]

napoleon_use_ivar = True
default_role = "code"  # docstrings have Markdown's single backticks
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "inherited-members": True}

html_theme = "furo"
html_favicon = "../genzoo/playground/page/icon.svg"
html_title = f"genzoo {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_additional_pages = {"index": "redirect.html"}
templates_path = ["_templates"]
html_copy_source = False
html_show_sphinx = False
