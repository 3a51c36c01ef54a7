"""The tip that others pay: of each recent block the reward at one percentile of its gas, of those the median (`eth_feeHistory` of the
Ethereum execution APIs). Wei per unit of gas."""

from collections.abc import Callable
from statistics import median_high

from keeper.chain.incident import Incident
from keeper.chain.query import MALFORMED
from keeper.chain.rpc import Answer, RpcCall
from keeper.domain.chain import BlockRef
from keeper.domain.parse import quantity
from keeper.errors import RpcError

_MAX_TIP_WEI = 10**15
"""A million gwei: nobody pays more, and it fits every column of the lake."""
_UNKNOWN = -1


class MarketTip:
    """Rides on the reads of a block: the first request about each new block also asks its fee history, so it costs no request of its own.

    While endpoints do not tell, the last tip stands as long as the history it came from would; that nobody tells is one incident."""

    def __init__(self, blocks: int, percentile: int, on_incident: Callable[[Incident], None]) -> None:
        """Over so many `blocks`; 0 never asks."""
        self._blocks = blocks
        self._percentile = percentile
        self._on_incident = on_incident
        self._newest_number = _UNKNOWN
        self._tip_number = _UNKNOWN
        self._tip_wei = 0
        self._silent = False

    @property
    def wei(self) -> int | None:
        """None while nobody tells."""
        known = self._tip_number != _UNKNOWN and self._newest_number - self._tip_number < self._blocks
        return self._tip_wei if known else None

    def call(self, block: BlockRef) -> RpcCall | None:
        """What to ask beside the reads of a block; None of a block that is not newer than the last one this was asked about."""
        if not self._blocks or block.number <= self._newest_number:
            return None
        self._newest_number = block.number
        return RpcCall("eth_feeHistory", [hex(self._blocks), hex(block.number), [self._percentile]])

    def take(self, answer: Answer, block: BlockRef) -> None:
        """An endpoint's answer to `call`. Never raises: an answer that is no history of this block tells nothing."""
        try:
            self._tip_wei, self._tip_number = median_tip(answer, block), block.number
        except (RpcError, *MALFORMED) as error:
            if self.wei is None and not self._silent:
                self._silent = True
                reason = f"eth_feeHistory: {error!r}; the least tip is offered"
                self._on_incident(Incident("all endpoints", "no_fee_history", reason))
        else:
            self._silent = False


def median_tip(answer: Answer, block: BlockRef) -> int:
    """The tip out of a fee history that ends with `block`, of one percentile. Raises RpcError, or one of MALFORMED when it does not."""
    if isinstance(answer, RpcError):
        raise answer
    base_fees, rewards = answer["baseFeePerGas"], answer["reward"]
    if quantity(answer["oldestBlock"]) + len(rewards) - 1 != block.number or quantity(base_fees[len(rewards) - 1]) != block.base_fee_wei:
        raise ValueError(f"not the history up to block {block.number}")
    tip_wei = median_high(quantity(reward) for (reward,) in rewards)
    if tip_wei > _MAX_TIP_WEI:
        raise ValueError(f"a tip of {tip_wei} wei")
    return tip_wei
