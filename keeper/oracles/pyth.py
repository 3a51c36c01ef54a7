"""Pyth's signed prices, from several Hermes services: the next is asked when one is dead, hangs, stands still or says what is not so."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from keeper.domain.chain import Timestamp
from keeper.domain.quote import PriceId, Quote, QuoteLimits, QuoteRefusal, refusal
from keeper.errors import ConfigError, PriceUnavailable
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.hermes import HermesService, open_session
from keeper.oracles.pyth_options import PythOptions

_UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class PriceIncident:
    """Something an operator may want to read. `reason` is a QuoteRefusal's word or "unavailable"; `price_id` where it is about one feed."""

    service: str
    reason: str
    detail: str
    price_id: PriceId | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. A service at fault is asked last for `set_aside_s`; a stream without a newer price for `silence_s` is left for another
    service's; `pause_s` is between two rounds of services none of which is any good."""

    set_aside_s: float
    silence_s: float
    pause_s: float = 1.0


@dataclass(slots=True)
class _Member:
    """A service; until when (of the loop's clock) it is asked last; why its price of a feed is refused at present, and what is wrong
    with the service itself."""

    service: HermesService
    aside_until: float = 0.0
    refusals: dict[PriceId, QuoteRefusal] = field(default_factory=dict)
    fault: str | None = None


class PythPrices:
    """Satisfies the port `PriceService`. Per feed only the newest price is held: an old quote is worthless."""

    def __init__(
        self,
        services: Sequence[HermesService],
        limits: QuoteLimits,
        patience: Patience,
        now: Callable[[], Timestamp],
        on_incident: Callable[[PriceIncident], None],
    ) -> None:
        """`services` in order of preference. `now` is what age is measured by: the machine's clock, on a devnet the chain's time.
        Raises ConfigError without a service."""
        if not services:
            raise ConfigError("Pyth: no price service; name at least one address")
        self._members = [_Member(service) for service in services]
        self._limits = limits
        self._patience = patience
        self._now = now
        self._on_incident = on_incident
        self._newest: dict[PriceId, Quote] = {}

    async def latest(self, price_ids: Sequence[PriceId]) -> Sequence[Quote]:
        """The newest quote of each feed for which a service has a usable one, in the order asked. Raises PriceUnavailable when none has
        (BadUpdate with the reason where there was one to refuse)."""
        quotes: dict[PriceId, Quote] = {}
        failure = PriceUnavailable("no feed was asked for")
        for member in self._order():
            missing = [price_id for price_id in price_ids if price_id not in quotes]
            if not missing:
                break
            try:
                answer = await member.service.latest(missing)
                quotes.update((quote.price_id, quote) for quote in self._usable(member, answer))
                _demand_all(member, missing)
                member.fault = None
            except PriceUnavailable as error:
                failure = error
                self._set_aside(member, error)
        if not quotes:
            raise failure
        return [quotes[price_id] for price_id in price_ids if price_id in quotes]

    async def first_at(self, price_ids: Sequence[PriceId], time: Timestamp) -> Sequence[Quote]:
        """The first quote that each feed had at or after `time`, in the order asked: the chain decides whether it is too old by now. Raises
        PriceUnavailable when no service has it, also while nobody can have it yet."""
        failure = PriceUnavailable("no feed was asked for")
        for member in self._order():
            try:
                return await member.service.first_at(price_ids, time)
            except BadUpdate as error:
                failure = error
                self._set_aside(member, error)
            except PriceUnavailable as error:
                # Not to have it yet is no fault.
                failure = error
        raise failure

    async def stream(self, price_ids: Sequence[PriceId]) -> AsyncGenerator[Quote, None]:
        """Every newer usable quote from now on, for ever; the newest only where the reader is slow."""
        while True:
            member = self._order()[0]
            try:
                async with aclosing(self._follow(member, price_ids)) as quotes:
                    async for quote in quotes:
                        yield quote
            except PriceUnavailable as error:
                self._set_aside(member, error)
            if all(member.aside_until > _clock() for member in self._members):
                await asyncio.sleep(self._patience.pause_s)

    async def _follow(self, member: _Member, price_ids: Sequence[PriceId]) -> AsyncGenerator[Quote, None]:
        """The newer quotes of one service. Raises PriceUnavailable when it has none for too long: it may stand still."""
        deadline = _clock() + self._patience.silence_s
        async with aclosing(member.service.stream(price_ids)) as answers:
            async for answer in answers:
                usable = self._usable(member, [quote for quote in answer if self._is_newer(quote)])
                for quote in usable:
                    yield quote
                if usable:
                    member.fault = None
                    deadline = _clock() + self._patience.silence_s
                elif _clock() > deadline:
                    raise PriceUnavailable(f"{member.service.name}: no newer price in {self._patience.silence_s} s")

    def _is_newer(self, quote: Quote) -> bool:
        newest = self._newest.get(quote.price_id)
        return newest is None or quote.publish_time > newest.publish_time

    def _usable(self, member: _Member, quotes: Iterable[Quote]) -> Sequence[Quote]:
        """Those that keep to the limits, each the newest of its feed; the others are reported, once while the reason stands."""
        usable: list[Quote] = []
        for quote in quotes:
            newest = self._newest.get(quote.price_id)
            reason = refusal(quote, newest, self._now(), self._limits)
            if reason is None:
                member.refusals.pop(quote.price_id, None)
                usable.append(self._newer(quote, newest))
            elif member.refusals.get(quote.price_id) is not reason:
                member.refusals[quote.price_id] = reason
                figures = _figures(quote, newest, self._now())
                self._on_incident(PriceIncident(member.service.name, reason, figures, quote.price_id))
        return usable

    def _newer(self, quote: Quote, newest: Quote | None) -> Quote:
        """The newer of the two, which is then the newest of its feed."""
        if newest is not None and newest.publish_time > quote.publish_time:
            return newest
        self._newest[quote.price_id] = quote
        return quote

    def _order(self) -> Sequence[_Member]:
        """The sound services as configured, then those set aside, the one first that has been so for longest."""
        now = _clock()
        return sorted(self._members, key=lambda member: max(member.aside_until - now, 0.0))

    def _set_aside(self, member: _Member, error: PriceUnavailable) -> None:
        """Reported once while the fault is the same."""
        member.aside_until = _clock() + self._patience.set_aside_s
        reason = error.reason if isinstance(error, BadUpdate) else _UNAVAILABLE
        if reason != member.fault:
            member.fault = reason
            self._on_incident(PriceIncident(member.service.name, reason, str(error)))


