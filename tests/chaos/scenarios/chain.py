"""The chain itself is unkind: reorgs, jumps of the clock, fees, stuck transactions, prices at their limits, others with our key."""

from __future__ import annotations

from collections.abc import Sequence

from contracts.devnet.anvil import BASE_FEE
from contracts.devnet.calldata import calldata, returned
from tests.chaos.scenario import Scenario, Script
from tests.chaos.sent import Sent
from tests.chaos.stage import Set, Stage

_HOUR, _MONTH = 3_600, 30 * 24 * 3_600
_PER_CENT_6 = 10_000


def reorgs(*depths: int, apart: int = 7) -> Script:
    """Reorgs of these depths in a fall."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall(steps=apart * len(depths) + 8)
        for depth in depths:
            stage.blocks(apart)
            stage.reorg(depth)
        stage.finish()
        stage.notes["reorgs"] = len(depths)

    return script


def jumps(*seconds: int) -> Script:
    """Chain time jumps ahead by so much, several times."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall()
        for jump in seconds:
            stage.blocks(8)
            stage.player.jump(jump)
        stage.finish()

    return script


def quiet_then_fall(stage: Stage) -> None:
    """Blocks without any event, faster than usual, then a fall."""
    stage.begin()
    pace, stage.player.pace.wall_interval = stage.player.pace.wall_interval, 0.05
    stage.blocks(150)
    stage.player.pace.wall_interval = pace
    stage.fall()
    stage.finish()


def fee_spike(factor: int, blocks: int = 12) -> Script:
    """The base fee rises by `factor` with transactions pending, stays, and falls again: who would pay is not held up (F8)."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.fall(steps=50)
        stage.blocks(12)
        before = stage.mined()
        stage.player.pace.base_fee = BASE_FEE * factor
        stage.blocks(blocks)
        during = stage.mined() - before
        stage.player.pace.base_fee = BASE_FEE
        stage.notes["mined_in_spike"] = during
        stage.expect(during >= 2, f"only {during} transactions mined in {blocks} blocks of high fees")
        stage.finish()

    return script


def stuck(stage: Stage) -> None:
    """The base fee goes above the operator's cap with transactions pending, and stays there for 10 blocks."""
    stage.begin()
    stage.fall(steps=45)
    stage.blocks(10)
    stage.player.pace.base_fee = 3 * 10**9
    stage.blocks(10)
    stage.player.pace.base_fee = BASE_FEE
    stage.finish()


def emptied_pool(stage: Stage) -> None:
    """The node forgets every pending transaction, again and again."""
    stage.begin()
    stage.fall(steps=45)
    for _ in range(6):
        stage.blocks(5)
        stage.forget_pending()
    stage.finish()


def crashing(path: str) -> Script:
    """A path of the devnet in which the mark is held by its limits."""

    def script(stage: Stage) -> None:
        stage.begin()
        stage.play(path)
        stage.finish()

    return script


def foreign_nonce(stage: Stage) -> None:
    """Somebody else sends with the operator's key: to end is right, to go on is right, to lose rows is not (but theirs are not ours)."""
    stage.right_exits += ["nonce", "Nonce"]
    stage.begin()
    stage.fall(steps=45)
    operator = stage.deployment.keeper
    for _ in range(3):
        stage.blocks(6)
        stage.untold |= set(stage.send_together(Sent(operator, operator, "0x", tip_gwei=5, gas=21_000)))
    stage.finish()


def empty_fund(stage: Stage) -> None:
    """The insurance fund has next to nothing left."""
    fund, usdc = stage.deployment.core.insurance_fund, stage.deployment.usdc
    balance = returned(("uint256",), stage.rpc.call("eth_call", {"to": usdc, "data": calldata("balanceOf(address)", fund)}, "latest"))[0]
    stage.begin()
    transfer = calldata("transfer(address,uint256)", stage.deployment.base_maker, max(0, balance - 10**6))
    stage.send_together(Sent(fund, usdc, transfer, funded=True))
    stage.play("crash")
    stage.finish()


def opened_and_liquidated(stage: Stage) -> None:
    """An account is opened and liquidated by somebody else within one block, through a collateral ratio that is there and gone."""
    core, owner, rival = stage.deployment.core, stage.deployment.owner, stage.deployment.base_maker
    collateral, market = stage.deployment.collaterals[0], stage.deployment.markets[0]
    trader = "0x" + "7a" * 20
    amount = 20_000 * 10 ** (collateral.decimals + 8) // stage.deployment.market(collateral.follows).start_price_8
    stage.begin()
    stage.blocks(3)
    stage.send_together(
        Sent(trader, collateral.token, calldata("mint(address,uint256)", trader, amount), 60, funded=True),
        Sent(trader, stage.deployment.usdc, calldata("mint(address,uint256)", trader, 1_000 * 10**6), 60),
        Sent(trader, collateral.token, calldata("approve(address,uint256)", core.vault, 2**256 - 1), 60),
        Sent(trader, stage.deployment.usdc, calldata("approve(address,uint256)", core.vault, 2**256 - 1), 60),
        Sent(trader, core.vault, calldata("deposit(address,uint256)", stage.deployment.usdc, 1_000 * 10**6), 60),
        Sent(trader, core.vault, calldata("deposit(address,uint256)", collateral.token, amount), 60),
    )
    stage.blocks(2)
    opening = (market.base, False, True, 60_000 * 10**18, 0, 2**256 - 1, 0, bytes(32))
    lowered = calldata("setCollateralRatio(address,uint24)", collateral.token, 10 * _PER_CENT_6)
    restored = calldata("setCollateralRatio(address,uint24)", collateral.token, collateral.collateral_ratio)
    hashes = stage.send_together(
        Sent(
            trader, core.clearing_house, calldata("openPosition((address,bool,bool,uint256,uint256,uint256,uint160,bytes32))", opening), 60
        ),
        Sent(owner, core.collateral_manager, lowered, 50),
        Sent(rival, core.clearing_house, calldata("liquidate(address,address)", trader, market.base), 40),
        Sent(owner, core.collateral_manager, restored, 30),
    )
    stage.blocks(3)
    receipts = stage.rpc.batch([("eth_getTransactionReceipt", [item]) for item in hashes])
    together = len({receipt["blockNumber"] for receipt in receipts}) == 1 and all(receipt["status"] == "0x1" for receipt in receipts)
    stage.expect(together, f"the scene did not come about: {[(receipt['blockNumber'], receipt['status']) for receipt in receipts]}")
    stage.fall(steps=20)
    stage.finish()


