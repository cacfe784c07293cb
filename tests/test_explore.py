"""The explorer's server: what it draws is what the library draws, and what is wrong is answered in a sentence."""

import base64
import io
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import PROJECT, free_port
from drawing import encode, pixels, put
from exploring import CONDITIONS, HERE, HOSTILE, broken, by_hand, client_for, hair, pixels_of, publish, publish_with_data, slowly
from PIL import Image

from ganlib.conditions.attribute import Attribute
from ganlib.conditions.conditions import Conditions
from ganlib.pictures.store import Store
from ganlib.pictures.tables import parquet_bytes
from ganlib.sampling.asked import asked_of, codes_of, table_of
from ganlib.sampling.directions import NAME, Direction, write_directions
from ganlib.sampling.draw import codes_for, decode, draw
from ganlib.sampling.model import TOGETHER, load_model
from tasks.explore.codes import code_of, values_of
from tasks.explore.opened import open_folder
from tasks.explore.press import Press
from tasks.explore.recipe import KEY
from tasks.explore.state import Origin, State, Step
from tasks.explore.training import Training
from tasks.explore.words import asked_by

Client = Any
WALK = State(first=Origin(seed=3, picture=5, steps=(Step(to=2, far=0.4), Step(to=7, far=1))))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model and its data set."""
    return publish_with_data(tmp_path_factory.mktemp("explore"))


@pytest.fixture(scope="module")
def client(place: tuple[Path, Path]) -> Iterator[Client]:
    """A client of the server over both."""
    with client_for(*place) as entered:
        yield entered


def digest(client: Client, name: str = "local") -> str:
    """The digest of a model."""
    return str(client.get(f"/api/model/{name}").json()["digest"])


def ask(client: Client, path: str, **more: Any) -> Any:
    """A question about the local model."""
    return client.post(f"/api/{path}", json={"model": "local", "digest": digest(client), **more})


def shown(client: Client, *states: dict[str, Any]) -> np.ndarray[Any, Any]:
    """The pictures of states, uint8 [N, H, W, C]."""
    answer = ask(client, "draw", states=list(states)).json()
    return np.stack([pixels_of(base64.b64decode(picture["png"])) for picture in answer["pictures"]])


# ---- pictures


def test_a_plain_picture_is_the_one_that_a_sample_has(client: Client, place: tuple[Path, Path]) -> None:
    """Picture i of a seed on the page, and saved from it, is row i of what `python -m tasks.sample` draws, to the byte."""
    model = load_model(place[0])
    sample = draw(model.generator, model.latent, 12, seed=7)
    assert np.array_equal(shown(client, *({"first": {"seed": 7, "picture": i}} for i in range(12))), sample)
    saved = ask(client, "save", state={"first": {"seed": 7, "picture": 11}})
    assert np.array_equal(pixels_of(saved.content), sample[11])
    assert saved.headers["content-disposition"] == 'attachment; filename="portrait-7-11.png"'


def test_attributes_go_together_as_in_samples(tmp_path: Path) -> None:
    """Where the model knows what goes together, picture i asks for what picture i of `tasks.sample` asks for; a version from the
    registry knows it, too."""
    model = publish(tmp_path / "model")
    columns = {"hair_colour": ["red", "black"], "glasses": [None, "round"], "hair_length": [0.3, 0.8]}
    (model / TOGETHER).write_bytes(parquet_bytes(table_of(columns)))
    loaded = load_model(model)
    sample = decode(loaded.generator, codes_of(loaded, 12, seed=7))
    asked = asked_of(loaded, 12, seed=7)
    with client_for(model) as client:
        answer = ask(client, "draw", states=[{"first": {"seed": 7, "picture": i}} for i in range(12)]).json()["pictures"]
    for i, picture in enumerate(answer):
        assert np.array_equal(pixels_of(base64.b64decode(picture["png"])), sample[i])
        wanted = {name: asked[name][i] or "none" for name in columns}
        assert picture["values"] == {**wanted, "hair_length": pytest.approx(wanted["hair_length"], abs=1e-4)}
    assert {picture["values"]["glasses"] for picture in answer} == {"none", "round"}


def test_a_picture_does_not_depend_on_who_else_asks(client: Client) -> None:
    """Alone, among others of one question, and saved, which is drawn in larger blocks: the same bytes."""
    states = [{"first": {"picture": i}, "conditions": {"hair_length": 0.2 + i / 50}} for i in range(30)]
    together = shown(client, *states)
    assert len(np.unique(together.reshape(30, -1), axis=0)) == 30
    for i in (0, 7, 8, 29):
        assert np.array_equal(shown(client, states[i])[0], together[i])
        assert np.array_equal(pixels_of(ask(client, "save", state=states[i]).content), together[i])


def test_what_is_asked_for_is_drawn(client: Client, place: tuple[Path, Path]) -> None:
    """A picture with conditions is what the library draws of the turned code; what was not asked for is left to the code."""
    model = load_model(place[0])
    code = codes_for(2, [9], model.latent)
    expected = decode(model.generator, CONDITIONS.turned(code, {"glasses": "square", "hair_length": 0.5}))[0]
    state = {"first": {"seed": 2, "picture": 9}, "conditions": {"glasses": "square", "hair_length": 0.5}}
    answer = ask(client, "draw", states=[state, {"first": {"seed": 2, "picture": 9}}]).json()["pictures"]
    assert np.array_equal(pixels_of(base64.b64decode(answer[0]["png"])), expected)
    assert answer[0]["values"] == {"hair_colour": answer[1]["values"]["hair_colour"], "glasses": "square", "hair_length": 0.5}


def test_hair_asked_longer_is_measured_longer() -> None:
    """Of a generator that obeys, through the whole server: each length that is asked for is read off the picture."""
    with hand_made() as client:
        lengths = [0.25, 0.5, 0.75]
        drawn = shown(client, *({"conditions": {"hair_length": length}} for length in lengths))
    assert np.allclose([hair(picture) for picture in drawn], lengths, atol=1 / 32)


def hand_made() -> Client:
    """A client of the server over the model made by hand."""
    return client_for(Path("nowhere/model"), read=lambda _: by_hand())


@pytest.mark.parametrize(("name", "value"), [(one.name, value) for one in CONDITIONS.attributes for value in one.values])
def test_a_class_that_a_code_asks_for_is_told(place: tuple[Path, Path], name: str, value: str) -> None:
    """From a value to a code and back."""
    opened = open_folder(place[0])
    assert values_of(code_of(State(conditions={name: value}), opened), opened.model)[0][name] == value


@pytest.mark.parametrize("value", [0.2, 0.3141, 0.55, 0.9])
def test_a_number_that_a_code_asks_for_is_told(place: tuple[Path, Path], value: float) -> None:
    """From a number to a code and back; the ends are a ten-thousandth of the pictures away."""
    opened = open_folder(place[0])
    told = values_of(code_of(State(conditions={"hair_length": value}), opened), opened.model)[0]["hair_length"]
    assert told == pytest.approx(value, abs=1e-4)


def test_mixing_begins_and_ends_at_its_portraits(place: tuple[Path, Path]) -> None:
    """A share of 0 is the first portrait to the bit, 1 the second but for rounding; the middle lies on the way, asks for no class
    that neither asks for, and for the number in the middle."""
    opened = open_folder(place[0])
    first, second = Origin(seed=1), Origin(seed=1, picture=4)
    codes = [code_of(State(first=first, second=second, share=share), opened)[0] for share in (0, 0.5, 1)]
    ends = [code_of(State(first=one), opened)[0] for one in (first, second)]
    assert torch.equal(codes[0], ends[0])
    torch.testing.assert_close(codes[2], ends[1])
    drawn = [*range(5)]  # 5 and 6 ask for classes, 7 for a number
    torch.testing.assert_close(codes[1][7], (ends[0][7] + ends[1][7]) / 2)
    angles = [torch.acos(torch.cosine_similarity(codes[1][drawn], end[drawn], dim=0)) for end in ends]
    torch.testing.assert_close(sum(angles), torch.acos(torch.cosine_similarity(*(end[drawn] for end in ends), dim=0)))
    for share in (0.1, 0.3, 0.49, 0.5, 0.8):
        [told] = values_of(code_of(State(first=first, second=second, share=share), opened), opened.model)
        [nearer] = values_of(code_of(State(first=first if share < 0.5 else second), opened), opened.model)
        assert [told[name] for name in ("hair_colour", "glasses")] == [nearer[name] for name in ("hair_colour", "glasses")]


def test_truncation_leaves_what_is_asked_for(place: tuple[Path, Path]) -> None:
    """At 0 all portraits that ask for the same are the same; at 1 nothing changes; what the code asks for always stays."""
    opened = open_folder(place[0])
    for seed in (0, 1):
        whole, half, none = (code_of(State(first=Origin(seed=seed), truncation=t), opened)[0] for t in (1, 0.5, 0))
        assert torch.equal(whole, codes_for(seed, [0], opened.model.latent)[0])
        torch.testing.assert_close(half[:5], whole[:5] / 2)
        assert not none[:5].any()
        assert torch.equal(none[5:], whole[5:])


def test_a_walk_leads_to_the_same_place(place: tuple[Path, Path]) -> None:
    """The same steps give the same code; every neighbour is another one; a small step goes a small way."""
    opened = open_folder(place[0])
    assert torch.equal(code_of(WALK, opened), code_of(WALK, opened))
    here = code_of(State(), opened)[0]
    near, far = (
        [code_of(State(first=Origin(steps=(Step(to=to, far=share),))), opened)[0] for to in range(8)] for share in (0.1, 0.5)
    )
    assert len({tuple(code.tolist()) for code in near + far}) == 16
    assert all((a - here).norm() < (b - here).norm() for a, b in zip(near, far, strict=True))


# ---- directions


def way(vector: list[float], name: str = "smile") -> Direction:
    """A direction that somebody found."""
    return Direction(name, "fitted", 1, tuple(vector), None, None, 0.0, 0.0, {})


VECTOR = [0.0, 0.6, 0.0, 0.0, 0.8, 0.0, 0.0, 0.0]


@pytest.mark.parametrize("kept", [False, True])
def test_a_named_direction_moves_the_code(tmp_path: Path, kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found in the model's folder, or where directions are kept; what is asked for is asked for all the same."""
    model = publish(tmp_path / "model")
    loaded = load_model(model)
    monkeypatch.setattr("tasks.places.DIRECTIONS", tmp_path / "kept")
    write_directions(tmp_path / "kept" / loaded.digest[:16] if kept else model, loaded, [way(VECTOR)])
    moved = code_of(State(directions={"smile": 1.5}, conditions={"hair_length": 0.4}), open_folder(model))
    expected = CONDITIONS.turned(codes_for(0, [0], 8) + 1.5 * torch.tensor(VECTOR), {"hair_length": 0.4})
    torch.testing.assert_close(moved, expected)
    with client_for(model) as client:
        assert client.get("/api/model/local").json()["directions"] == [{"name": "smile", "low": -3, "high": 3}]
        assert "one of smile" in ask(client, "draw", states=[{"directions": {"smlie": 1}}]).json()["error"]
        assert "from -3 to 3, found 9" in ask(client, "draw", states=[{"directions": {"smile": 9}}]).json()["error"]


