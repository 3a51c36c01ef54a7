"""A sequencer uptime feed on the devnet: a stand-in for Chainlink's, which no local chain has.

Both are aggregators of the same interface, so ours for prices serves: answer 0 is up, 1 is down, and a round begins with its answer."""

from __future__ import annotations

from contracts.devnet.artifacts import bytecode
from contracts.devnet.calldata import constructor
from contracts.devnet.chain import Chain
from contracts.devnet.roles import OWNER
from contracts.devnet.rpc import Rpc

UP, DOWN = 0, 1
SET_STATUS = "setAnswer(int256)"
"""Anybody may set it."""


def uptime_feed(rpc: Rpc) -> str:
    """Puts a feed on the chain that says "up" from now on, and mines a block; returns its address."""
    chain = Chain.at_head(rpc)
    code = constructor(bytecode("devnet", "TestAggregator"), ("string", "int256"), "stand-in for an L2 sequencer uptime feed", UP)
    address = chain.create(OWNER, code, "TestAggregator")
    chain.mine(chain.now + 1)
    return address
