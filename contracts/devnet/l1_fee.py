"""An L1 data fee on the devnet: a stand-in of the OP Stack's GasPriceOracle at the predeploy's address.

anvil charges no such fee: the stand-in answers what a rollup would."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.devnet.artifacts import bytecode
from contracts.devnet.chain import Chain
from contracts.devnet.roles import OWNER
from contracts.devnet.rpc import Rpc

GAS_PRICE_ORACLE = "0x420000000000000000000000000000000000000F"


@dataclass(frozen=True, slots=True)
class L1Prices:
    """Wei, and millionths."""

    base_fee_wei: int
    blob_base_fee_wei: int
    base_fee_scalar: int
    blob_base_fee_scalar: int


OP_MAINNET = L1Prices(1_055_991_687, 1, 5_227, 1_014_213)
"""As of OP Mainnet block 124,665,056."""


def charge_l1_fee(rpc: Rpc, prices: L1Prices) -> None:
    """Puts the stand-in in place where it is not yet, and sets its prices; mines a block or two."""
    chain = Chain.at_head(rpc)
    if rpc.call("eth_getCode", GAS_PRICE_ORACLE, "latest") == "0x":
        address = chain.create(OWNER, bytecode("devnet", "TestGasPriceOracle"), "TestGasPriceOracle")
        chain.mine(chain.now + 1)
        rpc.call("anvil_setCode", GAS_PRICE_ORACLE, rpc.call("eth_getCode", address, "latest"))
    values = (prices.base_fee_wei, prices.blob_base_fee_wei, prices.base_fee_scalar, prices.blob_base_fee_scalar)
    chain.send(OWNER, GAS_PRICE_ORACLE, "set(uint256,uint256,uint32,uint32)", *values)
    chain.mine(chain.now + 1)
