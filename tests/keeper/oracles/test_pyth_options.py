"""Settings become prices."""

import asyncio
from collections.abc import Sequence

import pytest

from contracts.devnet.guardian import Guardian
from contracts.devnet.price_service import application
from contracts.devnet.pythnet import Pythnet
from keeper.domain.chain import Timestamp
from keeper.domain.options import OptionError, build, schema_of
from keeper.domain.quote import Quote, QuoteLimits
from keeper.errors import ConfigError, PriceUnavailable
from keeper.oracles.pyth import open_pyth
from keeper.oracles.pyth_options import PythOptions
from tests.keeper.oracles.servers import PRICES, serve
from tests.keeper.oracles.updates import BTC, ETH, GUARDIAN, NOON, price_id


def _latest(net: Pythnet, settings: dict[str, object]) -> Sequence[Quote]:
    async def run() -> Sequence[Quote]:
        async with serve(application(net)) as url:
            options = build(PythOptions, {"urls": [url], **settings})
            async with open_pyth(options, lambda: Timestamp(NOON), lambda incident: None) as prices:
                return await prices.latest([price_id(ETH), price_id(BTC)])

    return asyncio.run(run())


def _net(guardian: Guardian, time: int = NOON) -> Pythnet:
    net = Pythnet(guardian)
    net.publish(PRICES, time)
    return net


def test_the_settings_reach_every_part() -> None:
    quotes = _latest(_net(GUARDIAN), {"guardians": [GUARDIAN.address], "fee_wei": 77})
    assert [(quote.price_id, quote.fee_raw) for quote in quotes] == [(price_id(ETH), 77), (price_id(BTC), 77)]
    with pytest.raises(PriceUnavailable, match="signature"):
        _latest(_net(GUARDIAN), {"guardians": [GUARDIAN.address], "guardian_set": 1})
    with pytest.raises(PriceUnavailable, match="staleness"):
        _latest(_net(GUARDIAN, NOON - 5), {"max_age_s": 4})
    with pytest.raises(PriceUnavailable, match="more than 1024 bytes"):
        _latest(_net(GUARDIAN), {"max_answer_kib": 1})


def test_without_guardians_anybody_may_sign() -> None:
    """The chain will not take it: that is the operator's choice."""
    stranger = Guardian(key="0x" + "11" * 32)
    assert len(_latest(_net(stranger), {})) == 2
    with pytest.raises(PriceUnavailable, match="signature"):
        _latest(_net(stranger), {"guardians": [GUARDIAN.address]})


def test_limits_are_those_of_a_careful_operator() -> None:
    options = build(PythOptions, {"urls": ["http://127.0.0.1:1"]})
    assert options.limits == QuoteLimits(max_age_s=10, max_lead_s=3, max_deviation_ppm=200_000, deviation_window_s=60)
    assert schema_of(PythOptions)["required"] == ["urls"]


def test_wrong_settings_are_named() -> None:
    with pytest.raises(OptionError, match="missing"):
        build(PythOptions, {})
    with pytest.raises(OptionError, match="not an address"):
        build(PythOptions, {"urls": [], "guardians": ["0x01"]})

    async def run(*urls: str) -> None:
        async with open_pyth(PythOptions(urls=urls), lambda: Timestamp(NOON), lambda incident: None):
            pass

    for urls in ((), ("ftp://127.0.0.1",)):
        with pytest.raises(ConfigError, match="price service"):
            asyncio.run(run(*urls))