@asynccontextmanager
async def open_pyth(
    options: PythOptions, now: Callable[[], Timestamp], on_incident: Callable[[PriceIncident], None]
) -> AsyncIterator[PythPrices]:
    """Pyth's prices as the settings have them, until left; `now` as in `PythPrices`. Raises ConfigError for a wrong address, or none."""
    async with open_session() as session:
        services = [HermesService(session, url, options.reader, options.hermes) for url in options.urls]
        yield PythPrices(services, options.limits, Patience(options.set_aside_s, options.silence_s), now, on_incident)


def _demand_all(member: _Member, price_ids: Sequence[PriceId]) -> None:
    """Raises BadUpdate where one of the feeds' prices is refused at present: the service may stand still."""
    for price_id in price_ids:
        if price_id in member.refusals:
            raise BadUpdate(member.refusals[price_id], f"{member.service.name}: its price of {price_id}")


def _figures(quote: Quote, newest: Quote | None, now: Timestamp) -> str:
    """What is behind a refusal."""
    price = f"{quote.low_raw} to {quote.high_raw} e{quote.exponent}, {now - quote.publish_time} s old"
    return price if newest is None else f"{price}; before: {newest.low_raw} to {newest.high_raw} e{newest.exponent}"


def _clock() -> float:
    return asyncio.get_running_loop().time()
