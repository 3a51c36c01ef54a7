"""What a transaction cost, from its receipt."""

import pytest

from keeper.errors import RpcUnavailable
from keeper.execution.receipt import parse_receipt

_RECEIPT = {
    "transactionHash": "0x" + "11" * 32,
    "blockNumber": "0x10",
    "blockHash": "0x" + "22" * 32,
    "status": "0x1",
    "gasUsed": "0x5208",
    "effectiveGasPrice": "0x64",
    "logs": [],
}


def test_a_rollups_receipt_also_says_what_l1_cost() -> None:
    """The receipt's own l1Fee is exact; ours before sending is only an estimate."""
    usual, rollup = parse_receipt(_RECEIPT), parse_receipt(_RECEIPT | {"l1Fee": "0x5bf1ab43d"})
    assert usual is not None
    assert rollup is not None
    assert (usual.data_fee_wei, usual.gas_cost_wei) == (0, 2_100_000)
    assert (rollup.data_fee_wei, rollup.gas_cost_wei) == (24_681_034_813, 2_100_000 + 24_681_034_813)


@pytest.mark.parametrize("fee", ["fee", 7])
def test_a_fee_that_is_no_number_is_a_malformed_receipt(fee: object) -> None:
    with pytest.raises(RpcUnavailable):
        parse_receipt(_RECEIPT | {"l1Fee": fee})
