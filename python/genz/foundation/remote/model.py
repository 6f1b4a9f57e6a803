"""Foundation models behind an endpoint: what they are made of, and when it is open."""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from genz.catalog import Catalog
from genz.client.budget import Budget
from genz.client.dialects import AnthropicDialect, Dialect, OpenAIDialect
from genz.client.estimator import Estimator
from genz.client.prices import Prices
from genz.client.probe import Probe
from genz.client.progress import Statistics
from genz.client.prompt import Usage
from genz.errors import UsageError
from genz.foundation.protocol import Contrast
from genz.foundation.remote import outlook
from genz.foundation.remote.audit import Agreement
from genz.foundation.remote.outlook import Step
from genz.foundation.remote.session import Opening, Session
from genz.foundation.remote.tiles import Size, checked_size
from genz.foundation.remote.unknown import Unknowns
from genz.foundation.remote.view import View
from genz.images import Images
from genz.prompts.versions import versions


class RemoteModel(AbstractAsyncContextManager["RemoteModel"]):
    """A foundation model that is asked over HTTP; see `OpenAIModel` and `AnthropicModel`.

    Parameters
    ----------
    model : str
        Name of the model at the endpoint.
    base_url : str, optional
        None is the vendor's own.
    key_file : path, optional
        File with the key; None reads the vendor's environment variable.
    form : "tile", "batch" or "pair"
        How judgments are asked for.
    tile : (int, int)
        Most items and features of one question.
    image_root : path, optional
        Directory below which the images of the items lie; None is the working directory.
    store : path, optional
        Answer store; None is the one in the user's cache directory.
    offline : bool
        Answer from the store alone.
    rpm, tpm : int, optional
        Most requests and tokens a minute; None learns them from the endpoint.
    concurrency : int
        Most requests in flight.
    max_requests, max_tokens, max_cost : int, int, float, optional
        Budgets of the object's life.
    prices : path, optional
        File of prices by model, see :class:`genz.client.prices.Prices`.
    deadline, timeout : float
        Seconds after which nothing more is asked, and that one answer may take.
    seed : int
        Shuffles items and samples audits; part of every question.
    audited : bool
        Whether a sample of the cells of tiles and batches is asked again as pairs.
    target : str
        What the targets are ("log of the price of a night in US dollars"): told where it is asked
        for targets themselves, or for features without a contrast.
    error_rate, rate_strength, group_size, n_proposals
        See :class:`genz.FoundationModel`.

    Attributes
    ----------
    observer : callable, optional
        Told the statistics of the questions now and then.
    unknowns, all_unknowns : Unknowns
        Judgments that stayed unknown: of the last opening (a fit, a prediction), and of all.
    """

    vendor: ClassVar[str]
    key_variable: ClassVar[str]
    dialect: ClassVar[Dialect]

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        *,
        key_file: str | Path | None = None,
        form: str = "tile",
        tile: tuple[int, int] = (20, 10),
        image_root: str | Path | None = None,
        store: str | Path | None = None,
        offline: bool = False,
        rpm: int | None = None,
        tpm: int | None = None,
        concurrency: int = 64,
        max_requests: int | None = None,
        max_tokens: int | None = None,
        max_cost: float | None = None,
        prices: str | Path | None = None,
        deadline: float | None = None,
        timeout: float = 120.0,
        seed: int = 0,
        audited: bool = True,
        target: str = "",
        error_rate: float = 0.05,
        rate_strength: float = 40.0,
        group_size: int = 12,
        n_proposals: int = 8,
    ) -> None:
        try:
            self.size = checked_size(form, *tile)
        except ValueError as error:
            raise UsageError(str(error)) from None
        self.size_asked = self.size
        self.model = model
        self.base_url = base_url or self.dialect.default_url
        self.name = f"{self.vendor}:{model}"
        self.seed = seed
        self.audited = audited
        self.target = target
        self.error_rate = error_rate
        self.rate_strength = rate_strength
        self.group_size = group_size
        self.n_proposals = n_proposals
        self.observer: Callable[[Statistics], None] | None = None
        self.prices = None if prices is None else Prices.read(Path(prices), model)
        self.budget = Budget(max_requests, max_tokens, max_cost, self.prices, deadline)
        self.estimator = Estimator()
        self.unknowns = Unknowns()
        self.all_unknowns = Unknowns()
        self.images = Images(Path.cwd() if image_root is None else Path(image_root))
        self.opening = Opening(
            key_file=None if key_file is None else Path(key_file),
            store=None if store is None else Path(store),
            offline=offline,
            rpm=rpm,
            tpm=tpm,
            concurrency=concurrency,
            timeout=timeout,
        )
        self.dialect.url(self.base_url)  # says at once what is wrong with it
        self.audits: Mapping[Size, Agreement] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: Session | None = None
        self._depth = 0

    @property
    def settings(self) -> dict[str, Any]:
        """How it was asked, in the size that audits left: what a saved model remembers of it."""
        return {
            "name": self.name,
            "base_url": self.base_url,
            "form": self.size.form,
            "tile": [self.size.n_items, self.size.n_features],
            "seed": self.seed,
            "prompts": versions(),
        }

    @property
    def spent(self) -> dict[str, Any]:
        """What the endpoint was asked in the object's life, of JSON's types."""
        usage = self.budget.spent
        return {
            "n_requests": self.budget.n_spent,
            "prompt_tokens": usage.prompt,
            "cached_tokens": usage.cached,
            "completion_tokens": usage.completion,
            "cost": self.budget.spent_cost,
            "currency": None if self.prices is None else self.prices.currency,
            "audits": [
                {
                    "size": str(size),
                    "n": found.n,
                    "agreement": found.share,
                    "kappa": None if math.isnan(found.kappa) else found.kappa,
                }
                for size, found in self.audits.items()
                if found.n
            ],
        }

    @property
    def unknown(self) -> list[dict[str, str]]:
        """Judgments that stayed unknown, the first 10,000: item, feature and reason."""
        return [
            {"item": cell.item, "feature": cell.feature, "reason": f"{cell.kind}: {cell.reason}"}
            for cell in self.unknowns.listed
        ]

    async def judge(self, items: Catalog, features: Sequence[str]) -> NDArray[np.float64]:
        """Judge every item on every feature; see :class:`genz.FoundationModel`."""
        self.images.prepare(items)
        async with self:
            return await self._opened.judge.judge(items, features)

    async def judge_again(
        self, items: Catalog, cells: Sequence[tuple[int, str]], sample: int
    ) -> NDArray[np.float64]:
        """Ask again about cells (item, feature), one by one, as sample 1, 2...: (n_cells,)."""
        if sample < 1:
            raise UsageError(f"sample is {sample}, wanted at least 1: 0 is the first answer")
        self.images.prepare(items)
        async with self:
            return await self._opened.judge.judge_again(items, cells, sample)

    async def propose(self, contrast: Contrast, n: int) -> list[str]:
        """Propose at most `n` descriptions; see :class:`genz.FoundationModel`."""
        async with self:
            return await self._opened.proposer.propose(contrast, n)

    async def predict(
        self, items: Catalog, examples: Catalog, targets: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Predict targets directly, as a baseline; see :class:`genz.FoundationModel`."""
        async with self:
            return await self._opened.predictor.predict(items, examples, targets)

    async def probe(self) -> Probe:
        """Find out what the endpoint really supports; later questions are asked accordingly."""
        async with self:
            return await self._opened.probe()

    def plan_judging(self, items: Catalog, features: Sequence[str]) -> Step:
        """What judging takes, before it is asked, as if the store knew none of it."""
        return outlook.judging("judge", self._view(items), features, self.size, self.seed)

    def plan_auditing(self, items: Catalog, n_features: int) -> Step:
        """What the audit of one call of `judge` takes at most, before it is asked."""
        if not self.audited:
            return Step("audit", 0, Usage())
        return outlook.auditing("audit", self._view(items), n_features, self.size, self.seed)

    def plan_proposing(self, items: Catalog) -> Step:
        """What one contrast takes, before it is asked."""
        return outlook.proposing(
            "propose", self._view(items), self.group_size, self.n_proposals, self.seed
        )

    def _view(self, items: Catalog) -> View:
        self.images.prepare(items)
        return View(items, loader=self.images)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        if not self._depth:
            self._session, self._loop = await Session.open(self), loop
            self.unknowns = self._session.judge.unknowns
        elif self._loop is not loop:
            raise UsageError(
                f"{self!r} is asked from two threads at once: make a model, with a store of its "
                "own, for each"
            )
        self._depth += 1
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if not self._depth:
            # A loop that has ended is of no use, and no pickle would take it.
            session, self._session, self._loop = self._opened, None, None
            self.all_unknowns.extend(session.judge.unknowns)
            self.size = session.judge.size
            self.audits = session.judge.agreements
            await session.close(kind, error, traceback)

    @property
    def _opened(self) -> Session:
        if self._session is None:
            raise RuntimeError("the model is not open")
        return self._session

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Copies of an estimator (folds, grids) share one model: its budget is spent once."""
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.model!r}, {self.base_url!r})"


class OpenAIModel(RemoteModel):
    """A model behind chat completions: OpenAI, vLLM, llama.cpp, Ollama, LM Studio, gateways.

    The key is that of ``OPENAI_API_KEY`` or `key_file`. See `RemoteModel` for the parameters.

    Examples
    --------
    >>> import genz
    >>> model = genz.OpenAIModel("qwen", "http://127.0.0.1:8000/v1", max_requests=2_000)
    >>> regressor = genz.GenZRegressor(model, n_features=20)
    """

    vendor = "openai"
    key_variable = "OPENAI_API_KEY"
    dialect = OpenAIDialect()


class AnthropicModel(RemoteModel):
    """A model behind Anthropic's messages, which have no log-probabilities.

    The key is that of ``ANTHROPIC_API_KEY`` or `key_file`. See `RemoteModel` for the parameters.
    """

    vendor = "anthropic"
    key_variable = "ANTHROPIC_API_KEY"
    dialect = AnthropicDialect()


MODELS: Mapping[str, type[RemoteModel]] = {
    model.vendor: model for model in (OpenAIModel, AnthropicModel)
}
