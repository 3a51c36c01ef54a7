"""A transaction's receipt from the wire."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keeper.domain.chain import Hash32, RawLog
from keeper.domain.parse import address, hash32, hex_bytes, quantity
from keeper.errors import RpcUnavailable
from keeper.execution.node import Json


@dataclass(frozen=True, slots=True)
class Receipt:
    """The result of one transaction in a block. `gas_price_wei` is the price really paid per unit of gas, `data_fee_wei` a rollup's fee for
    putting the transaction on L1 (`l1Fee` of the OP Stack)."""

    transaction_hash: Hash32
    block_number: int
    block_hash: Hash32
    succeeded: bool
    gas_used: int
    gas_price_wei: int
    logs: tuple[RawLog, ...]
    data_fee_wei: int = 0

    @property
    def gas_cost_wei(self) -> int:
        """The cost to the sender, with the fee for L1."""
        return self.gas_used * self.gas_price_wei + self.data_fee_wei


def parse_receipt(answer: Json) -> Receipt | None:
    """A receipt from an `eth_getTransactionReceipt` answer; None for null. Raises RpcUnavailable when it is malformed."""
    if answer is None:
        return None
    try:
        return Receipt(
            transaction_hash=hash32(answer["transactionHash"]),
            block_number=quantity(answer["blockNumber"]),
            block_hash=hash32(answer["blockHash"]),
            succeeded=quantity(answer["status"]) == 1,
            gas_used=quantity(answer["gasUsed"]),
            gas_price_wei=quantity(answer["effectiveGasPrice"]),
            logs=parse_logs(answer["logs"]),
            data_fee_wei=quantity(answer.get("l1Fee") or "0x0"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RpcUnavailable(f"a malformed receipt: {error!r}") from error


def parse_logs(items: Iterable[Mapping[str, Json]]) -> tuple[RawLog, ...]:
    """Logs of a receipt or of a simulated call. Raises KeyError, TypeError, ValueError, AttributeError when they are malformed."""
    return tuple(_log(item) for item in items)


def _log(item: Mapping[str, Json]) -> RawLog:
    return RawLog(
        address=address(item["address"]),
        topics=tuple(hex_bytes(topic) for topic in item["topics"]),
        data=hex_bytes(item["data"]),
        block_number=quantity(item["blockNumber"]),
        block_hash=hash32(item["blockHash"]),
        transaction_hash=hash32(item["transactionHash"]),
        log_index=quantity(item["logIndex"]),
    )