def test_damaged_directions_are_named_and_left_out(tmp_path: Path) -> None:
    """Damaged, or another model's: the model opens without them, and says why."""
    model, other = publish(tmp_path / "model"), publish(tmp_path / "other", seed=1)
    put(model / NAME, b"[7")
    assert (open_folder(model).directions, "damaged" in open_folder(model).trouble[0]) == ((), True)
    write_directions(model, load_model(other), [way(VECTOR)])
    assert (open_folder(model).directions, "another's" in open_folder(model).trouble[0]) == ((), True)


# ---- what stands beside


def test_the_score_is_the_discriminators_first_answer(client: Client, place: tuple[Path, Path]) -> None:
    """And it is compared with what the same generator draws otherwise."""
    opened = open_folder(place[0])
    assert opened.judge is not None
    picture = torch.from_numpy(draw(opened.model.generator, 8, 1, seed=4)).permute(0, 3, 1, 2) / 127.5 - 1
    answer = ask(client, "inspect", state={"first": {"seed": 4}}).json()
    with torch.no_grad():
        assert answer["score"] == pytest.approx(opened.judge.network.d(picture)[0, 0].item(), abs=1e-5)
    assert answer["above"] == pytest.approx((opened.judge.usual < answer["score"]).mean())
    assert [len(answer["near"]), answer["copy"]] == [3, False]


