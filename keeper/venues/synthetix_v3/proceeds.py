"""What one transaction changed in the executor's own assets: snxUSD that came into its wallet or left it."""

from collections.abc import Sequence

from keeper.domain.chain import Address, RawLog
from keeper.domain.event_abi import topic_of
from keeper.domain.money import Usd18
from keeper.domain.parse import address_of_word
from keeper.domain.views import Proceeds
from keeper.venues.synthetix_v3.signatures import TRANSFER


class ProceedsReader:
    """Reads receipts."""

    def __init__(self, usd_token: Address) -> None:
        self._usd_token = usd_token
        self._transfer = topic_of(TRANSFER)

    def __call__(self, logs: Sequence[RawLog], executor: Address) -> Proceeds:
        """Rewards are issued to the caller, so they are transfers from nobody."""
        return Proceeds(Usd18(sum(_change(log, executor) for log in logs if self._is_transfer(log))))

    def _is_transfer(self, log: RawLog) -> bool:
        return log.address == self._usd_token and log.topics[:1] == (self._transfer,) and len(log.topics) == 3


def _change(log: RawLog, executor: Address) -> int:
    sender, receiver = address_of_word(log.topics[1]), address_of_word(log.topics[2])
    return int.from_bytes(log.data, "big") * ((receiver == executor) - (sender == executor))
