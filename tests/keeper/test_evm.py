"""An EVM chain's family, opened at a real HTTP endpoint: what it offers in which mode."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import structlog
from aiohttp import web

from keeper import assembly, evm
from keeper.engine.evaluator import Evaluator
from keeper.engine.metrics import Collectors
from keeper.engine.ports import Family
from keeper.engine.questions import ChainQuestions
from keeper.errors import ConfigError
from keeper.execution.standing import Expected
from keeper.settings import load
from tests.keeper.chain.fakes import node
from tests.keeper.chain.simulated import SimulatedNode
from tests.keeper.engine.fakes import EXECUTOR, OPERATOR, FakeChain
from tests.keeper.engine.toy import ToyVenue
from tests.keeper.settings.test_source import MINIMAL

_ADDRESS, _OPERATOR = f'address = "{EXECUTOR}"\n', f'operator = "{OPERATOR}"\n'


@asynccontextmanager
async def _endpoint() -> AsyncIterator[str]:
    answer = node(SimulatedNode().answer())

    async def reply(request: web.Request) -> web.Response:
        return web.json_response(answer(await request.json()))

    app = web.Application()
    app.router.add_post("/", reply)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield str(site.name)
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _family(tmp_path: Path, mode: str, executor: str = "") -> AsyncIterator[Family]:
    async with _endpoint() as url:
        path = tmp_path / "keeper.toml"
        text = MINIMAL.replace("http://127.0.0.1:8545", url) + 'executor = "hot"\n[executors.hot]\n' + executor
        path.write_text(f'keeper.mode = "{mode}"\n' + text)
        (scope,) = load(path, {}).settings.scopes()
        logger = structlog.get_logger()
        status = assembly.build_status([scope], Collectors(), logger)[scope.name]
        async with asyncio.timeout(20), evm.open_family(scope, {}, None, status, logger) as family:
            yield family


def test_in_observe_mode_it_reads_and_no_more(tmp_path: Path) -> None:
    """No fork, no key; and no executor need be configured."""

    async def run() -> None:
        async with _family(tmp_path, "observe") as family:
            assert (await family.chain.head()).number == 0
            assert family.executors == {}

    asyncio.run(run())


@pytest.mark.parametrize("mode", ["simulate", "execute"])
@pytest.mark.parametrize(("executor", "key"), [(_OPERATOR, "address"), (_ADDRESS, "operator")])
def test_whoever_acts_needs_an_executor_and_its_operator(tmp_path: Path, mode: str, executor: str, key: str) -> None:
    """The message names the key that is missing, and the mode that wants it."""

    async def run() -> None:
        async with _family(tmp_path, mode, executor):
            pass

    with pytest.raises(ConfigError, match=rf"executors\.hot\.{key} is missing\. {mode} mode"):
        asyncio.run(run())


@pytest.mark.parametrize("needs_capital", [True, False])
def test_an_executor_is_expected_to_have_margin_where_plans_take_it(needs_capital: bool) -> None:
    venue, chain = ToyVenue({}), FakeChain()
    venue.capabilities = replace(venue.capabilities, needs_capital=needs_capital)
    evaluator = Evaluator(venue, ChainQuestions(chain), executor=None, block_seconds=2, forecast=False)
    expected = evm.expected_of("toy", evaluator)
    assert expected == Expected("toy", venue.rules(evaluator.book), venue.valuer(evaluator.book), needs_capital)
