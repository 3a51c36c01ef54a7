"""A Synthetix V3 devnet under random prices: small steps, now and then a large one and a long silence. From a seed."""

from random import Random

from contracts.devnet.synthetix_v3.devnet import SynthetixDevnet
from contracts.devnet.synthetix_v3.market import SynthetixDriver

_BLOCK_SECONDS = 2
_IDLE_SECONDS = 1_500
_GAS = 3_000_000


class RandomWalk:
    """Prices at Pyth. People trade as the driver's habits say."""

    def __init__(self, devnet: SynthetixDevnet, driver: SynthetixDriver, seed: int) -> None:
        self.random = Random(seed)
        self.driver = driver
        self.devnet = devnet
        self.prices_8 = dict(devnet.deployment.start_prices_8())

    def step(self) -> None:
        """One block."""
        idle = _IDLE_SECONDS if self.random.random() < 0.05 else 0
        for name, price_8 in self.prices_8.items():
            width = 0.08 if self.random.random() < 0.15 else 0.008
            self.prices_8[name] = int(price_8 * (1 + self.random.uniform(-width, width)))
        self.driver.step(self.prices_8, self.driver.head_time() + _BLOCK_SECONDS + idle)

    def call(self, *calldata: bytes) -> None:
        """Calls of the perps market in a block of their own, after the newest prices were brought; the keeper makes them from his own
        address."""
        rpc, deployment = self.devnet.rpc, self.devnet.deployment
        rpc.call("anvil_impersonateAccount", deployment.keeper)
        for one in calldata:
            fields = {"from": deployment.keeper, "to": deployment.contracts.perps_market, "data": "0x" + one.hex(), "gas": hex(_GAS)}
            rpc.call("eth_sendTransaction", fields)
        self.driver.move("ETH", self.prices_8["ETH"])
