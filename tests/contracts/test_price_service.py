"""The local price service answers as Hermes does: paths, parameters, JSON, events."""

from __future__ import annotations

import base64
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from contracts.devnet.price_service import price_service
from contracts.devnet.pythnet import FeedPrice, Pythnet

ETH, BTC = bytes([1]) * 32, bytes([2]) * 32
NOON = 1_700_000_000


@pytest.fixture
def net() -> Pythnet:
    net = Pythnet()
    net.publish({ETH: FeedPrice(200_000_000_000, -8, 5), BTC: FeedPrice(60_000, 0)}, NOON)
    return net


@pytest.fixture
def connection(net: Pythnet) -> Iterator[http.client.HTTPConnection]:
    with price_service(net) as address:
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
        yield connection
        connection.close()


def _get(connection: http.client.HTTPConnection, path: str) -> tuple[int, str]:
    connection.request("GET", f"/v2/updates/price/{path}")
    response = connection.getresponse()
    return response.status, response.read().decode()


def _document(connection: http.client.HTTPConnection, path: str) -> dict[str, Any]:
    status, text = _get(connection, path)
    assert status == 200, text
    document: dict[str, Any] = json.loads(text)
    return document


def test_the_latest_update_and_its_figures(net: Pythnet, connection: http.client.HTTPConnection) -> None:
    """Ids are taken with and without 0x, in any case, and given without."""
    document = _document(connection, f"latest?ids[]=0x{ETH.hex().upper()}&ids%5B%5D={BTC.hex()}")
    assert document["binary"] == {"encoding": "hex", "data": [net.update([ETH, BTC]).hex()]}
    price = {"price": "200000000000", "conf": "5", "expo": -8, "publish_time": NOON}
    assert document["parsed"][0] == {
        "id": ETH.hex(),
        "price": price,
        "ema_price": price,
        "metadata": {"slot": 1, "proof_available_time": NOON, "prev_publish_time": 0},
    }
    assert document["parsed"][1]["price"] == {"price": "60000", "conf": "0", "expo": 0, "publish_time": NOON}


def test_base64_and_no_figures_where_that_is_asked_for(net: Pythnet, connection: http.client.HTTPConnection) -> None:
    document = _document(connection, f"latest?ids[]={ETH.hex()}&encoding=base64&parsed=false")
    assert document == {"binary": {"encoding": "base64", "data": [base64.b64encode(net.update([ETH])).decode()]}}


def test_a_moments_first_prices_may_be_of_several_slots(net: Pythnet, connection: http.client.HTTPConnection) -> None:
    net.publish({ETH: FeedPrice(2)}, NOON + 3)
    net.publish({ETH: FeedPrice(3), BTC: FeedPrice(4)}, NOON + 4)
    document = _document(connection, f"{NOON + 1}?ids[]={BTC.hex()}&ids[]={ETH.hex()}")
    assert [(entry["id"], entry["price"]["publish_time"]) for entry in document["parsed"]] == [(BTC.hex(), NOON + 4), (ETH.hex(), NOON + 3)]
    assert len(document["binary"]["data"]) == 2


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("latest", 400, "ids[]"),
        ("latest?ids[]=xyz", 400, "query string"),
        ("latest?ids[]=0x01", 400, "32 bytes"),
        (f"latest?ids[]={bytes(32).hex()}", 404, f"Price ids not found: 0x{bytes(32).hex()}"),
        (f"latest?ids[]={ETH.hex()}&encoding=xml", 400, "encoding"),
        (f"{NOON + 1}?ids[]={ETH.hex()}", 404, "Update data not found"),
        (f"stream?ids[]={bytes(32).hex()}", 404, "Price ids not found"),
        (f"soon?ids[]={ETH.hex()}", 404, ""),
    ],
)
def test_what_cannot_be_answered_is_refused(connection: http.client.HTTPConnection, path: str, status: int, words: str) -> None:
    answer = _get(connection, path)
    assert answer[0] == status
    assert words in answer[1]


def test_the_stream_has_an_event_per_slot_and_the_newest_only(net: Pythnet, connection: http.client.HTTPConnection) -> None:
    connection.request("GET", f"/v2/updates/price/stream?ids[]={ETH.hex()}")
    response = connection.getresponse()
    assert response.getheader("Content-Type", "").startswith("text/event-stream")
    for second in (1, 2):
        net.publish({ETH: FeedPrice(second)}, NOON + second)
        line, end = response.readline(), response.readline()
        assert (line[:5], end) == (b"data:", b"\n")
        assert json.loads(line[5:])["parsed"][0]["price"]["price"] == str(second)


def test_a_port_in_use_is_an_error(net: Pythnet) -> None:
    with price_service(net) as address, pytest.raises(OSError, match="in use"), price_service(net, urlsplit(address).port or 0):
        pass


def test_it_is_gone_when_left(net: Pythnet) -> None:
    with price_service(net) as address:
        pass
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=1)
    with pytest.raises(ConnectionRefusedError):
        connection.connect()
