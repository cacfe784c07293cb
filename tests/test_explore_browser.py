"""The explorer in a real browser: a slider moved, the picture changed, the hair measured longer; by keyboard, on a phone."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from conftest import free_port
from exploring import CONDITIONS, HOSTILE, app_for, by_hand, hair, pixels_of, publish, publish_with_data
from test_report_browser import OVERFLOWING, luminance

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Open = Callable[..., Any]
LENGTH = f"#attribute-{CONDITIONS.names.index('hair_length')}"
COLOUR = f"#attribute-{CONDITIONS.names.index('hair_colour')}"
#: The page has drawn the portrait, and all that lies around it.
SETTLED = "document.body.dataset.state === 'settled'"
PIXELS = """() => { const image = document.getElementById('portrait'), canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight]; const pen = canvas.getContext('2d');
    pen.drawImage(image, 0, 0); return canvas.toDataURL('image/png').split(',')[1]; }"""


def serve(app: Any) -> tuple[uvicorn.Server, threading.Thread, str]:
    """The app, served from a thread of this process."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    return server, thread, f"http://127.0.0.1:{port}/"


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Explorers of the model made by hand, and of a tiny real one with its data."""
    folder = tmp_path_factory.mktemp("explore")
    apps = {"hand": app_for(folder / "none" / "model", read=lambda _: by_hand()), "tiny": app_for(*publish_with_data(folder))}
    running = {name: serve(app) for name, app in apps.items()}
    yield {name: address for name, (_, _, address) in running.items()}
    for server, thread, _ in running.values():
        server.should_exit = True
        thread.join(timeout=20)


@pytest.fixture
def look(chromium: Any, addresses: dict[str, str]) -> Iterator[Open]:
    """Open the explorer; what the browser complained of or asked for is in its `complaints` and `requests`."""
    contexts = []

    def opened(name: str = "hand", fragment: str = "", width: int = 1200, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 800}, accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.complaints, page.requests = [], []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("dialog", lambda dialog: page.complaints.append(f"dialog {dialog.message}"))
        page.goto(addresses[name] + fragment, wait_until="load")
        settle(page)
        return page

    yield opened
    for context in contexts:
        context.close()


def until(page: Any, expression: str) -> None:
    """Wait until an expression is true; playwright's own way would evaluate text in the page, which its policy forbids."""
    deadline = time.monotonic() + 20
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        page.wait_for_timeout(20)


def settle(page: Any) -> None:
    """Wait until the page has drawn all that it wants."""
    until(page, SETTLED)


def after(page: Any, action: Callable[[], Any]) -> None:
    """Do something that draws, and wait until it is drawn."""
    before = page.evaluate("document.body.dataset.drawn")
    action()
    until(page, f"document.body.dataset.drawn !== '{before}'")
    settle(page)


def portrait(page: Any) -> Any:
    """The pixels of the portrait as the browser shows it."""
    return pixels_of(base64.b64decode(page.evaluate(PIXELS)))[..., :3]


@pytest.mark.parametrize("name", ["hand", "tiny"])
def test_it_opens_without_any_other_host(look: Open, addresses: dict[str, str], name: str) -> None:
    """No complaint in the console, no request elsewhere, every picture decoded."""
    page = look(name)
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith((addresses[name], "data:"))] == []
    sizes = page.evaluate("[...document.images].map(image => image.complete && image.naturalWidth)")
    assert len(sizes) == 1 + 8 + 8 + 3 * (name == "tiny")
    assert all(size >= 16 for size in sizes)


def test_a_slider_moved_the_hair_is_measured_longer(look: Open) -> None:
    """The picture changes with the slider, and the bar of hair that is read off the screen is as long as was asked."""
    page = look()
    found = []
    for length in (0.3, 0.55, 0.85):
        after(page, lambda length=length: page.locator(LENGTH).fill(str(length)))
        found.append(hair(portrait(page)))
    assert found == pytest.approx([0.3, 0.55, 0.85], abs=1 / 32)
    assert page.locator("#caption").text_content().endswith("hair length 0.85")
    assert page.complaints == []


