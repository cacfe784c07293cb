"""What the page may ask for, checked: each a pydantic model that refuses what it does not know, and what is out of all bounds."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

#: Pictures in one question; ways to walk from a picture; steps of a walk; characters of a text; conditions or directions.
AT_ONCE, WAYS, LONGEST_WALK, LONGEST_TEXT, MOST = 32, 8, 200, 500, 200
#: The largest whole number that JavaScript knows exactly; the pictures of a seed that can be named.
LARGEST, PICTURES = 2**53 - 1, 1_000_000

Share = Annotated[float, Field(ge=0, le=1)]
Name = Annotated[str, Field(max_length=500)]
#: A model's name: never a path.
Version = Annotated[str, Field(pattern=r"^(local|champion|[1-9][0-9]{0,8})$")]
#: The sha256 of a generator's weights.
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Strict(BaseModel):
    """Nothing unknown, nothing that is not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Step(Strict):
    """A step of a walk: to which of the neighbours, and how far on the way there."""

    to: Annotated[int, Field(ge=0, lt=WAYS)]
    far: Annotated[float, Field(gt=0, le=1)]


class Origin(Strict):
    """Where a portrait comes from: a picture of a seed, as `python -m tasks.sample` draws it, and steps away from it."""

    seed: Annotated[int, Field(ge=0, le=LARGEST)] = 0
    picture: Annotated[int, Field(ge=0, lt=PICTURES)] = 0
    steps: Annotated[tuple[Step, ...], Field(max_length=LONGEST_WALK)] = ()


class State(Strict):
    """All that a picture depends on beside the model.

    share: how far on the way from `first` to `second`. truncation: the factor of what is free in a code, 1 leaves it as it is.
    conditions: values of attributes that are asked for; the others are left to the code. directions: how far along each.
    """

    first: Origin = Origin()
    second: Origin | None = None
    share: Share = 0.0
    truncation: Share = 1.0
    conditions: Annotated[dict[Name, Annotated[str, Field(max_length=500)] | float], Field(max_length=MOST)] = {}
    directions: Annotated[dict[Name, float], Field(max_length=MOST)] = {}


class Asked(Strict):
    """A question about a model: its name, and the digest of the one that the page was made for."""

    model: Version
    digest: Digest


class AskedPictures(Asked):
    """Pictures, at most 32."""

    states: Annotated[tuple[State, ...], Field(min_length=1, max_length=AT_ONCE)]


class AskedPicture(Asked):
    """Something about one picture."""

    state: State


class AskedText(Asked):
    """What a text asks for."""

    text: Annotated[str, Field(max_length=LONGEST_TEXT)]