def silent_ratio(stage: Stage) -> None:
    """mmRatio changes in the contract's storage, and no event tells (F20)."""
    config = stage.deployment.core.clearing_house_config
    stage.begin()
    stage.fall(steps=45, bps=-40)
    stage.blocks(8)
    stage.expect(_set_ratio(stage, config, 70_000), "the scene did not come about: mmRatio is not in the storage where it was looked for")
    stage.finish()


def _set_ratio(stage: Stage, config: str, ratio: int) -> bool:
    """Write mmRatio wherever it stands: three bytes somewhere in the first slots."""
    call = {"to": config, "data": calldata("getMmRatio()")}
    now = returned(("uint24",), stage.rpc.call("eth_call", call, "latest"))[0]
    for slot in range(200):
        word = stage.rpc.call("eth_getStorageAt", config, hex(slot), "latest")[2:].rjust(64, "0")
        for end in range(64, 5, -2):
            if int(word[end - 6 : end], 16) != now:
                continue
            stage.rpc.call("anvil_setStorageAt", config, f"0x{slot:064x}", "0x" + word[: end - 6] + f"{ratio:06x}" + word[end:])
            if returned(("uint24",), stage.rpc.call("eth_call", call, "latest"))[0] == ratio:
                return True
            stage.rpc.call("anvil_setStorageAt", config, f"0x{slot:064x}", "0x" + word)
    return False


_CAP = {"PERP_KEEPER__LIMITS__MAX_FEE_GWEI": "2"}
_TIGHT = {"PERP_KEEPER__LIMITS__SPENDING_CAP_ETH": "0.0002"}


def capped(stage: Stage) -> None:
    """The day's spending cap is reached in the middle; restarts and a lost outbox do not raise it."""
    stage.reachable = False
    stage.begin()
    stage.fall(steps=50)
    stage.blocks(20)
    stage.kill()
    stage.ready()
    stage.finish()


SCENARIOS: Sequence[Scenario] = (
    Scenario(name="reorgs-1-to-5", about="Reorgs of depth 1, 3, 2, 5 and 4.", script=reorgs(1, 3, 2, 5, 4), short=True),
    Scenario(name="reorgs-often", about="A reorg of depth 2 every 3 blocks.", script=reorgs(*[2] * 12, apart=3)),
    Scenario(name="reorgs-two-endpoints", about="The same reorgs, two endpoints.", script=reorgs(2, 4, 1, 3), needs=Set(endpoints=2)),
    Scenario(name="clock-jumps", about="Chain time jumps by an hour, three times.", script=jumps(_HOUR, _HOUR, _HOUR)),
    Scenario(name="clock-jumps-a-month", about="Chain time jumps by 30 days.", script=jumps(_MONTH)),
    Scenario(name="quiet-then-fall", about="150 quiet blocks at 20 a second, then a fall.", script=quiet_then_fall),
    Scenario(name="fee-spike", about="The base fee rises fiftyfold with transactions pending (F8).", script=fee_spike(50)),
    Scenario(name="stuck", about="The base fee goes above the operator's cap for 10 blocks.", script=stuck, needs=Set(settings=_CAP)),
    Scenario(name="emptied-pool", about="The node forgets pending transactions six times.", script=emptied_pool),
    Scenario(name="shock", about="Two prints of 8.5 %, prices held by their limits.", script=crashing("shock")),
    Scenario(name="crash", about="Five prints of 8.8 %, debts are left.", script=crashing("crash")),
    Scenario(name="empty-fund", about="The insurance fund is emptied, then a crash.", script=empty_fund),
    Scenario(name="foreign-nonce", about="Another process sends with the operator's key.", script=foreign_nonce),
    Scenario(name="opened-and-liquidated", about="An account is opened and liquidated in one block.", script=opened_and_liquidated),
    Scenario(name="silent-ratio", about="mmRatio changes without an event (F20).", script=silent_ratio),
    Scenario(name="spending-cap", about="The day's spending cap is reached.", script=capped, needs=Set(settings=_TIGHT), cap_eth=0.0002),
)
