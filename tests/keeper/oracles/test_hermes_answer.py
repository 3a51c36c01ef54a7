"""Hermes' JSON: the updates decide, and what stands beside them must be the same."""

import json
from typing import Any

import pytest

from keeper.domain.quote import QuoteRefusal
from keeper.oracles.bad_update import BadUpdate
from keeper.oracles.hermes_answer import signed_prices
from tests.keeper.oracles.updates import BTC, ETH, READER, as_read, message, price_id, update


def _entry(feed: bytes, price_raw: int = 2_000 * 10**8) -> dict[str, Any]:
    """As the documentation of Hermes shows it."""
    price = {"price": str(price_raw), "conf": "1000000", "expo": -8, "publish_time": 1_700_000_000}
    metadata = {"slot": 7, "proof_available_time": 1_700_000_000, "prev_publish_time": 1_699_999_999}
    return {"id": feed.hex(), "price": price, "ema_price": dict(price), "metadata": metadata}


def _document() -> dict[str, Any]:
    return {
        "binary": {"encoding": "hex", "data": [update(message(), message(BTC)).hex()]},
        "parsed": [_entry(ETH), _entry(BTC)],
    }


def _reason(document: Any) -> QuoteRefusal:
    with pytest.raises(BadUpdate) as caught:
        signed_prices(json.dumps(document).encode(), [price_id(ETH)], READER)
    return caught.value.reason


def test_prices_come_in_the_order_asked() -> None:
    for feeds in ([ETH, BTC], [BTC, ETH], [BTC]):
        prices = signed_prices(json.dumps(_document()).encode(), [price_id(feed) for feed in feeds], READER)
        assert [price.message for price in prices] == [as_read(message(feed)) for feed in feeds]


def test_several_updates_are_one_answer() -> None:
    document = _document()
    document["binary"]["data"] = [update(message()).hex(), update(message(BTC)).hex()]
    assert len(signed_prices(json.dumps(document).encode(), [price_id(ETH), price_id(BTC)], READER)) == 2


def test_a_feed_that_was_asked_for_must_be_there() -> None:
    document = {"binary": {"encoding": "hex", "data": [update(message(BTC)).hex()]}, "parsed": [_entry(BTC)]}
    assert _reason(document) is QuoteRefusal.FORMAT


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("price", "price", "200000000001"),
        ("price", "conf", "0"),
        ("price", "expo", -7),
        ("price", "publish_time", 1_700_000_001),
        ("ema_price", "price", "1"),
        ("ema_price", "conf", "1"),
    ],
)
def test_a_figure_that_is_not_the_updates_is_a_contradiction(part: str, key: str, value: object) -> None:
    """A service that makes its prices look younger, or better."""
    document = _document()
    document["parsed"][0][part][key] = value
    assert _reason(document) is QuoteRefusal.CONTRADICTION


def test_more_or_fewer_prices_than_the_update_has_are_a_contradiction() -> None:
    document = _document()
    del document["parsed"][1]
    assert _reason(document) is QuoteRefusal.CONTRADICTION
    document["parsed"] += [_entry(BTC), _entry(bytes([3]) * 32)]
    assert _reason(document) is QuoteRefusal.CONTRADICTION


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        "x",
        {"binary": None, "parsed": []},
        {"binary": {"data": None}, "parsed": []},
        {"binary": {"data": [5]}, "parsed": []},
        {"binary": {"data": ["xyz"]}, "parsed": []},
        {"binary": {"data": []}},
        {"binary": {"data": []}, "parsed": None},
        {"binary": {"data": []}, "parsed": [{"id": 5}]},
        {"binary": {"data": []}, "parsed": [{"id": "00", "price": {}, "ema_price": {}}]},
        {"binary": {"data": [""]}, "parsed": []},
        {"binary": {"data": []}, "parsed": []},
    ],
)
def test_what_is_no_answer_of_hermes_is_refused(document: object) -> None:
    assert _reason(document) is QuoteRefusal.FORMAT


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[" * 100_000, b'{"binary":', b"\xff\xfe"])
def test_what_is_no_json_is_refused(answer: bytes) -> None:
    with pytest.raises(BadUpdate, match="format"):
        signed_prices(answer, [price_id(ETH)], READER)
