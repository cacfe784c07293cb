"""The page's server: FastAPI, a function for each question of the page. A mistake is answered with a sentence, no traceback."""

import asyncio
import base64
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from ganlib.errors import AtelierError
from ganlib.sampling.png import encode_png
from ganlib.training.batches import Pictures
from tasks.explore.codes import code_of, is_sentence, values_of
from tasks.explore.gate import App, Gate
from tasks.explore.opened import Opened
from tasks.explore.press import BLOCK, EXACT, Busy, Press
from tasks.explore.recipe import Recipe, read_recipe, with_recipe
from tasks.explore.shelf import CHAMPION, LOCAL, Shelf
from tasks.explore.state import Asked, AskedPicture, AskedPictures, AskedText, State, Version
from tasks.explore.training import Training
from tasks.explore.words import understood

STATIC = Path(__file__).parent / "static"
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
#: Seconds after which a question that waits is answered that it was too much.
PATIENCE = 30.0


class OtherModel(Exception):
    """The page was made for another model than there is now."""


@dataclass(frozen=True)
class House:
    """What answers."""

    shelf: Shelf
    training: Training
    press: Press

    async def opened(self, question: Asked) -> Opened:
        """The model of a question. Raises `OtherModel` where it is not the one that the page was made for."""
        opened = self.shelf.held(question.model, question.digest)
        if opened is None:
            opened = await asyncio.to_thread(self.shelf.open, question.model)
        if opened.digest != question.digest:
            raise OtherModel
        return opened

    async def codes(self, opened: Opened, states: Sequence[State]) -> torch.Tensor:
        """The codes [N, latent] of states; in another thread where a sentence must be encoded first."""
        spoken = any(is_sentence(name, opened.model) for state in states for name in state.conditions)
        return await asyncio.to_thread(_codes, opened, states) if spoken else _codes(opened, states)

    async def drawn(self, opened: Opened, codes: torch.Tensor, block: int = BLOCK) -> Pictures:
        """Pictures uint8 [N, H, W, C] of codes."""
        waiting = self.press.draw(opened.model.generator, codes, block)
        return await asyncio.wait_for(asyncio.wrap_future(waiting), PATIENCE)


def _codes(opened: Opened, states: Sequence[State]) -> torch.Tensor:
    return torch.cat([code_of(state, opened) for state in states])


def create_app(shelf: Shelf, training: Training, press: Press | None = None) -> App:
    """The server as an ASGI application; it draws on `press`, which it closes at its end."""
    house = House(shelf, training, press or Press())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        house.press.close()

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    _add_files(app)
    _add_models(app, house)
    _add_pictures(app, house)
    _add_refusals(app)
    return Gate(app)


def _add_files(app: FastAPI) -> None:
    """The page's own files, which are read now: no name in an address is ever a path."""
    files = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in KINDS}

    @app.get("/")
    async def page() -> Response:
        return Response(files["index.html"], media_type="text/html")

    @app.get("/static/{name}")
    async def file(name: str) -> Response:
        if name not in files:
            raise HTTPException(404, "There is no such file.")
        return Response(files[name], media_type=KINDS[Path(name).suffix])


def _add_models(app: FastAPI, house: House) -> None:
    @app.get("/api/versions")
    async def versions() -> dict[str, Any]:
        listed = await asyncio.to_thread(house.shelf.listed)
        return {"versions": [asdict(version) for version in listed.versions], "trouble": listed.trouble}

    @app.get("/api/model/{name}")
    async def model(name: Version) -> dict[str, Any]:
        opened = await asyncio.to_thread(house.shelf.open, name)
        return {"name": name, **opened.described()}

    @app.post("/api/text")
    async def text(question: AskedText) -> dict[str, Any]:
        opened = await house.opened(question)
        return asdict(await asyncio.to_thread(understood, question.text, opened.model.conditions))


