"""A PNG that carries how it was drawn, and what can be read back from one."""

import io
import json
from typing import Any

from pydantic import Field, ValidationError

from ganlib.errors import AtelierError
from ganlib.training.batches import Pictures
from tasks.explore.state import Digest, State, Strict

#: The tEXt chunk's keyword; the largest side of a picture that is opened.
KEY, SIDE = "atelier", 4096


class Recipe(Strict):
    """model: the sha256 of the generator's weights."""

    version: int = Field(default=1, ge=1, le=1)
    model: Digest
    state: State


def with_recipe(picture: Pictures, recipe: Recipe) -> bytes:
    """uint8 [H, W, C] as PNG, with the recipe as JSON in a tEXt chunk."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    notes = PngInfo()
    notes.add_text("Software", "Atelier")
    notes.add_text(KEY, json.dumps(recipe.model_dump(mode="json"), separators=(",", ":")))
    stream = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(stream, "PNG", pnginfo=notes)
    return stream.getvalue()


def read_recipe(png: bytes) -> Recipe:
    """The recipe in a PNG. Raises `AtelierError` where it is no PNG, or carries none, or a damaged one."""
    try:
        return Recipe.model_validate_json(_note(png))
    except ValidationError:
        raise AtelierError(
            "Expected a picture that the explorer saved, found one whose recipe is damaged. Nothing was changed."
        ) from None


def _note(png: bytes) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
            if max(image.size) > SIDE:
                raise ValueError("it is too large")
            image.load()
            notes: dict[str, Any] = dict(image.text)  # type: ignore[attr-defined]
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise AtelierError("Expected a PNG, found something else, or a damaged one. Nothing was changed.") from None
    if KEY not in notes:
        raise AtelierError(
            "Expected a picture that the explorer saved, found a PNG without a recipe: other programs drop it when they save a "
            "picture anew. Nothing was changed."
        )
    return str(notes[KEY])
