"""Tills that sell and take back while the service is being broken, and send again what they got no answer to."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from tests.faults.witness import Witness
from tests.journeys.tills import basket, line

CLIENTS = 6
_AFTER_A_FAILURE_S = 0.02
_EXPECTED = {201, 409, 503}
"""Done, held by another request, or the database is away: nothing else may come of a fault."""


@dataclass(frozen=True)
class Request:
    """What is sent, as often as it takes, under one key."""

    key: str
    path: str
    body: dict[str, Any]


@dataclass(frozen=True)
class Effects:
    """What a run has to leave, or has left, in the books of its members."""

    purchases: int
    sold_minor: int
    refunds: int
    refunded_minor: int
    earned: int
    taken_back: int


@dataclass
class Load:
    """One run: its members' purchases, a third of them refunded at once, each request under a key of its own."""

    run: str
    client: httpx.AsyncClient
    headers: dict[str, str]
    members: Sequence[str]
    witness: Witness
    acknowledged: int = 0
    failed: int = 0
    unexpected: Counter[str] = field(default_factory=Counter)
    _stopping: bool = False
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _sent: list[list[Request]] = field(default_factory=lambda: [[] for _ in range(CLIENTS)])

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Sell for the length of the block."""
        self._stopping = False
        async with asyncio.TaskGroup() as clients:
            for sent in self._sent:
                clients.create_task(self._sell(sent))
            try:
                yield
            finally:
                self._stopping = True

    async def until(self, happened: Callable[[], bool]) -> None:
        """Let the tills go on until it has happened."""
        while not happened():
            assert not self.unexpected, self.unexpected
            await asyncio.sleep(0.005)

    async def more(self, count: int) -> None:
        """Let the tills go on until that many more requests are acknowledged."""
        wanted = self.acknowledged + count
        await self.until(lambda: self.acknowledged >= wanted)

    async def send_everything_again(self) -> None:
        """Each till repeats all that it has sent, answered or not. Every answer is 201, and the witness compares."""
        async with asyncio.TaskGroup() as clients:
            for sent in self._sent:
                clients.create_task(self._repeat(sent))

    async def sends(self, request: Request) -> httpx.Response:
        """One request of the test's own choice; it belongs to the run like all others."""
        if request not in self._sent[0]:
            self._sent[0].append(request)
        return await self._send(request)

    async def _send(self, request: Request) -> httpx.Response:
        headers = {**self.headers, "Idempotency-Key": request.key}
        answer = await self.client.post(request.path, json=request.body, headers=headers)
        if answer.status_code == 201:
            self.witness.acknowledge(request.key, answer.content)
            self.acknowledged += 1
        return answer

    def purchase(self) -> Request:
        """A sale that nobody has sent yet."""
        number = next(self._numbers)
        body = basket(line("1", 100 * (number % 50 + 1)), member={"id": self.members[number % len(self.members)]})
        return Request(f"{self.run}-sale-{number}", "/v1/pos/purchases", _dated(body, f"{self.run}-{number}"))

    def refund(self, of: Request) -> Request:
        """The return of all that the sale was about."""
        receipt = of.body["receipt"]
        body = _dated({"original": {"receipt": receipt}}, f"{receipt['number']}-back")
        return Request(f"{of.key}-back", "/v1/pos/refunds", body)

    def expected(self) -> Effects:
        """What everything that was sent comes to, once each. The programme pays a point for 100 minor units."""
        requests = [request for sent in self._sent for request in sent]
        sold = {
            request.body["receipt"]["number"]: request.body["total_minor"]
            for request in requests
            if "total_minor" in request.body
        }
        back = [
            sold[request.body["original"]["receipt"]["number"]] for request in requests if "original" in request.body
        ]
        return Effects(len(sold), sum(sold.values()), len(back), sum(back), sum(sold.values()) // 100, sum(back) // 100)

    async def _sell(self, sent: list[Request]) -> None:
        while not self._stopping:
            purchase = self.purchase()
            await self._try(purchase, sent)
            if len(sent) % 4 == 1:
                await self._try(self.refund(purchase), sent)

    async def _try(self, request: Request, sent: list[Request]) -> None:
        sent.append(request)
        try:
            answer = await self._send(request)
        except httpx.TransportError:
            self.failed += 1
        else:
            if answer.status_code == 201:
                return
            self.failed += 1
            if answer.status_code not in _EXPECTED:
                self.unexpected[f"{answer.status_code} {answer.text}"] += 1
        await asyncio.sleep(_AFTER_A_FAILURE_S)

    async def _repeat(self, sent: Sequence[Request]) -> None:
        for request in sent:
            answer = await self._send(request)
            assert answer.status_code == 201, f"{request.key}: {answer.status_code} {answer.text}"


def _dated(body: dict[str, Any], number: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"receipt": {"number": number, "business_date": str(now.date())}, "occurred_at": now.isoformat(), **body}
