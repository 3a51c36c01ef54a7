"""Who is who on the devnet: the accounts of anvil's published mnemonic.

The keys are in every copy of anvil: they protect nothing and must never hold anything outside a local chain.
"""

from __future__ import annotations

OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
"""Deploys and owns the protocol, and writes the oracle answers."""
KEEPER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
"""The executor's operator: the hot key of the daemon."""
KEEPER_TEST_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
EXECUTOR_OWNER = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"
"""The keeper's cold side: deploys its executor, sets what the operator may do, and gives it margin."""
EXECUTOR_OWNER_TEST_KEY = "0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a"
TREASURY = "0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc"
"""Where tokens that leave the executor go."""
ARBITRAGEUR = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
"""Trades every pool to its index."""
BASE_MAKER = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
"""Gives the wide, well-funded liquidity that is there at any price."""
CREATE2_FACTORY = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"
SETTLER = "0x976EA74026E726554dB657fA54763abd0C3a0aa9"
"""Settles other people's orders and brings prices to the chain, where the venue leaves that to anybody."""
ENDORSED_LIQUIDATOR = "0x14dC79964da2C08b23698B3D3cc7Ca32193d9955"
"""Whom the venue lets liquidate without limit; here it does nothing."""
