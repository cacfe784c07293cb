"""Addresses of the world outside only: what somebody wrote into `params.yaml` must not become a question to this machine."""

import http.client
import ipaddress
import socket
import urllib.request
from typing import Any
from urllib.parse import urlsplit

_HOPS = 5


def opened(url: str, seconds: float, inward: bool = False) -> Any:
    """The answer to a GET of `url`, http or https, as urllib gives it; `seconds` without a byte are too many.

    Every address that its name, or that of a redirection, stands for must be public, and the connection goes to one that was
    looked at: not to a name that stands for another one a moment later. Raises `PermissionError` where one is this machine's or
    a private network's, and what urllib raises. inward: those are meant. Where the environment names a proxy, the proxy resolves
    names, and must be the one to refuse.
    """
    proxied = urllib.request.getproxies().get(urlsplit(url).scheme) and not urllib.request.proxy_bypass(urlsplit(url).netloc)
    handlers: list[urllib.request.BaseHandler] = [] if inward or proxied else [_Http(), _Https()]
    return urllib.request.build_opener(_Redirections(), *handlers).open(url, timeout=seconds)


def public(address: str) -> bool:
    """Whether an IP address is one of the internet's, and not one that stands for another in it."""
    found = ipaddress.ip_address(address.split("%")[0])
    inner = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    return found.is_global and not found.is_multicast and (inner is None or public(str(inner)))


def _connected(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
    """As `socket.create_connection`, to an address that was looked at."""
    host, port = address
    places = [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for place in places:
        if not public(place):
            raise PermissionError(f"{host} is {place}, which is no public address")
    return socket.create_connection((places[0], port), *args, **kwargs)


class _HttpConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        self._create_connection = _connected
        super().connect()


class _HttpsConnection(http.client.HTTPSConnection):
    def connect(self) -> None:
        self._create_connection = _connected
        super().connect()


class _Http(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HttpConnection, request)


class _Https(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HttpsConnection, request)


class _Redirections(urllib.request.HTTPRedirectHandler):
    """To http and https only, a few of them, and never from https to http."""

    max_redirections = _HOPS

    def redirect_request(self, request: Any, answer: Any, code: int, message: str, headers: Any, url: str) -> Any:
        scheme = urlsplit(url).scheme
        if scheme not in ("http", "https") or (request.type == "https" and scheme != "https"):
            raise PermissionError(f"was sent on to {url}, which is no https address")
        return super().redirect_request(request, answer, code, message, headers, url)