def test_all_of_it_works_by_keyboard(look: Open) -> None:
    """From the top with Tab alone: a slider is moved, a neighbour chosen, a step taken back; focus can always be seen."""
    page = look()
    tab_to(page, LENGTH)
    after(page, lambda: page.keyboard.press("End"))
    assert hair(portrait(page)) == pytest.approx(0.9, abs=1 / 32)
    after(page, lambda: page.keyboard.press("PageDown"))
    after(page, lambda: page.keyboard.press("ArrowLeft"))
    assert hair(portrait(page)) == pytest.approx(0.9 - 0.12 * 0.7, abs=1 / 32)
    tab_to(page, "#neighbours button")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("[...document.getElementById('neighbours').children].indexOf(document.activeElement)") == 2
    after(page, lambda: page.keyboard.press("Enter"))
    assert "p=0.0.2_4" in page.url
    assert page.evaluate("document.activeElement.parentElement.id") == "neighbours"
    tab_to(page, "#back", "Shift+Tab")
    after(page, lambda: page.keyboard.press("Enter"))
    assert "p=0.0&" in page.url


def tab_to(page: Any, goal: str, key: str = "Tab") -> None:
    """Press Tab until the focus is there; each stop on the way has a visible outline."""
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "none":
            assert page.evaluate("document.activeElement.matches('input[type=file], #controls')")
        if page.evaluate(f"document.activeElement.matches({json.dumps(goal)})"):
            return
    pytest.fail(f"Tab never came to {goal}")


def test_every_control_has_a_name(look: Open) -> None:
    """As a screen reader reads them; pictures to choose from say what they differ in, the portrait what it shows."""
    page = look()
    after(page, lambda: page.click("#keep"))
    unnamed = """[...document.querySelectorAll('button, input, select')].filter(element => !element.closest('[hidden]'))
        .filter(element => !(element.getAttribute('aria-label') || element.textContent.trim() || element.labels?.length))"""
    assert page.evaluate(f"{unnamed}.map(element => element.outerHTML)") == []
    assert page.locator("#portrait").get_attribute("alt").startswith("The portrait: hair colour ")
    assert page.locator("#sweep button").first.get_attribute("aria-label") == "hair length 0.2"
    assert page.locator(LENGTH).get_attribute("aria-valuetext")
    assert page.locator("h1").count() == page.locator("main").count() == 1
    assert page.locator("#heard").text_content().startswith("Now: hair colour ")
    snapshot = page.locator("#controls").aria_snapshot()
    assert 'slider "hair length"' in snapshot
    assert 'button "Hold hair length"' in snapshot


@pytest.mark.parametrize("width", [390, 320])
def test_nothing_overflows_on_a_phone(look: Open, width: int) -> None:
    """Nobody has to scroll sideways; the portrait stays in sight while the last slider is moved."""
    page = look(width=width)
    after(page, lambda: page.click("#keep"))
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(OVERFLOWING.replace(".hidden, .scroll", ".hidden, .long, .skip")) == []
    page.locator("#share").scroll_into_view_if_needed()
    top, bottom = page.evaluate("(({top, bottom}) => [top, bottom])(document.getElementById('portrait').getBoundingClientRect())")
    assert 0 <= top < bottom < 300


def test_targets_are_large_enough_for_a_thumb(look: Open) -> None:
    """At least 24 pixels each way (WCAG 2.2, 2.5.8)."""
    page = look(width=390)
    small = """[...document.querySelectorAll('button, select, input:not([type=file])')].filter(element => element.offsetParent)
        .filter(element => element.offsetWidth < 24 || element.offsetHeight < 24).map(element => element.outerHTML)"""
    assert page.evaluate(small) == []


