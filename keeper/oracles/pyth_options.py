"""What can be set of Pyth's prices for one chain."""

from dataclasses import dataclass

from keeper.domain.chain import Address
from keeper.domain.options import option
from keeper.domain.quote import QuoteLimits
from keeper.oracles.guardian_set import GuardianSet
from keeper.oracles.hermes import HermesOptions
from keeper.oracles.update_reader import UpdateReader


@dataclass(frozen=True, slots=True, kw_only=True)
class PythOptions:
    """Plain values, and what the parts of the adapter take of them."""

    urls: tuple[str, ...] = option("Hermes services in order of preference")
    guardians: tuple[Address, ...] = option(
        "Wormhole's guardians in the order of their set; without them only the chain checks signatures", ()
    )
    guardian_set: int = option("number of that set of guardians", 0)
    fee_wei: int = option("what the chain's Pyth contract asks for an update of one price, wei", 1)
    max_age_s: int = option("oldest quote that is used, seconds", 10)
    max_lead_s: int = option("how far ahead of our clock a quote may be published, seconds", 3)
    max_deviation_ppm: int = option("largest change from a feed's last price, millionths of it", 200_000)
    deviation_window_s: int = option("how long a feed's last price is a measure for the next ones, seconds", 60)
    timeout_s: float = option("seconds until a service counts as failed", 2.0)
    silence_s: float = option("seconds without a newer price until a stream is left for another service's", 5.0)
    set_aside_s: float = option("seconds for which a service at fault is asked last", 30.0)
    max_answer_kib: int = option("largest answer of a service that is read, KiB", 1024)

    @property
    def limits(self) -> QuoteLimits:
        """What a quote must keep to."""
        return QuoteLimits(self.max_age_s, self.max_lead_s, self.max_deviation_ppm, self.deviation_window_s)

    @property
    def reader(self) -> UpdateReader:
        """What checks updates."""
        return UpdateReader(GuardianSet(self.guardian_set, self.guardians) if self.guardians else None)

    @property
    def hermes(self) -> HermesOptions:
        """How a service is asked."""
        return HermesOptions(self.timeout_s, self.silence_s, self.max_answer_kib << 10, self.fee_wei)
