"""What a person steers by `python -m tasks.sample --out`: options to a sheet, and what lies where for it."""

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ganlib.errors import AtelierError
from ganlib.files import new_folder, write_json
from tasks import places

if TYPE_CHECKING:
    from ganlib.sampling.config import SampleConfig
    from ganlib.sampling.directions import Direction
    from ganlib.sampling.model import Model
    from ganlib.sampling.reader import Reader
    from ganlib.sampling.steering import Sheet, Turn

_LARGEST_SEED = 2**63 - 1


def steer(options: argparse.Namespace, config: "SampleConfig") -> str:
    """Draw what the options ask for into `options.out`; what to tell the person. Raises `AtelierError` for what cannot be."""
    from ganlib.sampling.bounds import within
    from ganlib.sampling.guidance import guided
    from ganlib.sampling.model import load_model
    from tasks.sample import draw

    config = _counts(options, config)
    model = load_model(options.model or places.MODEL)
    turn, wanted = _turn(options, model)
    if options.guidance is not None:
        strength = within("--guidance", options.guidance, 0, 10)
        model, wanted = guided(model, strength), wanted | {"guidance": strength}
    sheet = _sheet(options, config, model, turn)
    if sheet is None:
        draw(model, config, options.out, turn, wanted)
        return f"Pictures, grid and strips in {options.out}."
    with new_folder(options.out, "samples.json", places.SAMPLES_PARTS) as partial:
        said = _write(partial, sheet, model, {"seed": config.seed, "model": model.digest, **wanted})
        if options.directions:
            said += "\n" + _listed(partial, model)
    return said.replace(str(partial), str(options.out))


def directions_of(model: "Model", reader: "Reader | None" = None) -> "list[Direction]":
    """The model's directions, found once: they lie in .runs/directions, not in the model's folder, whose content is DVC's."""
    from ganlib.sampling.directions import find_directions, read_directions, write_directions

    folder = places.DIRECTIONS / model.digest[:16]
    try:
        return read_directions(folder, model)
    except AtelierError:  # none yet, or damaged
        print("Finds directions and what they move, which takes a minute or two, once.")
    found = find_directions(model, reader or reader_of())
    if not found:
        raise AtelierError(
            "Expected a generator whose pictures follow its codes, found one without directions. Nothing was drawn."
        )
    write_directions(folder, model, found)
    return found


def reader_of(names: "list[str] | None" = None) -> "Reader | None":
    """Who reads these labels, or all, off pictures: it learnt from the project's data set. None where that has no labels."""
    from ganlib.pictures.store import Store
    from ganlib.sampling.reader import reader_for

    return reader_for(Store.open(places.DATASET), places.FEATURES, names)


def _counts(options: argparse.Namespace, config: "SampleConfig") -> "SampleConfig":
    from ganlib.sampling.bounds import counted

    number, seed = options.number, options.seed
    return replace(
        config,
        number=config.number if number is None else counted("--number", number),
        seed=config.seed if seed is None else counted("--seed", seed, _LARGEST_SEED, 0),
    )


def _turn(options: argparse.Namespace, model: "Model") -> "tuple[Turn, dict[str, Any]]":
    """What becomes of codes, and how the card says it."""
    from ganlib.sampling.asked import wishes
    from ganlib.sampling.bounds import within
    from ganlib.sampling.truncation import truncated

    wanted = wishes(options.set or [], model.conditions)
    psi = 1.0 if options.truncation is None else within("--truncation", options.truncation, 0, 1)

    def turn(codes: Any) -> Any:
        turned = model.conditions.turned(codes, wanted) if model.conditions and wanted else codes
        return truncated(turned, psi, model.conditions) if psi < 1 else turned

    return turn, ({"set": wanted} if wanted else {}) | ({"truncation": psi} if psi < 1 else {})


def _sheet(options: argparse.Namespace, config: "SampleConfig", model: "Model", turn: "Turn") -> "Sheet | None":
    """The sheet that one of the options asks for; None where pictures alone are to be drawn."""
    from ganlib.sampling import steering
    from ganlib.sampling.bounds import counted
    from ganlib.sampling.directions import direction_named

    rows, steps, seed = config.strips, config.steps, config.seed
    if options.strip is not None:
        return steering.attribute_sheet(model, options.strip, rows, steps, seed, turn)
    if options.between is not None:
        begin, end = options.between
        return steering.sentences_sheet(model, begin, end, rows, steps, seed, turn)
    if options.along is not None:
        direction = direction_named(options.along, directions_of(model))
        return steering.direction_sheet(model, direction, rows, steps, seed, turn)
    if options.mix is not None:
        first, second = (counted("--mix", seed, _LARGEST_SEED, 0) for seed in options.mix)
        return steering.mixing_sheet(model, first, second, steps, turn)
    if options.project is not None:
        return _projected(options.project, model, seed)
    if options.directions:
        return steering.directions_sheet(model, directions_of(model), steps, seed, turn)
    return None


def _projected(path: Path, model: "Model", seed: int) -> "Sheet":
    from ganlib.pictures.formed import read_formed
    from ganlib.sampling.project import project
    from ganlib.sampling.steering import projection_sheet

    picture = read_formed(path, model.size, model.channels)
    reader = reader_of(_readable(model.conditions.labels)) if model.conditions else None
    return projection_sheet(picture, project(model, picture, reader, seed))


def _readable(names: "list[str]") -> "list[str]":
    """Those of the labels that the project's data set has: factors that a model found by itself are in none."""
    from ganlib.conditions.labels import PREFIX
    from ganlib.pictures.store import Store

    columns = Store.open(places.DATASET, verify=False).manifest.columns
    return [name for name in names if f"{PREFIX}{name}" in columns]


def _write(folder: Path, sheet: "Sheet", model: "Model", card: dict[str, Any]) -> str:
    from ganlib.sampling.grid import grid
    from ganlib.sampling.png import write_png
    from ganlib.sampling.sheets import scale_for, write_pictures

    write_pictures(folder / "pictures.npy", sheet.pictures)
    write_png(folder / "sheet.png", grid(sheet.pictures, sheet.columns, scale_for(model, sheet.columns)))
    write_json(folder / "samples.json", {**card, **sheet.about})
    error = sheet.about.get("projection", {}).get("error")
    found = "" if error is None else f" Found it again to {error:.1f} of 255 levels (root mean square)."
    return f"Drawn in {folder / 'sheet.png'}, with how in samples.json beside it.{found}"


def _listed(folder: Path, model: "Model") -> str:
    """The directions as a table for a person; and in the folder, as they are."""
    from ganlib.sampling.directions import write_directions

    found = directions_of(model)
    write_directions(folder, model, found)
    return "\n".join(f"  {one.effect:.2f}  {one.name}" for one in found)