def test_a_copy_is_called_a_copy(place: tuple[Path, Path]) -> None:
    """A training picture, a little changed, is one, and is shown; a picture that was held out is none."""
    store = Store.open(place[1])
    changed = np.clip(store.train[6].astype(int) + 2, 0, 255).astype(np.uint8)
    looked = Training(place[1])
    found = looked.near(changed, store.digest)
    assert not isinstance(found, str)
    near, pictures = found
    assert (near.rows[0], near.copy) == (6, True)
    assert np.array_equal(pictures[0], store.train[6])
    other = looked.near(store.heldout[0], store.digest)
    assert not isinstance(other, str)
    assert not other[0].copy


def test_another_data_set_is_not_shown(place: tuple[Path, Path], tmp_path: Path) -> None:
    """Nearest pictures of a data set that the model has never seen would say nothing; a missing one is said to be missing."""
    store = Store.open(place[1])
    assert "not the one that this model learnt from" in str(Training(place[1]).near(store.train[0], "0" * 32))
    assert "cannot be looked at" in str(Training(tmp_path / "none").near(store.train[0], store.digest))


@pytest.mark.parametrize(
    ("text", "conditions", "unread"),
    [
        ("long red hair, no glasses", {"hair_length": 0.83, "hair_colour": "red", "glasses": "none"}, ()),
        ("very short hair and glasses", {"hair_length": 0.2, "glasses": "square"}, ()),
        ("Hair length 0.5; ROUND glasses, please", {"hair_length": 0.5, "glasses": "round"}, ()),
        ("a portrait without any glasses", {"glasses": "none"}, ()),
        ("no", {}, ("no",)),
        ("a purple hat with red hair", {"hair_colour": "red"}, ("purple", "hat")),
        ("hair length 77", {"hair_length": 0.9}, ()),
        ("", {}, ()),
    ],
)
def test_words_ask_for_values(text: str, conditions: dict[str, Any], unread: tuple[str, ...]) -> None:
    """What names a value is asked for; what does not is named as not understood."""
    asked = asked_by(text, CONDITIONS)
    assert asked.conditions == {name: pytest.approx(value) for name, value in conditions.items()}
    assert asked.unread == unread


