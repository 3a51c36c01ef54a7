"""The first revert may be a matter of timing; who reverts again and again rests longer, up to a limit."""

from keeper.domain.account import AccountKey
from keeper.engine.cooldowns import Cooldowns

ALICE, BOB = ("toy", AccountKey("alice")), ("toy", AccountKey("bob"))


def _rest(cooldowns: Cooldowns, block: int) -> int:
    cooldowns.reverted(ALICE, block)
    return next(number for number in range(block + 1, block + 100) if cooldowns.is_over(ALICE, number)) - block - 1


def test_rests_grow_up_to_the_limit_and_are_each_accounts_own() -> None:
    cooldowns = Cooldowns(5)
    assert [_rest(cooldowns, block) for block in (10, 20, 30, 40, 50)] == [0, 1, 3, 5, 5]
    assert cooldowns.is_over(BOB, 51)


def test_a_plan_that_passes_ends_the_row_of_failures() -> None:
    cooldowns = Cooldowns(5)
    assert [_rest(cooldowns, block) for block in (10, 20)] == [0, 1]
    cooldowns.passed(ALICE)
    assert _rest(cooldowns, 30) == 0
