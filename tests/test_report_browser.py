"""The report in a real browser: complete without a network, on a phone, in the dark, on paper."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from published import publish_tiny, without_optional
from test_report import DECISION

from tasks.page.champion import with_decision
from tasks.report import report

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Open = Callable[..., Any]
OVERFLOWING = """[...document.querySelectorAll('body *')].filter(element => !element.closest('.hidden, .scroll'))
    .filter(element => element.getBoundingClientRect().right > innerWidth + 0.5).map(element => element.outerHTML.slice(0, 80))"""
PALE = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page with everything, with the decision in it, and the one of an older pipeline."""
    folder = tmp_path_factory.mktemp("pages")
    tiny = publish_tiny(folder)
    full, bare = report(tiny, folder / "full"), report(without_optional(tiny), folder / "bare")
    morning = folder / "morning.html"
    morning.write_text(with_decision(full.read_text(), DECISION))
    return {"full": full, "bare": bare, "morning": morning}


@pytest.fixture
def look(chromium: Any, pages: dict[str, Path]) -> Iterator[Open]:
    """Open a page, offline; what the browser complained of or asked for is in its `complaints` and `requests`."""
    contexts = []

    def opened(name: str, width: int = 1200, scheme: str = "light") -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.complaints, page.requests = [], []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(pages[name].as_uri(), wait_until="load")
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", ["full", "bare", "morning"])
def test_it_opens_without_a_network(look: Open, pages: dict[str, Path], name: str) -> None:
    """No request but for the page itself, no complaint in the console, every picture decoded."""
    page = look(name)
    sizes = page.evaluate("[...document.images].map(image => image.complete && image.naturalWidth)")
    assert len(sizes) > 20
    assert all(size >= 16 for size in sizes)
    assert [url for url in page.requests if not url.startswith("data:")] == [pages[name].as_uri()]
    assert page.complaints == []


@pytest.mark.parametrize("name", ["full", "bare", "morning"])
def test_nothing_overflows_on_a_phone(look: Open, name: str) -> None:
    """At 390 pixels nobody has to scroll sideways, and no table has to be pushed about."""
    page = look(name, width=390)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate("[...document.querySelectorAll('.scroll')].map(box => box.scrollWidth - box.clientWidth)").count(0) >= 2


def test_it_is_dark_where_the_reader_wants_it_dark(look: Open) -> None:
    """Pale letters on a dark ground, and the other way round; of enough contrast either way (WCAG 2.2, 1.4.3)."""
    for scheme in ("light", "dark"):
        page = look("morning", scheme=scheme)
        ground = luminance(page.evaluate(PALE))
        assert (ground > 0.5) == (scheme == "light")
        for selector in ("p", "figcaption", "nav a", "small", "h1"):
            colour = page.evaluate(f"getComputedStyle(document.querySelector('main {selector}, {selector}')).color")
            bright, dim = sorted((luminance(colour), ground), reverse=True)
            assert (bright + 0.05) / (dim + 0.05) >= 4.5, (scheme, selector)


def test_links_lead_to_their_sections(look: Open) -> None:
    """Without a script: each is followed by a click."""
    page = look("full")
    for link in page.locator("nav a").all():
        link.click()
        target = page.evaluate("document.querySelector(':target').getBoundingClientRect().top")
        bottom = page.evaluate("document.documentElement.scrollHeight - scrollY - innerHeight")
        assert -1 <= target <= 40 or bottom <= 1


def test_it_can_be_printed(look: Open) -> None:
    """On A4, in the dark, too: white paper, nothing beyond its edge, no links to click."""
    page = look("morning", width=718, scheme="dark")  # an A4 page less its margins
    page.emulate_media(media="print")
    assert page.evaluate(PALE) == "rgb(255, 255, 255)"
    assert page.evaluate(OVERFLOWING) == []
    assert not page.locator("nav").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def luminance(colour: str) -> float:
    """Relative luminance of "rgb(r, g, b)" (WCAG 2.2)."""
    channels = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return sum(weight * channel for weight, channel in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