def test_words_ask_nothing_of_a_model_without_attributes() -> None:
    """All are named as not understood."""
    assert asked_by("red hair", None).unread == ("red", "hair")


# ---- pictures that carry their recipe


def test_a_saved_picture_restores_its_state(client: Client) -> None:
    """All of it: walk, mixing, truncation, conditions; and the model is found by its digest."""
    state = {
        **WALK.model_dump(mode="json"),
        "second": {"seed": 9, "picture": 1, "steps": []},
        "share": 0.25,
        "truncation": 0.7,
        "conditions": {"hair_colour": HOSTILE, "hair_length": 0.31},
    }
    saved = ask(client, "save", state=state)
    opened = client.post("/api/open", content=saved.content).json()
    assert opened == {"digest": digest(client), "model": "local", "state": state}
    assert np.array_equal(pixels_of(ask(client, "save", state=opened["state"]).content), pixels_of(saved.content))


def with_note(text: str) -> bytes:
    """A PNG whose recipe is `text`."""
    from PIL.PngImagePlugin import PngInfo

    notes, stream = PngInfo(), io.BytesIO()
    notes.add_text(KEY, text)
    Image.fromarray(pixels()).save(stream, "PNG", pnginfo=notes)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Expected a PNG"),
        (b"\x89PNG\r\n\x1a\nnothing", "Expected a PNG"),
        (encode(pixels(), "JPEG"), "Expected a PNG"),
        (encode(pixels()), "without a recipe"),
        (with_note("{}"), "recipe is damaged"),
        (with_note('{"model": "../../etc/passwd", "state": {}}'), "recipe is damaged"),
        (with_note("[" * 5000), "recipe is damaged"),
        (encode(np.zeros((1, 5000), np.uint8)), "Expected a PNG"),
    ],
    ids=["empty", "truncated", "jpeg", "plain", "no model", "a path", "deep", "wide"],
)
def test_other_files_are_refused(client: Client, content: bytes, words: str) -> None:
    """With a sentence that says what was expected; nothing is changed."""
    answer = client.post("/api/open", content=content)
    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert "Nothing was changed" in answer.json()["error"]


# ---- bad input


