"""A deployment's addresses."""

from dataclasses import dataclass

from keeper.domain.chain import Address
from keeper.domain.options import option


@dataclass(frozen=True, slots=True)
class Options:
    """The section `[venues.NAME]` of the settings."""

    exchange: Address = option("address of the ToyExchange")
    dollar: Address = option("address of the token rewards are paid in, 18 decimals")
