"""Opens the price services that the settings name, by the protocol each is asked with."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from structlog.typing import FilteringBoundLogger

from keeper.domain.chain import Timestamp
from keeper.domain.quote import QuoteLimits
from keeper.engine.ports import PriceService
from keeper.oracles.guardian_set import GuardianSet
from keeper.oracles.hermes import HermesOptions, HermesService, open_session
from keeper.oracles.pyth import Patience, PriceIncident, PythPrices
from keeper.oracles.update_reader import UpdateReader
from keeper.settings import ChainScope, OracleSettings

_SILENCE_SECONDS = 5.0
_ANSWER_BYTES = 4 << 20


@asynccontextmanager
async def open_price_services(scope: ChainScope, logger: FilteringBoundLogger) -> AsyncIterator[Mapping[str, PriceService]]:
    """By the oracle's name in the settings; closed on leaving. Raises ConfigError for an address that is none."""
    if not scope.oracles:
        yield {}
        return

    def report(incident: PriceIncident) -> None:
        feed = incident.price_id
        logger.warning("price service", service=incident.service, reason=incident.reason, detail=incident.detail, feed=feed)

    async with open_session() as session:

        def prices(settings: OracleSettings) -> PythPrices:
            guardians = GuardianSet(settings.guardian_set, settings.guardians) if settings.guardians else None
            options = HermesOptions(settings.timeout_s, _SILENCE_SECONDS, _ANSWER_BYTES, settings.update_fee_wei)
            services = [HermesService(session, url, UpdateReader(guardians), options) for url in settings.urls]
            limits = QuoteLimits(max_age_s=settings.max_age_s, max_lead_s=settings.max_lead_s, max_deviation_ppm=settings.max_deviation_ppm)
            return PythPrices(services, limits, Patience(), lambda: Timestamp(int(time.time())), report)

        yield {name: prices(settings) for name, settings in scope.oracles.items()}