@pytest.mark.threat("hostile requests to the explorer", found="a sentence with 4xx")
@pytest.mark.parametrize(
    ("path", "more", "status", "words"),
    [
        ("draw", {"states": []}, 422, "at least 1"),
        ("draw", {"states": [{}] * 33}, 422, "at most 32"),
        ("draw", {"states": [{"conditions": {"hair_color": "red"}}]}, 422, "(hair_colour, "),
        ("draw", {"states": [{"conditions": {"hair_colour": "rde"}}]}, 422, "one of red, black"),
        ("draw", {"states": [{"conditions": {"hair_length": 2}}]}, 422, "from 0.2 to 0.9, found 2"),
        ("draw", {"states": [{"conditions": {"hair_length": "much"}}]}, 422, "found much"),
        ("draw", {"states": [{"conditions": {"hair_length": None}}]}, 422, "conditions.hair_length"),
        ("draw", {"states": [{"conditions": {str(i): 1 for i in range(201)}}]}, 422, "at most 200"),
        ("draw", {"states": [{"directions": {"smile": 1}}]}, 422, "of which none are known"),
        ("draw", {"states": [{"first": {"seed": -1}}]}, 422, "first.seed"),
        ("draw", {"states": [{"first": {"seed": 10**30}}]}, 422, "first.seed"),
        ("draw", {"states": [{"first": {"picture": 1_000_000}}]}, 422, "first.picture"),
        ("draw", {"states": [{"first": {"steps": [{"to": 8, "far": 0.5}]}}]}, 422, "less than 8"),
        ("draw", {"states": [{"first": {"steps": [{"to": 1, "far": 0.5}] * 201}}]}, 422, "at most 200"),
        ("draw", {"states": [{"truncation": 1.5}]}, 422, "truncation"),
        ("draw", {"states": [{"share": -0.1}]}, 422, "share"),
        ("draw", {"states": [{"colour": 1}]}, 422, "Extra inputs"),
        ("draw", {"states": [{}], "model": "../../etc/passwd"}, 422, "the name of a model (local, champion or the number"),
        ("draw", {"states": [{}], "model": "/etc/passwd"}, 422, "the name of a model"),
        ("draw", {"states": [{}], "model": "7"}, 422, "one of the models that there are (local)"),
        ("draw", {"states": [{}], "digest": "../x"}, 422, "digest"),
        ("draw", {"states": [{}], "digest": "0" * 64}, 409, "another one"),
        ("inspect", {"state": {"conditions": {"hat": "red"}}}, 422, "one of the model's attributes"),
        ("save", {"state": {"first": {"seed": "x" * 5000}}}, 422, "first.seed"),
        ("text", {"text": "x" * 501}, 422, "at most 500"),
        ("text", {"text": "x" * 100_000}, 413, "at most 65,536 bytes"),
        ("text", {}, 422, "Field required"),
    ],
)
def test_bad_input_is_answered_with_a_sentence(client: Client, path: str, more: dict[str, Any], status: int, words: str) -> None:
    """What was expected, with the nearest valid value first; short, whatever was sent; and never a traceback."""
    answer = ask(client, path, **more)
    assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text
    assert len(answer.text) < 1500
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[1]", b'{"states": NaN}', b"[" * 50_000])
def test_what_is_no_question_is_refused(client: Client, body: bytes) -> None:
    """Whatever it is: a sentence, no traceback."""
    answer = client.post("/api/draw", content=body, headers={"content-type": "application/json"})
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]


