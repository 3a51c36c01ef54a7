"""/livez, /readyz and /metrics on 127.0.0.1."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest

from keeper.service.status import Status


@asynccontextmanager
async def serve(lanes: Mapping[str, Status], registry: CollectorRegistry, port: int) -> AsyncIterator[None]:
    """Serve on 127.0.0.1:`port` while the context is open; `lanes` by name, metrics out of `registry`. OSError where the port is taken."""

    def prefixed(name: str, sentence: str) -> str:
        return sentence if len(lanes) == 1 else f"{name}: {sentence}"

    async def livez(_: web.Request) -> web.Response:
        dead = [(name, status.heartbeat.limit_s) for name, status in lanes.items() if not status.heartbeat.alive()]
        return _answer(not dead, "\n".join(prefixed(name, f"nothing finished for {limit_s:.0f} s") for name, limit_s in dead))

    async def readyz(_: web.Request) -> web.Response:
        problems: list[str] = []
        for name, status in lanes.items():
            own = [] if status.heartbeat.started() and status.heartbeat.alive() else ["not caught up yet"]
            own += [f"{part}: {problem}" for part, problem in status.readiness.problems().items()]
            problems += [prefixed(name, problem) for problem in own]
        return _answer(not problems, "\n".join(problems))

    async def figures(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": "text/plain; version=0.0.4"})

    app = web.Application()
    app.add_routes([web.get("/livez", livez), web.get("/readyz", readyz), web.get("/metrics", figures)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()


def _answer(good: bool, otherwise: str) -> web.Response:
    return web.Response(text="ok\n") if good else web.Response(status=503, text=f"{otherwise}\n")
