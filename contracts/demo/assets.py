"""What the keeper owns, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_PRICE_SCALE = 10**8
_18 = 10**18


@dataclass(frozen=True, slots=True)
class Assets:
    """What stands on the chain: settlement currency of the venue in all places (USD, 18 decimals), other tokens by (lower-case)
    address in their own raw units, and the gas coin in wei."""

    settlement_18: int
    tokens: Mapping[str, int]
    wei: int


@dataclass(frozen=True, slots=True)
class Prices:
    """What tokens (by lower-case address, as the lake spells it) and the gas coin are worth: 8 decimals. `decimals` are those of tokens."""

    decimals: Mapping[str, int]
    tokens_8: Mapping[str, int]
    gas_8: int

    def token_usd(self, token: str, raw: int) -> float:
        """A raw amount of a token in USD."""
        return amount_usd(raw, self.decimals[token], self.tokens_8[token])

    def gas_usd(self, wei: int) -> float:
        """An amount of the gas coin in USD."""
        return amount_usd(wei, 18, self.gas_8)


@dataclass(frozen=True, slots=True)
class Worth:
    """A change of assets in USD, by kind."""

    settlement_usd: float
    tokens_usd: float
    gas_usd: float

    @property
    def total_usd(self) -> float:
        """Everything together; `gas_usd` is what was spent."""
        return self.settlement_usd + self.tokens_usd - self.gas_usd


def change(before: Assets, after: Assets, prices: Prices) -> Worth:
    """What became of the assets between two readings, at one set of prices."""
    return Worth(
        settlement_usd=(after.settlement_18 - before.settlement_18) / _18,
        tokens_usd=sum(prices.token_usd(token, after.tokens[token] - before.tokens[token]) for token in after.tokens),
        gas_usd=prices.gas_usd(before.wei - after.wei),
    )


def amount_usd(raw: int, decimals: int, price_8: int) -> float:
    """A raw amount in USD."""
    scale: int = 10**decimals * _PRICE_SCALE
    return raw * price_8 / scale
