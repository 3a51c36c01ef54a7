"""keeper executor …: what sells an executor's tokens, and what it holds beside its targets."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from keeper import assembly
from keeper.commands.owner_desk import Holding, OwnerDesk, OwnerOptions, carry_out, done, owner_desk, owner_wallet, typed_address
from keeper.domain.chain import Address
from keeper.domain.exchange import Exchange, NewExchange
from keeper.domain.fixed import RATIO, X18_DECIMALS
from keeper.domain.inventory import Targets, lack
from keeper.domain.money import ZERO_USD, Usd18
from keeper.errors import ConfigError
from keeper.execution import ownership
from keeper.execution.standing import Standing, VenueStanding


@dataclass(frozen=True, slots=True)
class Terms:
    """Of an exchange to be created, as typed."""

    token: str
    pool: str
    feed: str
    max_sale_usd: float
    max_slippage_ppm: int
    max_age_s: int


def create_exchange(options: OwnerOptions, terms: Terms) -> int:
    """A new contract that sells one token of the executor."""
    return asyncio.run(_create_exchange(options, terms))


async def _create_exchange(options: OwnerOptions, terms: Terms) -> int:
    if terms.max_slippage_ppm >= RATIO:
        raise ConfigError(f"--max-slippage-ppm {terms.max_slippage_ppm}: a sale for nothing. Name less than {RATIO}, for example 10000.")
    token, pool, feed = (typed_address(getattr(terms, name), f"--{name}") for name in ("token", "pool", "feed"))
    async with owner_desk(options.config, options.executor) as desk:
        wallet = await owner_wallet(desk, options)
        (settlement,) = await desk.balances([_settlement(desk, token)], desk.executor)
        max_sale_raw = round(terms.max_sale_usd * 10**settlement.decimals)
        exchange = NewExchange(desk.executor, pool, token, feed, max_sale_raw, terms.max_slippage_ppm, terms.max_age_s)
        created = await carry_out(desk, wallet, [ownership.create_exchange(exchange)], options)
        name = created[0] if created else await wallet.created_address(0)
        key = desk.account.key("exchanges")
    return done(f'add "{name}" to {key} in {options.config}, then run `keeper executor allow`', options)


def _settlement(desk: OwnerDesk, token: Address) -> Address:
    """The settlement token of the venue where the executor may come to hold this one. Raises ConfigError where there is none."""
    for evaluator in desk.evaluators.values():
        settlement, *others = evaluator.venue.tokens(evaluator.book)
        if token in others:
            return settlement
    raise ConfigError(f"--token {token}: the executor cannot come to hold it on {', '.join(desk.evaluators)}.")


def inventory_rows(desk: OwnerDesk, standing: Standing, holdings: Sequence[Holding]) -> Iterator[tuple[str, str]]:
    """For people: what sells what, what the margin lacks of its target, what no target needs."""
    tokens = {holding.token: holding for holding in holdings}
    for exchange in desk.terms.exchanges:
        yield f"sells {exchange.symbol}", f"{exchange.address} {_bounds(exchange, tokens)}"
    targets = assembly.targets_of(desk.account.settings)
    for venue in standing.venues:
        rest = _lack(targets, venue)
        if rest != ZERO_USD:
            yield f"{venue.venue}: margin lacks", f"{rest.units:,.2f} USD of its target"
    for holding in surplus(desk, standing, holdings):
        yield "beyond its targets", f"{holding.text}: `keeper executor sweep --token {holding.token}`"


def surplus(desk: OwnerDesk, standing: Standing, holdings: Sequence[Holding]) -> Iterator[Holding]:
    """What is in the wallet and neither becomes margin nor is sold: the owner's to sweep."""
    targets, tokens_for_sale = assembly.targets_of(desk.account.settings), {exchange.token for exchange in desk.terms.exchanges}
    venues = zip(desk.evaluators.values(), standing.venues, strict=True)
    lacks = {evaluator.venue.tokens(evaluator.book)[0]: _lack(targets, venue) for evaluator, venue in venues}
    for holding in holdings:
        amount = 0 if holding.token in tokens_for_sale else holding.amount_raw
        if holding.token in lacks:
            amount = max(0, holding.amount_raw - lacks[holding.token].raw // 10 ** (X18_DECIMALS - holding.decimals))
        if amount:
            yield replace(holding, amount_raw=amount)


def _lack(targets: Targets, venue: VenueStanding) -> Usd18:
    return lack(targets, Usd18(venue.equity_x18)) if venue.needs_capital else ZERO_USD


def _bounds(exchange: Exchange, tokens: Mapping[Address, Holding]) -> str:
    proceeds = tokens.get(exchange.proceeds_token)
    most = replace(proceeds, amount_raw=exchange.max_sale_raw).text if proceeds else f"{exchange.max_sale_raw} raw"
    return f"at most {most} at once, at most {exchange.max_slippage_ppm / 10_000:g} % below the oracle"


def plain_inventory(desk: OwnerDesk, standing: Standing, holdings: Sequence[Holding]) -> dict[str, object]:
    """The same for programs."""
    exchanges = [
        {"address": exchange.address, "token": exchange.token, "max_sale_raw": str(exchange.max_sale_raw)}
        | {"max_slippage_ppm": exchange.max_slippage_ppm}
        for exchange in desk.terms.exchanges
    ]
    return {"exchanges": exchanges, "surplus": plain_holdings(surplus(desk, standing, holdings))}


def plain_holdings(holdings: Iterable[Holding]) -> list[dict[str, object]]:
    """Amounts as text: they may exceed what JSON readers take for a number."""
    return [asdict(holding) | {"amount_raw": str(holding.amount_raw)} for holding in holdings]