def _add_pictures(app: FastAPI, house: House) -> None:
    @app.post("/api/draw")
    async def draw(question: AskedPictures) -> dict[str, Any]:
        opened = await house.opened(question)
        codes = await house.codes(opened, question.states)
        pictures = await house.drawn(opened, codes)
        shown = [
            {"png": _plain(encode_png(picture)), "values": values | state.conditions}
            for picture, values, state in zip(pictures, values_of(codes, opened.model), question.states, strict=True)
        ]
        return {"pictures": shown}

    @app.post("/api/inspect")
    async def inspect(question: AskedPicture) -> dict[str, Any]:
        opened = await house.opened(question)
        picture = (await house.drawn(opened, await house.codes(opened, [question.state])))[0]
        return await asyncio.to_thread(_inspected, house, opened, picture)

    @app.post("/api/save")
    async def save(question: AskedPicture) -> Response:
        opened = await house.opened(question)
        picture = (await house.drawn(opened, await house.codes(opened, [question.state]), EXACT))[0]
        png = with_recipe(picture, Recipe(model=opened.digest, state=question.state))
        name = f"portrait-{question.state.first.seed}-{question.state.first.picture}.png"
        return Response(png, media_type="image/png", headers={"content-disposition": f'attachment; filename="{name}"'})

    @app.post("/api/open")
    async def open_saved(request: Request) -> dict[str, Any]:
        recipe = await asyncio.to_thread(read_recipe, await request.body())
        return {"digest": recipe.model, "model": house.shelf.names().get(recipe.model), "state": plain(recipe.state)}


def plain(state: State) -> dict[str, Any]:
    """A state as JSON."""
    return state.model_dump(mode="json")


def _inspected(house: House, opened: Opened, picture: Pictures) -> dict[str, Any]:
    """What the discriminator says of a picture, and which training pictures are most like it."""
    answer: dict[str, Any] = {"score": None, "above": None, "near": [], "trouble": ""}
    if opened.judge:
        answer["score"], answer["above"] = opened.judge.score(picture)
    found = house.training.near(picture, str(opened.model.card.get("dataset")))
    if isinstance(found, str):
        return answer | {"trouble": found}
    near, pictures = found
    shown = [{"row": row, "png": _plain(encode_png(one))} for row, one in zip(near.rows, pictures, strict=True)]
    return answer | {"near": shown, "ratio": near.ratio, "threshold": near.threshold, "copy": near.copy}


def _plain(png: bytes) -> str:
    return base64.b64encode(png).decode()


def _add_refusals(app: FastAPI) -> None:
    @app.exception_handler(AtelierError)
    async def mistake(_: Request, error: AtelierError) -> JSONResponse:
        return _refusal(422, str(error))

    @app.exception_handler(RequestValidationError)
    async def wrong(_: Request, error: RequestValidationError) -> JSONResponse:
        return _refusal(422, "\n".join(map(_said, error.errors()[:5])))

    @app.exception_handler(OtherModel)
    async def other(_: Request, error: OtherModel) -> JSONResponse:
        return _refusal(409, "The model is another one than this page was made for: it is loaded anew.")

    @app.exception_handler(Busy)
    async def busy(_: Request, error: Busy) -> JSONResponse:
        return _refusal(429, "Too many pictures are waiting to be drawn. Try again in a second.", {"retry-after": "1"})

    @app.exception_handler(TimeoutError)
    async def late(_: Request, error: TimeoutError) -> JSONResponse:
        return _refusal(503, f"No picture came within {PATIENCE:.0f} seconds. Try again.", {"retry-after": "5"})

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        return _refusal(error.status_code, str(error.detail), dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> JSONResponse:
        return _refusal(500, "Something broke here; the terminal in which the explorer runs says what. Nothing was changed.")


def _refusal(status: int, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": sentence}, status, headers)


def _said(problem: dict[str, Any]) -> str:
    """One problem of a question, in a sentence, without repeating what may be long."""
    where = ".".join(str(part) for part in problem["loc"] if part not in ("body", "path"))
    if problem["type"] == "string_pattern_mismatch" and problem["loc"][-1] in ("model", "name"):
        found = str(problem.get("input"))[:40]
        return f"{where}: expected the name of a model ({LOCAL}, {CHAMPION} or the number of a version), found {found!r}."
    return f"{where[:200]}: {problem['msg'][:300]}. Nothing was drawn."
