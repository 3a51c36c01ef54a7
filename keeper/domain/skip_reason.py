"""Why a candidate is left alone, in one word each."""

from enum import StrEnum


class SkipReason(StrEnum):
    """Why a candidate is left alone. The analytics layer's account of missed liquidations is built on these words."""

    NO_POSITION = "no_position"
    MARKET_NOT_OPEN = "market_not_open"
    PRICE_UNAVAILABLE = "price_unavailable"
    NO_PROFITABLE_SIZE = "no_profitable_size"
    MARKET_CAPACITY = "market_capacity"
    WAITING = "waiting"
    INSURANCE_FUND_EMPTY = "insurance_fund_empty"
    NOT_ENOUGH_CAPITAL = "not_enough_capital"
    UNPROFITABLE = "unprofitable"
    TOO_SMALL = "too_small"
    DENIED = "denied"
    TOO_MUCH_GAS = "too_much_gas"
    IN_FLIGHT = "in_flight"
    COOLING_DOWN = "cooling_down"
    SPENDING_CAP = "spending_cap"
    SIGNER_UNAVAILABLE = "signer_unavailable"
    GAS_PRICE_CAP = "gas_price_cap"
    STALE = "stale"
    ENDPOINT_DOWN = "endpoint_down"
    ENDPOINTS_DISAGREE = "endpoints_disagree"
    VENUE_HELD = "venue_held"
    PRE_CHECK_REVERTED = "pre_check_reverted"
    SIMULATION_REVERTED = "simulation_reverted"
    SIMULATION_UNPROFITABLE = "simulation_unprofitable"
    OBSERVING = "observing"
    SIMULATING = "simulating"
