"""Opens the price services that the settings name, each by the protocol it is asked with."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

import aiohttp

from keeper.domain.chain import Timestamp
from keeper.domain.quote import QuoteLimits
from keeper.oracles.guardian_set import GuardianSet
from keeper.oracles.hermes import HermesOptions, HermesService, open_session
from keeper.oracles.pyth import Patience, PriceIncident, PythPrices
from keeper.oracles.update_reader import UpdateReader
from keeper.settings import OracleSettings


@asynccontextmanager
async def open_price_services(
    oracles: Mapping[str, OracleSettings], now: Callable[[], Timestamp], on_incident: Callable[[PriceIncident], None]
) -> AsyncIterator[Mapping[str, PythPrices]]:
    """By the oracles' names, until left; `now` as in `PythPrices`. Raises ConfigError for a wrong address, or none."""
    if not oracles:
        yield {}
        return
    async with open_session() as session:
        yield {name: _pyth(settings, session, now, on_incident) for name, settings in oracles.items()}


def _pyth(
    settings: OracleSettings,
    session: aiohttp.ClientSession,
    now: Callable[[], Timestamp],
    on_incident: Callable[[PriceIncident], None],
) -> PythPrices:
    reader = UpdateReader(GuardianSet(settings.guardian_set, settings.guardians) if settings.guardians else None)
    options = HermesOptions(settings.timeout_s, settings.silence_s, settings.max_answer_kib << 10, settings.fee_wei)
    limits = QuoteLimits(
        max_age_s=settings.max_age_s,
        max_lead_s=settings.max_lead_s,
        max_deviation_ppm=settings.max_deviation_ppm,
        deviation_window_s=settings.deviation_window_s,
    )
    services = [HermesService(session, url, reader, options) for url in settings.urls]
    return PythPrices(services, limits, Patience(settings.set_aside_s, settings.silence_s), now, on_incident)