def test_not_a_number_is_refused(client: Client) -> None:
    """Python's JSON reads NaN and Infinity; no state has them."""
    for value in ("NaN", "Infinity"):
        body = f'{{"model": "local", "digest": "{digest(client)}", "states": [{{"truncation": {value}}}]}}'
        answer = client.post("/api/draw", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 422


def test_a_body_that_does_not_say_how_long_it_is_is_cut_off(client: Client) -> None:
    """Streamed, too: no more is read than a question may have."""
    answer = client.post("/api/text", content=(b"x" * 1000 for _ in range(100)), headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_a_model_that_became_another_one_is_noticed(tmp_path: Path) -> None:
    """The page of the old one is answered 409, and the new one's description has the digest to go on with."""
    with client_for(publish(tmp_path / "model")) as client:
        old = digest(client)
        publish(tmp_path / "model", seed=1)
        question = {"model": "local", "digest": old, "states": [{}]}
        assert client.post("/api/draw", json=question).status_code == 409
        assert client.post("/api/draw", json={**question, "digest": digest(client)}).status_code == 200


def test_a_missing_or_damaged_model_is_said(tmp_path: Path) -> None:
    """What to do next, with the folder's name."""
    with client_for(tmp_path / "model") as client:
        answer = client.get("/api/model/local")
        assert (answer.status_code, "Run the step train first" in answer.json()["error"]) == (422, True)
    put(publish(tmp_path / "model") / "generator.safetensors", b"nothing")
    with client_for(tmp_path / "model") as client:
        assert "a damaged one" in client.get("/api/model/local").json()["error"]


@pytest.mark.threat("a failure inside the explorer", found="a sentence; no traceback reaches the page")
def test_what_breaks_is_no_traceback(tmp_path: Path) -> None:
    """A sentence that says where to look; the page gets nothing of what broke, but keeps its policy."""
    with client_for(publish(tmp_path / "model"), read=broken) as client:
        answer = ask(client, "draw", states=[{}])
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


# ---- who may ask


@pytest.mark.threat("a foreign Host or Origin against the explorer", found="403")
@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:8765"},
        {"host": "user@127.0.0.1"},
        {"host": "127.0.0.1:x"},
        {"host": ""},
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:8765"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
def test_others_are_refused(client: Client, headers: dict[str, str]) -> None:
    """A name that was pointed at this machine, and another page in the same browser: 403, whatever they ask."""
    for path in ("model/local", "versions"):
        assert client.get(f"/api/{path}", headers=headers).status_code == 403
    assert client.post("/api/draw", json={}, headers=headers).status_code == 403


@pytest.mark.parametrize("host", ["127.0.0.1:8765", "localhost:8765", "LOCALHOST", "[::1]:8765"])
def test_this_machine_may_ask(client: Client, host: str) -> None:
    """By all of its own names, and as the page itself does."""
    answer = client.get("/api/model/local", headers={"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"})
    assert answer.status_code == 200


@pytest.mark.threat("another page's form against the explorer", found="422")
def test_a_form_of_another_page_is_no_question(client: Client) -> None:
    """What a page may send without asking first is not taken for JSON."""
    body = json.dumps({"model": "local", "digest": digest(client), "states": [{}]})
    assert client.post("/api/draw", content=body, headers={"content-type": "text/plain"}).status_code == 422


@pytest.mark.parametrize("path", ["/", "/static/explore.js", "/api/model/local", "/nothing", "/api/model/x"])
def test_every_answer_keeps_others_out(client: Client, path: str) -> None:
    """The policy has no other host, no inline script; nobody may frame the page or guess types."""
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


@pytest.mark.threat("a path in the place of a version or a file's name at the explorer", found="refused; nothing outside is read")
@pytest.mark.parametrize(
    "path",
    [
        *("/static/../app.py", "/static/..%2fapp.py", "/static/%2e%2e/app.py", "/static/..%5capp.py", "/static//etc/passwd"),
        *("/static/explore.js%00.py", "/static/__init__.py", "/api/model/..%2f..%2fmodel", "/api/model/%2fetc%2fpasswd"),
        *("/api/model/local%2f..%2f..", "/docs", "/openapi.json", "/api/model/.", "/api/model/local%00"),
    ],
)
def test_no_address_is_a_path(client: Client, path: str) -> None:
    """Only the page's own files, and models by their names."""
    answer = client.get(path)
    assert answer.status_code in (404, 422)
    assert "import" not in answer.text


def test_the_page_names_no_other_host() -> None:
    """Not in any of its files: what it needs is here."""
    static = PROJECT / "tasks" / "explore" / "static"
    for file in static.iterdir():
        text = file.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not [word for word in ("http:", "https:", "innerHTML", "eval(") if word in text], file.name


# ---- many at once


def test_what_waits_is_drawn_together(tmp_path: Path) -> None:
    """Ten users who ask at the same time are answered by two turns of the press, each with its own picture."""
    go, press = threading.Event(), Press()
    with client_for(publish(tmp_path / "model"), press=press, read=lambda folder: slowly(folder, go)) as client, pool() as many:
        go.set()
        name = digest(client)
        alone = [shown(client, {"first": {"picture": i}})[0] for i in range(10)]
        go.clear()
        before = press.batches
        asked = [many.submit(post, client, name, i) for i in range(10)]
        time.sleep(0.5)
        go.set()
        answers = [one.result(20) for one in asked]
    assert press.batches - before <= 3
    assert all(np.array_equal(picture, alone[i]) for i, (_, picture) in enumerate(answers))


@pytest.mark.threat("more requests than the queue holds", found="429, the others are answered")
def test_beyond_the_queue_nobody_hangs(tmp_path: Path) -> None:
    """While the press stands, what no longer fits is answered 429 at once, with when to try again; then all goes on."""
    go, press = threading.Event(), Press(waiting=4)
    with client_for(publish(tmp_path / "model"), press=press, read=lambda folder: slowly(folder, go)) as client, pool() as many:
        go.set()
        name = digest(client)
        go.clear()
        asked = [many.submit(post, client, name, i) for i in range(12)]
        wait_for(lambda: sum(one.done() for one in asked) >= 4)
        early = [one.result()[0] for one in asked if one.done()]
        go.set()
        answers = [one.result(20)[0] for one in asked]
    assert {one.status_code for one in early} == {429}
    assert all(one.headers["retry-after"] == "1" for one in early)
    assert {one.status_code for one in answers} == {200, 429}
    assert [one.status_code for one in answers].count(429) >= 4  # of twelve, four at most were being drawn and four waited


def wait_for(done: Callable[[], bool]) -> None:
    """Until it is so, ten seconds at most."""
    deadline = time.monotonic() + 10
    while not done() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert done()


def pool() -> ThreadPoolExecutor:
    """Twelve users."""
    return ThreadPoolExecutor(12)


def post(client: Client, digest: str, picture: int) -> tuple[Any, Any]:
    """A question for one picture, its answer and the picture, if it came."""
    question = {"model": "local", "digest": digest, "states": [{"first": {"picture": picture}}]}
    answer = client.post("/api/draw", json=question)
    if answer.status_code != 200:
        return answer, None
    return answer, pixels_of(base64.b64decode(answer.json()["pictures"][0]["png"]))


@pytest.mark.slow
def test_a_picture_answers_within_a_tenth_of_a_second(tmp_path: Path) -> None:
    """At 64 pixels, with networks of the usual width, through the whole server; the best of many, for others use this machine,
    too. `python -m bench.explorer` says how long it takes on a quiet one."""
    with client_for(publish(tmp_path / "model", size=64, width=64)) as client:
        name = digest(client)
        times = []
        for i in range(15):
            begun = time.perf_counter()
            assert post(client, name, i)[0].status_code == 200
            times.append(time.perf_counter() - begun)
    assert min(times) < 0.1


# ---- models


class Desk:
    """Stands in for the registry: two versions, of which the second is the champion."""

    def __init__(self, folder: Path) -> None:
        self.folders = {str(number): publish(folder / f"v{number}", seed=number) for number in (1, 2)}
        self.asked: list[str] = []

    def __call__(self, order: str, arguments: list[Any], patience: float) -> tuple[Any, str]:
        self.asked.append(order)
        if order == "versions":
            digests = {number: load_model(folder).digest for number, folder in self.folders.items()}
            return [{"number": n, "digest": digests[n], "champion": n == "2"} for n in ("2", "1")], ""
        number, goal = arguments
        (Path(goal) / "published").mkdir()
        for file in self.folders[number].iterdir():
            (Path(goal) / "published" / file.name).write_bytes(file.read_bytes())
        return "", ""


def test_any_version_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The champion, by its name or its number, and others; each is fetched once, and a saved picture finds its model again."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    desk = Desk(tmp_path)
    with client_for(publish(tmp_path / "model"), question=desk) as client:
        listed = client.get("/api/versions").json()
        assert [(one["number"], one["champion"]) for one in listed["versions"]] == [("2", True), ("1", False)]
        digests = {name: digest(client, name) for name in ("local", "champion", "1", "2")}
        assert digests["champion"] == digests["2"] == load_model(desk.folders["2"]).digest
        assert len(set(digests.values())) == 3
        question = {"model": "1", "digest": digests["1"], "state": {}}
        saved = client.post("/api/save", json=question)
        assert client.post("/api/open", content=saved.content).json()["model"] == "1"
        assert np.array_equal(pixels_of(saved.content), draw(load_model(desk.folders["1"]).generator, 8, 1, 0)[0])
        assert (
            client.get("/api/model/3").json()["error"].startswith("3: expected one of the models that there are (local, champion")
        )
    assert desk.asked == ["versions", "fetch", "fetch"]
    with client_for(tmp_path / "model", question=desk) as client:  # another day: from the cache
        digest(client, "2")
    assert desk.asked[3:] == ["versions"]


def test_without_a_registry_the_local_model_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the page is told why there are no others, without the password in the registry's address."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    with client_for(publish(tmp_path / "model")) as client:
        listed = client.get("/api/versions").json()
        assert listed["versions"] == []
        assert "http://127.0.0.1:9 cannot be asked (nothing answers). Only the model of this project" in listed["trouble"]
        assert client.get("/api/model/local").status_code == 200
        assert "nothing answers" in client.get("/api/model/champion").json()["error"]


def test_a_version_that_cannot_be_fetched_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason; nothing half is left in the cache."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")

    def question(order: str, arguments: list[Any], patience: float) -> tuple[Any, str]:
        return (
            ([{"number": "1", "digest": "a" * 64, "champion": True}], "") if order == "versions" else ("its files are gone", "")
        )

    with client_for(publish(tmp_path / "model"), question=question) as client:
        assert "its files are gone" in client.get("/api/model/champion").json()["error"]
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_damaged_cache_is_fetched_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies there under a version's digest and is another model is not shown as that version."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    desk = Desk(tmp_path)
    right = load_model(desk.folders["1"]).digest
    publish(tmp_path / "cache" / right, seed=9)
    with client_for(publish(tmp_path / "model"), question=desk) as client:
        assert "They were removed" in client.get("/api/model/1").json()["error"]
        assert digest(client, "1") == right


def test_a_model_without_attributes_is_asked_nothing(tmp_path: Path) -> None:
    """It is drawn from; who asks it for something is told."""
    from published import CONFIG

    from ganlib.sampling.model import write_model

    torch.manual_seed(0)
    folder = tmp_path / "model"
    folder.mkdir()
    card = {"dataset": "5" * 32, "size": 16, "channels": 3, "latent": 8, "kimg": 1.0}
    write_model(folder, {"generator": CONFIG.method.generator(16, 3)}, CONFIG.method, card)
    with client_for(folder) as client:
        described = client.get("/api/model/local").json()
        assert (described["attributes"], described["directions"], described["scores"]) == ([], [], False)
        assert shown(client, {"first": {"seed": 1}}).shape == (1, 16, 16, 3)
        assert "trained without conditions" in ask(client, "draw", states=[{"conditions": {"hair": 1}}]).json()["error"]


# ---- the command


@pytest.mark.slow
def test_the_command_serves_this_machine_only(tmp_path: Path) -> None:
    """It says where, answers there on the loopback address and on no other, and ends without a traceback."""
    port, model = free_port(), publish(tmp_path / "model")
    process = start("--port", str(port), "--model", str(model), "--no-browser")
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"The explorer is at http://127.0.0.1:{port}/ on this machine; Ctrl-C closes it.\n"
        assert answered(port).startswith(b"HTTP/1.1 200")
        listening = Path("/proc/net/tcp").read_text()
        assert f"0100007F:{port:04X}" in listening
        assert f"00000000:{port:04X}" not in listening
        assert "cannot listen there" in start("--port", str(port), "--no-browser").communicate(timeout=60)[0]
    finally:
        process.send_signal(2)
        output, _ = process.communicate(timeout=60)
    assert output.endswith("The explorer is closed.\n")
    assert "Traceback" not in output


def start(*arguments: str) -> "subprocess.Popen[str]":
    """The command."""
    command = [sys.executable, "-m", "tasks.explore", *arguments]
    return subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def answered(port: int) -> bytes:
    """The first line of the answer to a question for the page, as soon as somebody answers."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=60) as link:
                link.sendall(f"GET / HTTP/1.1\r\nHost: {HERE.removeprefix('http://')}\r\nConnection: close\r\n\r\n".encode())
                return link.recv(64)
        except OSError:
            time.sleep(0.1)
    return b""


@pytest.mark.parametrize("text", ["not red hair", "no red hair", "without very long hair", "blonde hair not red"])
def test_what_is_not_wanted_is_not_asked_for(text: str) -> None:
    """Neither red nor long: the words are shown as not understood."""
    colour, length = Attribute("hair_colour", ("blue", "red"), (0.5, 0.5)), Attribute("hair_length", knots=(-1.0, 0.0, 1.0))
    conditions = Conditions((colour, length))
    found = asked_by(text, conditions)
    assert found.conditions == {}
    assert set(found.unread) & {"red", "long"}


def test_a_number_below_zero_is_read_as_such() -> None:
    """The sign belongs to it."""
    conditions = Conditions((Attribute("hair_length", knots=(-1.0, 0.0, 1.0)),))
    assert asked_by("hair length -0.5", conditions).conditions == {"hair_length": -0.5}
