"""What no event tells, asked of the exchange."""

from collections.abc import Callable, Sequence

from keeper.domain.account import AccountKey
from keeper.domain.calldata import Encoder, address, number
from keeper.domain.chain import CallResult, Reads, Timestamp
from keeper.domain.chain_view import ChainVerdict, Verdict
from keeper.domain.venue import Event
from keeper.errors import ConfigError
from toy_exchange.events import PriceRead
from toy_exchange.options import Options

LIQUIDATE = "liquidate(address)"
_HEALTHY = "Healthy(address,int256,uint256)"


def snapshot(options: Options, encoder: Encoder) -> Reads[Sequence[Event]]:
    """Nothing is missing from the events; but the dollar must be the exchange's. Raises ConfigError."""
    (result,) = yield (encoder.call(options.exchange, "dollar()"),)
    if address(result) != options.dollar:
        raise ConfigError(f"{options.exchange} pays in {address(result)}, not in {options.dollar}")
    return ()


def refresh(options: Options, encoder: Encoder, now: Timestamp) -> Reads[Sequence[Event]]:
    """The price at `now`; none while the exchange does not tell it."""
    (result,) = yield (encoder.call(options.exchange, "price()"),)
    price = number(result)
    return () if price is None else (PriceRead(now, price),)


def chain_views(
    options: Options, encoder: Encoder, reason: Callable[[bytes], str], keys: Sequence[AccountKey]
) -> Reads[Sequence[ChainVerdict]]:
    """What ToyExchange.liquidate would do about each account: nobody's position changes another's, so all are tried in one batch."""
    if not keys:
        return ()
    results = yield [encoder.call(options.exchange, LIQUIDATE, key) for key in keys]
    return [_verdict(encoder, key, result, reason) for key, result in zip(keys, results, strict=True)]


def _verdict(encoder: Encoder, key: AccountKey, result: CallResult, reason: Callable[[bytes], str]) -> ChainVerdict:
    """Only the revert that says so is healthy; any other tells nothing of the margin."""
    if result.success:
        return ChainVerdict(key, Verdict.LIQUIDATABLE, "liquidate goes through")
    healthy = result.data.startswith(encoder.data(_HEALTHY))
    return ChainVerdict(key, Verdict.HEALTHY if healthy else Verdict.UNKNOWN, reason(result.data))
