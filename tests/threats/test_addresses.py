"""An address to collect from that leads to this machine, or to a private network: it is asked nothing."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ledger import Ledger

from ganlib import outward
from ganlib.errors import AtelierError
from ganlib.pictures.sources.idx import Idx

PRIVATE = (
    *("127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),
    *("::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "ff02::1", "::"),
)


class Inner(BaseHTTPRequestHandler):
    """A service of this machine; what it is asked is written down. Asked for `/to/…`, it sends on to what follows."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        sent_on = self.path.startswith("/to/")
        self.send_response(302 if sent_on else 200)
        if sent_on:
            self.send_header("Location", self.path.removeprefix("/to/").split("/train")[0])
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def inner() -> Iterator[Any]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Inner) as server:
        server.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def collected(url: str, **knobs: Any) -> str:
    """Why nothing was collected from there."""
    with pytest.raises(AtelierError) as error:
        list(Idx(url=url, parts=["train"], **knobs).pictures())
    return str(error.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_this_machine_is_asked_nothing(host: str, inner: Any, ledger: Ledger) -> None:
    """However it is written: the error says which address it is, and the service there hears nothing."""
    said = collected(f"http://{host}:{inner.server_port}")
    assert "expected a public address" in said or "could not fetch it" in said
    assert inner.asked == []
    deed = "an address to collect from that is this machine, however written"
    ledger.add(deed, found="an error that names it; it hears nothing")


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_may_not_stand_for_a_private_address(
    address: str, inner: Any, monkeypatch: pytest.MonkeyPatch, ledger: Ledger
) -> None:
    """Nor one of several of its addresses; no connection is tried."""
    kind = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 80)), (kind, socket.SOCK_STREAM, 6, "", (address, 80))]
    monkeypatch.setattr(outward.socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(outward.socket, "create_connection", lambda *_, **__: pytest.fail("a connection was tried"))
    assert f"pictures.example is {address}" in collected("http://pictures.example")
    deed = "a name to collect from that stands for a private address"
    ledger.add(deed, found="an error that names it; nothing is connected to")


@pytest.mark.parametrize("target", ["http://127.0.0.1:9/", "http://169.254.169.254/", "http://10.0.0.1/", "file:///etc/passwd"])
def test_a_redirection_is_looked_at_too(target: str, inner: Any, monkeypatch: pytest.MonkeyPatch, ledger: Ledger) -> None:
    """A server of the world outside sends on to a private address, or to a file: it is not followed.

    This machine's server stands for the outside one: for its address alone the check is lifted.
    """
    public = outward.public
    monkeypatch.setattr(outward, "public", lambda address: outside[0] or public(address))
    outside, connect = [True], socket.create_connection

    def connected(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
        outside[0] = False  # from now on, that is for where it is sent on to
        return connect(address, *args, **kwargs)

    monkeypatch.setattr(outward.socket, "create_connection", connected)
    said = collected(f"http://127.0.0.1:{inner.server_port}/to/{target}")
    assert "no public address" in said or "no https address" in said or "is not allowed" in said
    assert len(inner.asked) == 1
    ledger.add("a redirection to a private address or to a file", found="an error that names it; it is not followed")


def test_it_can_be_meant(inner: Any) -> None:
    """With `inward` it is asked."""
    assert "expected" in collected(f"http://127.0.0.1:{inner.server_port}", inward=True)
    assert inner.asked == ["/train-images-idx3-ubyte.gz"]


def test_public_addresses_are_public() -> None:
    """So the check does not refuse everything."""
    assert all(map(outward.public, ("93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "8.8.8.8")))
