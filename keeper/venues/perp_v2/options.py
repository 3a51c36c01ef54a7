"""What the settings say about one deployment: the addresses of its core contracts. Everything else is read on chain."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from keeper.domain import parse
from keeper.domain.chain import Address
from keeper.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Options:
    """The core contracts of one deployment."""

    clearing_house: Address
    account_balance: Address
    vault: Address
    exchange: Address
    order_book: Address
    market_registry: Address
    clearing_house_config: Address
    collateral_manager: Address
    insurance_fund: Address

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "Options":
        """From the section [venues.perp_v2] of the settings. Raises ConfigError naming the key and the mend."""
        known = [field.name for field in fields(cls)]
        for key in values:
            if key not in known:
                raise ConfigError(f"venues.perp_v2.{key} is unknown. Remove it; known are: {', '.join(known)}.")
        return cls(**{key: _address(key, values) for key in known})


def _address(key: str, values: Mapping[str, str]) -> Address:
    if key not in values:
        raise ConfigError(f"venues.perp_v2.{key} is missing. Set it to the address of the deployment's {_contract(key)}.")
    try:
        return parse.address(values[key])
    except ValueError:
        raise ConfigError(f"venues.perp_v2.{key} is not an address: {values[key]!r}. Write 0x and 40 hex digits.") from None


def _contract(key: str) -> str:
    return "".join(part.capitalize() for part in key.split("_"))
