"""What stands before the page: only this machine's own page may ask, no answer loads anything from elsewhere."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

#: Names of this machine for itself; bytes that a question, and a picture that is opened, may have.
NAMES = ("127.0.0.1", "localhost", "[::1]")
QUESTION, PICTURE, OPEN = 64 * 1024, 8 * 1024 * 1024, "/api/open"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}


class Gate:
    """ASGI: refuses a foreign Host (403), which stands for a name that was pointed at this machine, a foreign Origin (403), and a
    body that is too long (413); adds the headers to every answer."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        most = PICTURE if scope["path"] == OPEN else QUESTION

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                extra = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *extra]}
            await send(message)

        if refusal := refused(scope, headers, most):
            await _answer(sending, *refusal)
        else:
            await self.app(scope, _counted(receive, most), sending)


def refused(scope: Message, headers: dict[str, str], most: int) -> tuple[int, str] | None:
    """The status and the sentence with which a question is refused, or None."""
    host = headers.get("host", "")
    if _name(host) not in NAMES:
        return 403, "Expected to be asked for by this machine's own name (127.0.0.1 or localhost), was asked for by another one."
    origin = headers.get("origin")
    own = f"{scope.get('scheme', 'http')}://{host}"
    if origin is not None and origin.lower() != own.lower():
        return 403, "Expected a question of the explorer's own page, found one of another page."
    if scope["path"].startswith("/api/") and headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return 403, "Expected a question of the explorer's own page, found one of another page."
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > 18 or int(length) > most:
        return 413, _too_long(most)
    return None


def _name(host: str) -> str:
    """The host without its port; "" for what is none."""
    try:
        parts = urlsplit(f"//{host}")
        if parts.netloc != host or parts.username is not None or (parts.port is None and host.endswith(":")):
            return ""
    except ValueError:
        return ""
    return host.rpartition(":")[0].lower() if parts.port is not None else host.lower()


def _counted(receive: Receive, most: int) -> Receive:
    """What is received; raises, for the app to answer 413, after so many bytes."""
    seen = 0

    async def counting() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise HTTPException(413, _too_long(most))
        return message

    return counting


def _too_long(most: int) -> str:
    return f"Expected at most {most:,} bytes, found more. Nothing was done."


async def _answer(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"error": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
