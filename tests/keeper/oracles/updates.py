"""Updates made by the devnet's code, for the keeper's code to read: the format stands twice on purpose."""

from hypothesis import strategies as st

from contracts.devnet.accumulator import Accumulator, PriceMessage
from contracts.devnet.guardian import Guardian
from keeper.domain.chain import Timestamp
from keeper.domain.parse import address
from keeper.domain.quote import PriceId
from keeper.oracles import price_message
from keeper.oracles.guardian_set import GuardianSet
from keeper.oracles.update_reader import UpdateReader

ETH, BTC = bytes([1]) * 32, bytes([2]) * 32
GUARDIAN = Guardian()
READER = UpdateReader(GuardianSet(0, (address(GUARDIAN.address),)))
NOON = 1_700_000_000

_AMOUNTS = st.integers(-(2**63), 2**63 - 1)
_WIDTHS = st.integers(0, 2**64 - 1)
_TIMES = st.integers(0, 2**32 - 1)
messages = st.builds(
    PriceMessage, st.binary(min_size=32, max_size=32), _AMOUNTS, _WIDTHS, st.integers(-77, 77), _TIMES, _TIMES, _AMOUNTS, _WIDTHS
)
slots = st.lists(messages, min_size=1, max_size=9, unique_by=lambda message: message.price_id)


def price_id(feed: bytes) -> PriceId:
    """The keeper's spelling of a feed's id."""
    return PriceId("0x" + feed.hex())


def message(feed: bytes = ETH) -> PriceMessage:
    """A plausible message."""
    return PriceMessage(feed, 2_000 * 10**8, 10**6, -8, NOON, NOON - 1, 2_000 * 10**8, 10**6)


def update(*contents: PriceMessage, guardian: Guardian = GUARDIAN) -> bytes:
    """The update of a slot that holds these messages, all of them proven."""
    return Accumulator(contents, guardian, 7).update([content.price_id for content in contents])


def as_read(content: PriceMessage) -> price_message.PriceMessage:
    """What the keeper should read out of a message of the devnet."""
    return price_message.PriceMessage(
        price_id(content.price_id),
        content.price_raw,
        content.confidence_raw,
        content.exponent,
        Timestamp(content.publish_time),
        Timestamp(content.previous_publish_time),
        content.ema_price_raw,
        content.ema_confidence_raw,
    )
