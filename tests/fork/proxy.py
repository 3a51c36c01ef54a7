"""A node that misbehaves on demand: a local proxy before a real one (after foundry's crates/anvil/tests/it/fork.rs)."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

Fault = Callable[[str, Any], Any]
"""Gets the method and the true result, returns what is said instead."""


@dataclass
class Proxy:
    """`fail_next` requests answer HTML, `hang_next` never answer, `lies` change results by method, `missing` methods are not there;
    `requests` are the methods seen."""

    url: str = ""
    fail_next: int = 0
    hang_next: int = 0
    fail_nth: dict[str, int] = field(default_factory=dict)
    lies: Fault | None = None
    missing: frozenset[str] = frozenset()
    requests: list[list[str]] = field(default_factory=list)

    def fault(self, methods: list[str]) -> str:
        """What to do to a request with these calls."""
        self.requests.append(methods)
        if self.hang_next > 0:
            self.hang_next -= 1
            return "hang"
        if self.fail_next > 0:
            self.fail_next -= 1
            return "fail"
        for method in methods:
            if method in self.fail_nth:
                self.fail_nth[method] -= 1
                if self.fail_nth[method] == 0:
                    return "fail"
        return "pass"


@asynccontextmanager
async def proxy_before(url: str) -> AsyncIterator[Proxy]:
    """A proxy in front of the node at `url`."""
    proxy = Proxy()
    async with aiohttp.ClientSession() as session:

        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            calls = json.loads(body)
            many = calls if isinstance(calls, list) else [calls]
            fault = proxy.fault([call["method"] for call in many])
            if fault == "hang":
                await asyncio.sleep(3600)
            if fault == "fail":
                return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
            async with session.post(url, data=body, headers={"Content-Type": "application/json"}) as response:
                answer = await response.json()
            return web.json_response(_with_lies(proxy, many, answer))

        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/{key:.*}", handle)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        proxy.url = str(site.name)
        try:
            yield proxy
        finally:
            await runner.cleanup()


def _with_lies(proxy: Proxy, calls: list[Any], answer: Any) -> Any:
    methods = {call["id"]: call["method"] for call in calls}
    for member in answer if isinstance(answer, list) else [answer]:
        method = methods[member["id"]]
        if method in proxy.missing:
            member.pop("result", None)
            member["error"] = {"code": -32_601, "message": "Method not found"}
        elif "result" in member and proxy.lies is not None:
            member["result"] = proxy.lies(method, member["result"])
    return answer
