"""What sending costs, and may cost."""

from dataclasses import dataclass

from keeper.domain.chain import BlockRef
from keeper.domain.data_fee import DataFee
from keeper.domain.fees import gas_cost
from keeper.domain.fixed import X18, div_up
from keeper.domain.money import Usd18


@dataclass(frozen=True, slots=True)
class GasPrice:
    """Tip and highest fee (wei per gas), the gas coin's price (USD, 18 decimals), and what the chain charges for L1, where it does."""

    priority_fee_wei: int
    max_fee_wei: int
    native_price_x18: int
    data_fee: DataFee | None = None

    def cost(self, gas: int, block: BlockRef, calldata: bytes, value_wei: int = 0) -> Usd18:
        """The cost of a transaction that uses `gas` in the block after `block` and pays `value_wei` with its calls."""
        execution = gas_cost(gas, block.base_fee_wei + self.priority_fee_wei, self.native_price_x18)
        return execution + self.charges(calldata, value_wei)

    def charges(self, calldata: bytes, value_wei: int = 0) -> Usd18:
        """The cost of what does not hang on the fee per gas: what the chain charges for the calldata, and what is paid with the calls."""
        paid_wei = value_wei + (self.data_fee.of_calldata(calldata) if self.data_fee else 0)
        return Usd18(div_up(paid_wei * self.native_price_x18, X18))

    def highest_cost(self, gas: int) -> Usd18:
        """The cost of `gas` at the highest fee."""
        return gas_cost(gas, self.max_fee_wei, self.native_price_x18)

    def wei_of(self, amount: Usd18) -> int:
        """The gas coin that `amount` buys, in wei, rounded down."""
        return amount.raw * X18 // self.native_price_x18
