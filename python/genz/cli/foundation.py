"""The options about a foundation model as the model itself, and what its run came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.invocation import Invocation
from genz.cli.terminal import say, tell
from genz.errors import UsageError

if TYPE_CHECKING:
    from genz.foundation import FoundationModel
    from genz.foundation.remote import RemoteModel
    from genz.regressor import GenZRegressor

BUILTIN = "builtin"
FINISHED_WITH_UNKNOWNS = 3
"""Exit code of a run that finished and left more judgments unknown than the user allows."""

_MAX_NAMED = 4
"""Names of more targets (dimensions of an embedding) would tell a model nothing."""


@dataclass(frozen=True, kw_only=True)
class ModelOptions:
    """Options of `genz.cli.model_options`, as they are named there."""

    foundation_model: str | None
    base_url: str | None
    key_file: Path | None
    timeout: float
    form: str | None
    tile: tuple[int, int] | None
    image_root: Path | None
    store: Path | None
    offline: bool
    rpm: int | None
    tpm: int | None
    concurrency: int
    max_requests: int | None
    max_tokens: int | None
    max_cost: float | None
    prices: Path | None
    deadline: float | None
    max_unknown: float

    @classmethod
    def split(cls, options: dict[str, Any]) -> "tuple[ModelOptions, dict[str, Any]]":
        """These options, and those of the command that are about something else."""
        own = {name: options[name] for name in cls.__dataclass_fields__}
        return cls(**own), {name: v for name, v in options.items() if name not in own}

    def make(
        self,
        *,
        image_root: Path,
        seed: int = 0,
        targets: Sequence[str] = (),
        fitted: "GenZRegressor | None" = None,
    ) -> "FoundationModel":
        """Make the model that is named, else the one that `fitted` was fitted with.

        A model that is asked for targets, or for features without a contrast, is told the names
        of `targets`, unless they are many.

        Raises
        ------
        UsageError
            A name of no known kind, a built-in model with an endpoint, or an endpoint that only
            the saved model names: a key goes nowhere that its owner did not say.
        """
        saved = {} if fitted is None else fitted.endpoint_
        name = self.foundation_model or saved.get("name", BUILTIN)
        if name == BUILTIN:
            if self.base_url is not None:
                raise UsageError(
                    "--base-url names an endpoint, but the built-in model asks none: name the "
                    "model there too, --model openai:NAME or anthropic:NAME"
                )
            from genz.foundation import BuiltinModel

            return BuiltinModel()
        from genz.foundation.remote import MODELS

        invocation = click.get_current_context().find_object(Invocation)
        if invocation is not None:
            invocation.asks_an_endpoint = True

        vendor, _, model = name.partition(":")
        if vendor not in MODELS or not model:
            raise UsageError(
                f"--model is {name!r}, wanted builtin, openai:NAME or anthropic:NAME (openai is "
                "every endpoint of chat completions, see --base-url)"
            )
        kind = MODELS[vendor]
        default = kind.dialect.default_url
        # Where the fitted model was asked, unless another one is named now.
        place = saved.get("base_url", default) if name == saved.get("name") else default
        if self.base_url is None and place != default and not self.offline:
            raise UsageError(
                f"the model was fitted with {name} at {place}: give --base-url to ask there again, "
                "or --offline"
            )
        return kind(
            model,
            self.base_url or place,
            key_file=self.key_file,
            timeout=self.timeout,
            form=self.form or saved.get("form", "tile"),
            tile=self.tile or tuple(saved.get("tile", (20, 10))),
            image_root=self.image_root or image_root,
            store=self.store,
            offline=self.offline,
            rpm=self.rpm,
            tpm=self.tpm,
            concurrency=self.concurrency,
            max_requests=self.max_requests,
            max_tokens=self.max_tokens,
            max_cost=self.max_cost,
            prices=self.prices,
            deadline=self.deadline,
            seed=saved.get("seed", seed),
            target=", ".join(targets) if len(targets) <= _MAX_NAMED else "",
        )


def remote(model: "FoundationModel | str") -> "RemoteModel | None":
    """The model if it is one behind an endpoint."""
    if isinstance(model, str) or model.name == BUILTIN:
        return None
    from genz.foundation.remote import RemoteModel

    return model if isinstance(model, RemoteModel) else None


def conclude(model: "FoundationModel", most: float) -> int:
    """Say what the answers took and what stayed unknown; return the exit code."""
    asked = remote(model)
    if asked is None:
        return 0
    say(describe(asked))
    for audit in asked.spent["audits"]:
        say(
            f"audit of {audit['size']}: {audit['n']} judgments asked again as pairs, "
            f"{audit['agreement']:.0%} agree"
        )
    if asked.size != asked.size_asked:
        say(f"judged as {asked.size}, because larger tiles agreed poorly")
    unknowns = asked.all_unknowns
    for kind, count in unknowns.by_kind.most_common():
        line = f"{count:,} judgments stayed unknown, {kind}"
        first = next((cell for cell in unknowns.listed if cell.kind == kind), None)
        if first is not None:
            line += f": {first.reason} (first: {first.feature!r} of {first.item!r})"
        say(line)
    if unknowns.share <= most:
        return 0
    # Said quietly or not: it is the reason of the exit code.
    tell(
        "warning",
        f"{unknowns.share:.1%} of the judgments are unknown, more than --max-unknown {most:.1%} "
        "allows",
    )
    return FINISHED_WITH_UNKNOWNS


def describe(model: "RemoteModel") -> str:
    """What was asked, in one line."""
    spent = model.spent
    line = (
        f"{spent['n_requests']:,} requests, {spent['prompt_tokens']:,} prompt tokens "
        f"({spent['cached_tokens']:,} cached), {spent['completion_tokens']:,} of answers"
    )
    if spent["cost"] is not None:
        line += f", {spent['cost']:.4f} {spent['currency']}"
    return line
