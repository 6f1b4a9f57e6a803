"""What an endpoint really does: asked with canaries, since HTTP 200 proves nothing."""

import asyncio
import json
import random
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from genz.client import canaries
from genz.client.address import shown
from genz.client.budget import Budget, Estimator
from genz.client.capabilities import Capabilities
from genz.client.dialects import Dialect
from genz.client.endpoint import Endpoint, record
from genz.client.failures import FailureClass
from genz.client.key import encode
from genz.client.prompt import Prompt, Reply, Usage
from genz.client.reading import Reading, Sent, Verdict, one_line, read_attempt
from genz.client.request import Request
from genz.client.retry import RetryPolicy
from genz.client.secret import Secret
from genz.client.transport import Transport
from genz.errors import FoundationModelError, UnreachableError
from genz.store import AnswerStore

Supported = Literal["yes", "no", "partly", "not tested"]
_POLICY = RetryPolicy(max_attempts=3)
_MOST_LOGPROBS = (20, 5)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried: `name`, whether it is `supported`, and the evidence in words."""

    name: str
    supported: Supported
    evidence: str


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found out about an endpoint; `usage` is what it cost."""

    capabilities: Capabilities
    findings: tuple[Finding, ...]
    usage: Usage


async def probe(
    dialect: Dialect,
    model: str,
    base_url: str | None = None,
    secret: Secret | None = None,
    *,
    store: AnswerStore | None = None,
    budget: Budget | None = None,
    timeout: float = 120.0,
    trust_env: bool = False,
    policy: RetryPolicy = _POLICY,
) -> Probe:
    """Ask an endpoint about ten small questions; the store keeps what is found, if there is one.

    Raises
    ------
    FoundationModelError
        The endpoint does not answer a plain question.
    UsageError
        A base URL that cannot be one.
    """
    url = dialect.url(base_url or dialect.default_url)
    endpoint = Endpoint(dialect.name, url, model, secret, dialect.full)
    headers = dialect.headers(secret)
    async with Transport(url, headers, timeout=timeout, trust_env=trust_env) as transport:
        prober = _Prober(endpoint, dialect, transport, policy, budget or Budget())
        await prober.run()
    found = Probe(endpoint.capabilities, tuple(prober.findings), prober.usage)
    if store is not None:
        findings = [asdict(finding) for finding in found.findings]
        record(store, endpoint.name, capabilities=found.capabilities.to_facts(), findings=findings)
    return found


