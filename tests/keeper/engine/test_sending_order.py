"""Whoever settles first waits for those before him in the same market, and for nobody else."""

import asyncio

from keeper.engine.sending_order import SendingOrder

ETH, BTC = ("toy", "ETH"), ("toy", "BTC")


async def _worker(order: SendingOrder, markets: set[tuple[str, str]], seconds: float, sent: list[str], name: str) -> None:
    with order.place(markets) as place:
        await asyncio.sleep(seconds)
        await place.turn()
        sent.append(name)


def _sent(*workers: tuple[str, set[tuple[str, str]], float]) -> list[str]:
    async def run() -> list[str]:
        order, sent = SendingOrder(), list[str]()
        async with asyncio.TaskGroup() as group:
            for name, markets, seconds in workers:
                group.create_task(_worker(order, markets, seconds, sent, name))
        return sent

    return asyncio.run(run())


def test_one_market_is_sent_to_in_the_order_of_the_places() -> None:
    assert _sent(("slow", {ETH}, 0.02), ("quick", {ETH}, 0.0), ("middle", {ETH}, 0.01)) == ["slow", "quick", "middle"]


def test_another_market_does_not_wait() -> None:
    assert _sent(("slow", {ETH}, 0.02), ("quick", {BTC}, 0.0), ("none", set(), 0.0)) == ["quick", "none", "slow"]


def test_a_plan_of_two_markets_waits_in_both_and_is_waited_for_in_both() -> None:
    assert _sent(("slow", {ETH}, 0.02), ("both", {ETH, BTC}, 0.0), ("quick", {BTC}, 0.0)) == ["slow", "both", "quick"]


def test_who_gives_up_holds_nobody_up() -> None:
    async def run() -> None:
        order = SendingOrder()
        with order.place({ETH}):
            pass
        with order.place({ETH}) as place:
            await asyncio.wait_for(place.turn(), 1)

    asyncio.run(run())


def test_who_leaves_early_lets_the_next_one_come() -> None:
    async def run() -> None:
        order = SendingOrder()
        with order.place({ETH}) as first, order.place({ETH}) as second:
            first.leave()
            await asyncio.wait_for(second.turn(), 1)

    asyncio.run(run())
