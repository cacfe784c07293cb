"""All figures of the lecture, in its order, and the numbers that its text states."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ganlib.lecture.alone import Alone, alone, draw_alone
from ganlib.lecture.averages import Averages, averages, cross_fades, draw_averages, yardstick
from ganlib.lecture.carving_pictures import PictureCarving, carve_pictures, draw_carving, previews
from ganlib.lecture.carving_plane import CARVER, PlaneCarving, Ring, carve_plane, draw_plane
from ganlib.lecture.cast import Cast
from ganlib.lecture.events import Events, draw_events, events
from ganlib.lecture.generations import Generation, Generations, compare_generations, draw_generations, raise_generations
from ganlib.lecture.glued import Glued, draw_glued, glued
from ganlib.lecture.judgement import Judgement, draw_judgement, judgement, noise
from ganlib.lecture.lessons import BATCH, GAME, as_input, codes, lessons, new_game, setting
from ganlib.lecture.missing import Missing, Portrait, draw_missing, labelled, missing
from ganlib.lecture.positives import Positives, draw_positives, positives, taught
from ganlib.lecture.sweep import Sweep, draw_sweep, sweep
from ganlib.lecture.unseen import Unseen, draw_unseen, unseen
from ganlib.methods.energy import Energy
from ganlib.methods.gan import Gan
from ganlib.metrics.config import EvaluateConfig
from ganlib.metrics.extractors import load_extractor
from ganlib.metrics.plots import save
from ganlib.pictures.store import Store
from ganlib.progress import Progress
from ganlib.sampling.draw import draw, to_uint8
from ganlib.training.batches import Pictures

if TYPE_CHECKING:
    from matplotlib.figure import Figure


_SLOWLY = 0.3  # the rate at which the events are taken apart, as a share of the game's, so that single steps can be seen


@dataclass(frozen=True)
class Pace:
    """How much of everything; the defaults take some two minutes on one core.

    judged: pictures of a kind that a discriminator is asked about. swept: codes of which a value is turned. young: pictures
    shown before the events are taken apart. steps: of either event. ages: of the generations, in pictures shown. last_word:
    batches of which a generation's judge learns more. pairs: whose codes are averaged. altered: portraits with a missing pixel.
    lessons: batches that a discriminator learns from. carved: drawings of the carver. walk: Langevin steps that are shown.
    rounds: of carving in the plane. game, carver: the knobs of the games and of the carver in the plane. features: how distances
    are measured.
    """

    judged: int = 256
    swept: int = 32
    young: int = 3000
    steps: int = 16
    ages: tuple[int, ...] = (1024, 4096, 12288)
    last_word: int = 64
    pairs: int = 400
    altered: int = 500
    lessons: int = 100
    carved: int = 32
    walk: tuple[int, ...] = (0, 10, 30, 60, 120)
    rounds: tuple[int, ...] = (0, 10, 40, 160, 640)
    game: Gan = GAME
    carver: Energy = CARVER
    features: EvaluateConfig = field(default_factory=EvaluateConfig)


@dataclass(frozen=True)
class Averaged:
    """Pairs averaged as pictures, and as codes of the auto-encoder and of the VAE."""

    pixels: Averages
    autoencoder: Averages
    vae: Averages


@dataclass(frozen=True)
class Course:
    """What came out, by the name of the figure."""

    sweep: Sweep
    judgement: Judgement
    generations: Generations
    events: Events
    glued: Glued
    unseen: Unseen
    alone: Alone
    averages: Averaged
    missing: Missing
    carving_pictures: PictureCarving
    positives: Positives
    carving_plane: PlaneCarving


@dataclass(frozen=True)
class Room:
    """What every figure is made from, and where it is hung up: `hang` is given its name and itself."""

    store: Store
    cast: Cast
    pace: Pace
    portraits: list[Portrait]
    hang: "Callable[[str, Figure], None]"
    seed: int = 1

    @property
    def real(self) -> Pictures:
        """Pictures that nothing has learnt from."""
        return self.store.heldout[: self.pace.judged]

    @property
    def noise(self) -> Pictures:
        """As many pictures without any sense."""
        return noise(len(self.real), self.store.size, self.store.channels, self.seed)

    def drawn(self, role: str) -> Pictures:
        """As many drawn by a model."""
        model = self.cast.models[role]
        return draw(model.generator, model.latent, len(self.real), self.seed)


def run(store: Store, cast: Cast, folder: Path, pace: Pace | None = None) -> Course:
    """Compute everything; write the figures, each to `<name>.png`, into `folder`. The same networks give the same bytes.

    Raises `AtelierError` where the data set is not one of drawn portraits.
    """
    portraits = labelled(store.heldout, store.manifest.iloc[len(store.train) :])
    with Progress("lecture", len(fields(Course)), "figures", every=0.0) as progress:

        def hang(name: str, figure: "Figure") -> None:
            save(figure, folder / f"{name}.png")
            progress.advance(note=name)

        room = Room(store, cast, pace or Pace(), portraits, hang)
        raised = _raised(room)
        return Course(
            sweep=_sweep(room),
            judgement=_judgement(room),
            generations=_generations(room, raised),
            events=_events(room),
            glued=_glued(room),
            unseen=_unseen(room),
            alone=_alone(room),
            averages=_averages(room),
            missing=_missing(room),
            carving_pictures=_carving_pictures(room),
            positives=_positives(room, raised),
            carving_plane=_carving_plane(room),
        )


def _sweep(room: Room) -> Sweep:
    model = room.cast.models["gan"]
    found = sweep(model.generator, codes(room.pace.swept, model.latent, room.seed))
    room.hang("sweep", draw_sweep(found))
    return found


def _judgement(room: Room) -> Judgement:
    pictures = {"real": room.real, "GAN": room.drawn("gan"), "VAE": room.drawn("vae"), "noise": room.noise}
    found = judgement(room.cast.judge, pictures)
    room.hang("judgement", draw_judgement(found))
    return found


def _events(room: Room) -> Events:
    game, batches = new_game(room.store.train, room.seed, room.pace.game), lessons(room.store.train, room.seed)
    for batch in islice(batches, room.pace.young // BATCH):
        game.step(batch)
    game.anneal(_SLOWLY)
    found = events(game, batches, as_input(room.real), codes(len(room.real), game.latent, room.seed), room.pace.steps)
    room.hang("events", draw_events(found))
    return found


def _glued(room: Room) -> Glued:
    game = room.cast.game(room.store.train, room.seed)
    found = glued(game, lessons(room.store.train, room.seed), codes(BATCH, game.latent, room.seed))
    room.hang("glued", draw_glued(found))
    return found


def _unseen(room: Room) -> Unseen:
    found = unseen(room.store.manifest)
    room.hang("unseen", draw_unseen(found))
    return found


def _alone(room: Room) -> Alone:
    makers = {"generator alone": "glo", "auto-encoder": "autoencoder", "VAE": "vae", "GAN": "gan"}
    found = alone(room.real, {maker: room.drawn(role) for maker, role in makers.items()})
    room.hang("alone", draw_alone(found))
    return found


def _averages(room: Room) -> Averaged:
    pairs = min(room.pace.pairs, len(room.store.heldout) // 2)
    rule = yardstick(room.store.heldout, room.store.train[:pairs], pairs, load_extractor(room.pace.features))
    coded = {role: averages(room.cast.encode[role], room.cast.decoder[role], rule) for role in ("autoencoder", "vae")}
    found = Averaged(cross_fades(rule), **coded)
    room.hang("averages", draw_averages(found.pixels, found.autoencoder, found.vae))
    return found


def _missing(room: Room) -> Missing:
    found = missing(room.portraits, room.cast.judge, room.pace.altered)
    room.hang("missing", draw_missing(found))
    return found


def _carving_pictures(room: Room) -> PictureCarving:
    carver = room.cast.carver
    drawn = codes(room.pace.carved, carver.latent, room.seed)
    rounds = previews(room.cast.sheets, room.store.size)
    found = carve_pictures(carver, drawn, room.pace.walk, room.real, room.noise, rounds)
    room.hang("carving-pictures", draw_carving(found))
    return found


def _carving_plane(room: Room) -> PlaneCarving:
    found = carve_plane(Ring(), room.pace.rounds, room.seed, room.pace.carver)
    room.hang("carving-plane", draw_plane(found))
    return found


def _raised(room: Room) -> list[Generation]:
    pictures, pace = room.store.train, room.pace
    game = new_game(pictures, room.seed, pace.game)
    drawn = codes(len(room.real), game.latent, room.seed)
    return raise_generations(game, pictures, room.seed, drawn, pace.ages, pace.last_word)


def _generations(room: Room, raised: list[Generation]) -> Generations:
    found = compare_generations(raised, as_input(room.real))
    room.hang("generations", draw_generations(found))
    return found


def _positives(room: Room, raised: list[Generation]) -> Positives:
    """What is generated is what the last generation draws: half of it to learn from, half to be asked about."""
    pictures = room.store.train
    generated = raised[-1].pictures
    half = len(generated) // 2
    other = noise(half, room.store.size, room.store.channels, room.seed + 1)
    negatives = {"none": None, "noise": as_input(other), "generated": generated[:half]}
    judges = {
        name: taught(room.pace.game, setting(pictures, room.seed), lessons(pictures, room.seed), some, room.pace.lessons)
        for name, some in negatives.items()
    }
    found = positives(judges, {"real": room.real, "noise": room.noise, "generated": to_uint8(generated[half:])})
    room.hang("positives", draw_positives(found))
    return found
