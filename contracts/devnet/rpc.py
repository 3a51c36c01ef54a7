"""A small blocking JSON-RPC connection: one kept-alive HTTP socket, single calls and batches."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

_CHUNK = 250


class RpcError(RuntimeError):
    """The node answered with an error. `data` holds revert data as hex, where the node gave some."""

    def __init__(self, method: str, message: str, data: str | None) -> None:
        super().__init__(f"{method}: {message}")
        self.data = data


class RpcUnavailable(ConnectionError):
    """No answer from the node."""


class Rpc:
    """JSON-RPC over one HTTP connection. Not for use from several threads at a time."""

    def __init__(self, url: str, timeout: float = 60.0) -> None:
        parts = urlsplit(url)
        if parts.hostname is None:
            raise ValueError(f"not an http address: {url}")
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout)
        self._path = parts.path or "/"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; a later call opens it again."""
        self._connection.close()

    def call(self, method: str, *params: Any) -> Any:
        """One call's result. Raises RpcError (the node said no) or RpcUnavailable (it said nothing)."""
        return self.batch([(method, list(params))])[0]

    def batch(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """Results in the order of the calls; the first error among them is raised."""
        results = self.attempt(calls)
        for result in results:
            if isinstance(result, RpcError):
                raise result
        return results

    def attempt(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """Results in the order of the calls, an RpcError in the place of each that failed."""
        results: list[Any] = []
        for start in range(0, len(calls), _CHUNK):
            results += self._chunk(calls[start : start + _CHUNK])
        return results

    def _chunk(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        body = [{"jsonrpc": "2.0", "id": i, "method": m, "params": p} for i, (m, p) in enumerate(calls)]
        answers = {answer["id"]: answer for answer in self._post(json.dumps(body))}
        return [_result(method, answers[i]) for i, (method, _) in enumerate(calls)]

    def _post(self, body: str) -> Any:
        try:
            self._connection.request("POST", self._path, body, {"Content-Type": "application/json"})
            return json.loads(self._connection.getresponse().read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._connection.close()
            raise RpcUnavailable(f"no JSON-RPC answer: {error!r}") from error


def _result(method: str, answer: dict[str, Any]) -> Any:
    if "error" in answer:
        error = answer["error"]
        data = error.get("data")
        return RpcError(method, str(error.get("message")), data if isinstance(data, str) else None)
    return answer["result"]