def test_it_is_dark_where_the_reader_wants_it_dark(look: Open) -> None:
    """Of enough contrast either way (WCAG 2.2, 1.4.3)."""
    for scheme in ("light", "dark"):
        page = look(color_scheme=scheme)
        ground = luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert (ground > 0.5) == (scheme == "light")
        on = {"h1": "body", "#about": "body", "#verdict": ".panel", "#another": "#another", "#save": "#save"}
        for selector, box in on.items():
            colour, behind = page.evaluate(
                f"[getComputedStyle(document.querySelector('{selector}')).color,"
                f" getComputedStyle(document.querySelector('{box}')).backgroundColor]"
            )
            bright, dim = sorted((luminance(colour), luminance(behind)), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, (scheme, selector)


def test_the_link_restores_the_state(look: Open) -> None:
    """Another browser that is given the address shows the same portrait, with the same controls."""
    page = look()
    after(page, lambda: page.locator(LENGTH).fill("0.4"))
    after(page, lambda: page.locator(COLOUR).select_option("red"))
    after(page, lambda: page.locator("#neighbours button").nth(5).click())
    after(page, lambda: page.click("#keep"))
    after(page, lambda: page.click("#another"))
    after(page, lambda: page.locator("#share").fill("0.3"))
    after(page, lambda: page.locator("#truncation").fill("0.6"))
    other = look(fragment="#" + page.url.partition("#")[2])
    assert (portrait(other) == portrait(page)).all()
    for control in (LENGTH, COLOUR, "#share", "#truncation", "#seed", "#picture"):
        assert other.locator(control).input_value() == page.locator(control).input_value()
    assert other.url == page.url


@pytest.mark.parametrize(
    "fragment",
    ["#p=-1.x", "#v=../../etc", "#v=7", "#t=NaN&s=7", "#c.hat=red&c.hair_length=99", "#%E0%A4%A", "#" + "x" * 5000],
    ids=lambda fragment: fragment[:20],
)
def test_a_broken_link_breaks_nothing(addresses: dict[str, str], fragment: str, chromium: Any) -> None:
    """The page says what is wrong, or draws what it can; and it can be used all the same."""
    context = chromium.new_context()
    try:
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(addresses["hand"] + fragment)
        until(page, "document.getElementById('trouble').textContent || document.body.dataset.drawn")
        page.goto(addresses["hand"] + "#p=0.3")
        until(page, "document.body.dataset.drawn")
        assert errors == []
    finally:
        context.close()


def test_a_saved_picture_opens_again(look: Open, tmp_path: Path) -> None:
    """Saved from one page and opened in another: the same portrait, and the same file when it is saved there."""
    page = look()
    after(page, lambda: page.locator(LENGTH).fill("0.65"))
    after(page, lambda: page.locator("#neighbours button").nth(1).click())
    saved = download(page, tmp_path / "one.png")
    other = look()
    after(other, lambda: other.locator("#file").set_input_files(saved))
    assert (portrait(other) == portrait(page)).all()
    assert (portrait(other) == pixels_of(saved.read_bytes())).all()
    assert download(other, tmp_path / "two.png").read_bytes() == saved.read_bytes()
    other.locator("#file").set_input_files(Path(__file__))
    other.wait_for_selector("#trouble:visible")
    assert "Expected a PNG" in other.locator("#trouble").text_content()


def download(page: Any, goal: Path) -> Path:
    """What the button saves."""
    with page.expect_download() as found:
        page.click("#save")
    found.value.save_as(goal)
    return goal


def test_words_turn_the_controls(look: Open) -> None:
    """What was understood is drawn and said, what was not is said."""
    page = look()
    page.fill("#text", "very long red hair, no glasses, purple hat")
    after(page, lambda: page.keyboard.press("Enter"))
    assert hair(portrait(page)) == pytest.approx(0.9, abs=1 / 32)
    assert portrait(page)[3, 3].tolist() == [200, 30, 30]
    assert page.locator("#understood").text_content().endswith("Not understood: purple, hat.")


def test_a_direction_is_followed_and_left(look: Open) -> None:
    """The paper becomes lighter along its direction; in the middle again, the portrait is the one that it was."""
    page = look()
    before = portrait(page)
    after(page, lambda: page.get_by_role("slider", name="paper").fill("2.5"))
    assert portrait(page)[31, 31].min() > before[31, 31].max()
    assert "x.paper=2.5" in page.url
    page.locator("#swept").select_option("→ paper")
    settle(page)
    assert page.locator("#sweep [aria-current]").text_content() == "2.14"  # the nearest of eight from -3 to 3
    after(page, lambda: page.click("#level"))
    assert (portrait(page) == before).all()


@pytest.mark.threat("HTML and script in labels, in the explorer", found="shown as text in Chromium; nothing runs")
def test_labels_are_never_read_as_html(look: Open) -> None:
    """A value of a label that looks like a script is shown as it is, everywhere, and chosen like any other."""
    page = look()
    after(page, lambda: page.locator(COLOUR).select_option(HOSTILE))
    page.locator("#swept").select_option("hair_colour")
    settle(page)
    assert HOSTILE in page.locator("#caption").text_content()
    assert HOSTILE in page.locator("#sweep").text_content()
    assert page.locator("img[src=x]").count() == 0
    assert page.complaints == []


def test_what_is_held_stays(look: Open) -> None:
    """Held values stay when another portrait comes; what is let go follows the portrait again."""
    page = look()
    after(page, lambda: page.locator(LENGTH).fill("0.77"))
    assert page.get_by_role("button", name="Hold hair length").get_attribute("aria-pressed") == "true"
    lengths = set()
    for _ in range(3):
        after(page, lambda: page.click("#another"))
        lengths.add(page.locator(LENGTH).input_value())
    assert lengths == {"0.77"}
    after(page, lambda: page.click("#free-all"))
    assert page.locator(LENGTH).input_value() != "0.77"


def test_a_walk_and_a_mix(look: Open) -> None:
    """The strip begins at this portrait and ends at the kept one; the marked picture is the one that is shown."""
    page = look("tiny")
    kept = portrait(page)
    after(page, lambda: page.click("#keep"))
    after(page, lambda: page.click("#another"))
    here = portrait(page)
    after(page, lambda: page.locator("#strip button").last.click())
    assert (portrait(page) == kept).all()
    assert page.locator("#strip [aria-current]").text_content() == "100 %"
    after(page, lambda: page.go_back())
    assert (portrait(page) == here).all()


def test_a_model_that_became_another_one_is_loaded_anew(chromium: Any, tmp_path: Path) -> None:
    """The page notices at the next picture, shows the new model, and says so."""
    server, thread, address = serve(app_for(publish(tmp_path / "model")))
    context = chromium.new_context()
    try:
        page = context.new_page()
        page.goto(address)
        settle(page)
        before = page.locator("#about").text_content()
        publish(tmp_path / "model", seed=1)
        page.click("#another")
        until(page, f"document.getElementById('about').textContent !== {json.dumps(before)}")
        settle(page)
        assert page.locator("#trouble").is_hidden()
    finally:
        context.close()
        server.should_exit = True
        thread.join(timeout=20)


def test_without_a_model_there_is_only_a_sentence(chromium: Any, tmp_path: Path) -> None:
    """It says what to do; no control that would do nothing."""
    server, thread, address = serve(app_for(tmp_path / "model"))
    context = chromium.new_context()
    try:
        page = context.new_page()
        page.goto(address)
        page.wait_for_selector("#trouble:visible")
        assert "Run the step train first" in page.locator("#trouble").text_content()
        assert page.locator("main button:visible").count() == 0
    finally:
        context.close()
        server.should_exit = True
        thread.join(timeout=20)


def test_a_page_left_alone_says_so(chromium: Any, tmp_path: Path) -> None:
    """When the explorer was closed in its terminal, the next picture is answered by a sentence."""
    server, thread, address = serve(app_for(publish(tmp_path / "model")))
    context = chromium.new_context()
    try:
        page = context.new_page()
        page.goto(address)
        settle(page)
        server.should_exit = True
        thread.join(timeout=20)
        page.click("#another")
        page.wait_for_selector("#trouble:visible")
        assert "Start it again" in page.locator("#trouble").text_content()
    finally:
        context.close()