class _Prober:
    """Asks one question after the other and narrows the endpoint's capabilities."""

    def __init__(
        self,
        endpoint: Endpoint,
        dialect: Dialect,
        transport: Transport,
        policy: RetryPolicy,
        budget: Budget,
    ) -> None:
        self._endpoint = endpoint
        self._dialect = dialect
        self._transport = transport
        self._policy = policy
        self._budget = budget
        self._estimator = Estimator()
        self._draw = random.Random().random  # noqa: S311 - spreads retries
        self._refusals: dict[str, str] = {}
        self.findings: list[Finding] = []
        self.usage = Usage()

    async def run(self) -> None:
        await self._answers()
        await self._token_limit()
        await self._system()
        await self._schema()
        await self._logprobs()
        await self._images()
        for name in ("temperature", "seed"):
            if getattr(self._dialect.full, name):
                taken = getattr(self._endpoint.capabilities, name)
                evidence = "taken" if taken else self._refusals.get(name, "refused")
                self._found(name, "yes" if taken else "no", evidence)

    def _found(self, name: str, supported: Supported, evidence: str) -> None:
        self.findings.append(Finding(name, supported, one_line(evidence)))

    def _set(self, **changes: Any) -> None:
        self._endpoint.capabilities = replace(self._endpoint.capabilities, **changes)

    async def _ask(self, prompt: Prompt) -> Reply | Verdict:
        """One answer, after retries; parameters that are refused by name are dropped on the way."""
        request = Request(prompt, "probe", lambda reply: reply)
        n_failed = 0
        while True:
            capabilities = self._endpoint.capabilities
            body = encode(self._endpoint.model, self._dialect.body(prompt, capabilities))
            sent = Sent(self._dialect, prompt, capabilities)
            with await self._budget.reserve(self._estimator.estimate(prompt)) as reservation:
                attempt = await self._transport.post(body)
                result = read_attempt(attempt, request, sent, self._endpoint.secret)
                reservation.settle(result.usage or (Usage() if attempt.status >= 400 else None))
            self.usage += result.usage or Usage()
            if isinstance(result, Reading):
                return result.reply
            if (error := self._endpoint.stop(result)) is not None:
                raise error
            narrowed = capabilities.without(result.parameter) if result.parameter else None
            if narrowed is not None:
                self._refusals[result.parameter] = result.reason
                self._endpoint.capabilities = narrowed
                continue
            n_failed += 1
            passing = {FailureClass.TRANSIENT, FailureClass.RATE_LIMIT, FailureClass.BAD_BODY}
            if result.meaning not in passing or n_failed >= self._policy.max_attempts:
                return result
            await asyncio.sleep(self._policy.wait(n_failed, result.retry_after, self._draw))

    async def _answers(self) -> None:
        canary = canaries.word()
        reply = await self._ask(canaries.echo(canary))
        if isinstance(reply, Reply):
            told = canary in reply.text.lower()
            self._found("answers", "yes" if told else "partly", f"to {canary}: {reply.text!r}")
            return
        where = f"{self._endpoint.model} at {shown(self._endpoint.url)}"
        if reply.meaning in {
            FailureClass.TRANSIENT,
            FailureClass.RATE_LIMIT,
            FailureClass.BAD_BODY,
        }:
            raise UnreachableError(
                f"{where} answers nothing: {reply.reason}; check the base URL and the server"
            )
        raise FoundationModelError(f"{where} does not answer a plain question: {reply.reason}")

    async def _token_limit(self) -> None:
        """Find the name of the limit that is obeyed, not only taken."""
        evidence = "refused"
        for _ in range(2):
            name = self._endpoint.capabilities.token_field
            if not name:
                break
            reply = await self._ask(canaries.counting())
            name = self._endpoint.capabilities.token_field
            if isinstance(reply, Verdict):
                kept = reply.meaning is FailureClass.LENGTH
                self._found(
                    "limit of length", "yes" if kept else "partly", f"{name}: {reply.reason}"
                )
                return
            evidence = f"{name} was ignored: {reply.usage.completion} tokens, {reply.text[-20:]!r}"
            other = self._endpoint.capabilities.without(name)
            if other is None or not other.token_field:
                break
            self._endpoint.capabilities = other
        if self._endpoint.capabilities.token_field:
            # Ignored under either name: the name that all servers know does no harm.
            self._set(token_field=self._dialect.full.token_field)
        self._found("limit of length", "no", evidence)

    async def _system(self) -> None:
        canary = canaries.word()
        reply = await self._ask(canaries.instructed(canary))
        if not self._endpoint.capabilities.system:
            self._found("system role", "no", self._refusals.get("system", "refused"))
        elif isinstance(reply, Reply) and canary in reply.text.lower():
            self._found("system role", "yes", f"told the code word {canary}")
        else:
            first = reply.text if isinstance(reply, Reply) else reply.reason
            self._set(system=False)
            again = await self._ask(canaries.instructed(canary))
            if isinstance(again, Reply) and canary in again.text.lower():
                evidence = f"did not know the code word ({first!r}) until the user told it"
                self._found("system role", "no", evidence)
            else:
                self._set(system=True)
                self._found("system role", "partly", f"for the code word {canary}: {first!r}")

    async def _schema(self) -> None:
        canary = canaries.word()
        reply = await self._ask(canaries.forced(canary))
        if not self._endpoint.capabilities.schema:
            reasons = [r for p, r in self._refusals.items() if p not in {"temperature", "seed"}]
            self._found("schema", "no", reasons[-1] if reasons else "refused")
            return
        if isinstance(reply, Verdict):
            self._set(schema=False)
            self._found("schema", "no", reply.reason)
            return
        try:
            kept = json.loads(reply.text) == {canary: canary[::-1]}
        except (ValueError, RecursionError):
            kept = False
        if kept:
            self._found("schema", "yes", f"forced to {reply.text!r}")
            return
        self._set(schema=False)
        self._found("schema", "no", f"taken but not enforced: {reply.text!r}")

    async def _logprobs(self) -> None:
        if not self._dialect.full.logprobs:
            self._found("log-probabilities", "no", f"{self._dialect.name} has none")
            return
        evidence = ""
        for n in _MOST_LOGPROBS:
            self._set(logprobs=True, max_logprobs=n)
            reply = await self._ask(canaries.judged(n))
            if isinstance(reply, Reply) and reply.logprobs:
                n_got = len(reply.logprobs)
                best = f"{n_got} candidates, first {reply.logprobs[0][0]!r}"
                self._found("log-probabilities", "yes" if n_got > 1 else "partly", best)
                return
            evidence = reply.reason if isinstance(reply, Verdict) else "taken but not sent"
            for name in ("logprobs", "top_logprobs"):
                evidence = self._refusals.pop(name, evidence)
        self._set(logprobs=False)
        self._found("log-probabilities", "no", evidence)

    async def _images(self) -> None:
        digits = canaries.digits()
        prompt = canaries.shown_digits(digits)
        if prompt is None:
            self._found("images", "not tested", "Pillow is not installed (genz[images])")
            return
        reply = await self._ask(prompt)
        if isinstance(reply, Reply) and digits in "".join(filter(str.isdigit, reply.text)):
            self._found("images", "yes", f"read {digits}")
            return
        self._set(images=False)
        got = f"read {reply.text!r}" if isinstance(reply, Reply) else reply.reason
        self._found("images", "no", f"for {digits}: {got}")
