"""What sending costs, and may cost."""

from dataclasses import dataclass

from keeper.domain.chain import BlockRef
from keeper.domain.data_fee import DataFee
from keeper.domain.fees import gas_cost_x18
from keeper.domain.fixed import X18, div_up


@dataclass(frozen=True, slots=True)
class GasPrice:
    """Tip and highest fee (wei per gas), the gas coin's price (USD, 18 decimals), and what the chain charges for L1, where it does."""

    priority_fee_wei: int
    max_fee_wei: int
    native_price_x18: int
    data_fee: DataFee | None = None

    def cost_x18(self, gas: int, block: BlockRef, calldata: bytes, value_wei: int = 0) -> int:
        """USD cost of a transaction that uses `gas` in the block after `block` and pays `value_wei` with its calls."""
        execution = gas_cost_x18(gas, block.base_fee_wei + self.priority_fee_wei, self.native_price_x18)
        return execution + self.charges_x18(calldata, value_wei)

    def charges_x18(self, calldata: bytes, value_wei: int = 0) -> int:
        """USD cost of what does not hang on the fee per gas: what the chain charges for the calldata, and what is paid with the calls."""
        paid_wei = value_wei + (self.data_fee.of_calldata(calldata) if self.data_fee else 0)
        return div_up(paid_wei * self.native_price_x18, X18)
