"""Hermes' JSON: updates, and the same prices in plain figures, which must agree."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from keeper.domain.quote import PriceId, QuoteRefusal
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.price_message import PriceMessage
from keeper.oracles.update_reader import SignedPrice, UpdateReader

_Figures: TypeAlias = tuple[int, ...]
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError)


def signed_prices(answer: bytes, price_ids: Sequence[PriceId], reader: UpdateReader) -> Sequence[SignedPrice]:
    """The price of each feed, in the order asked.

    Raises BadUpdate: format for an answer that is not Hermes' or lacks a feed, contradiction where the plain figures differ from what
    the updates prove, and whatever `reader` finds."""
    updates, plain = _content(answer)
    prices = {price.message.price_id: price for update in updates for price in reader.prices(update)}
    if {price_id: _figures(price.message) for price_id, price in prices.items()} != plain:
        raise BadUpdate(QuoteRefusal.CONTRADICTION, "the plain figures are not those of the update")
    missing = [price_id for price_id in price_ids if price_id not in prices]
    if missing:
        raise BadUpdate(QuoteRefusal.FORMAT, f"no price of {missing[0]}")
    return [prices[price_id] for price_id in price_ids]


def _content(answer: bytes) -> tuple[Sequence[bytes], Mapping[PriceId, _Figures]]:
    try:
        document = orjson.loads(answer)
        updates = [bytes.fromhex(text) for text in document["binary"]["data"]]
        plain = {PriceId("0x" + entry["id"].removeprefix("0x").lower()): _plain_figures(entry) for entry in document["parsed"]}
    except _MALFORMED as error:
        raise BadUpdate(QuoteRefusal.FORMAT, f"not an answer of Hermes: {error!r}"[:200]) from error
    return updates, plain


def _plain_figures(entry: Any) -> _Figures:
    price, average = entry["price"], entry["ema_price"]
    return (
        int(price["price"]),
        int(price["conf"]),
        int(price["expo"]),
        int(price["publish_time"]),
        int(average["price"]),
        int(average["conf"]),
    )


def _figures(message: PriceMessage) -> _Figures:
    return (
        message.price_raw,
        message.confidence_raw,
        message.exponent,
        message.publish_time,
        message.ema_price_raw,
        message.ema_confidence_raw,
    )
