"""Price services are opened as the settings say."""

import asyncio
from pathlib import Path

import pytest
import structlog

from keeper.domain.quote import PriceId
from keeper.errors import ConfigError, PriceUnavailable
from keeper.price_services import open_price_services
from keeper.settings import ChainScope, load
from tests.keeper.settings.test_source import MINIMAL


def _scope(tmp_path: Path, url: str | None) -> ChainScope:
    path = tmp_path / "keeper.toml"
    path.write_text(MINIMAL + ("" if url is None else f'oracle = "prices"\n[oracles.prices]\nurls = ["{url}"]\n'))
    (scope,) = load(path, {}).settings.scopes()
    return scope


def test_without_an_oracle_nothing_is_opened(tmp_path: Path) -> None:
    async def run() -> None:
        async with open_price_services(_scope(tmp_path, None), structlog.get_logger()) as services:
            assert services == {}

    asyncio.run(run())


def test_a_service_that_is_not_there_is_a_failure_to_be_tried_again(tmp_path: Path) -> None:
    async def run() -> None:
        async with open_price_services(_scope(tmp_path, "http://127.0.0.1:9"), structlog.get_logger()) as services:
            await services["prices"].latest([PriceId("0x" + "11" * 32)])

    with pytest.raises(PriceUnavailable):
        asyncio.run(run())


def test_an_address_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    async def run() -> None:
        async with open_price_services(_scope(tmp_path, "hermes.pyth.network"), structlog.get_logger()):
            pass

    with pytest.raises(ConfigError, match="begins with http"):
        asyncio.run(run())
