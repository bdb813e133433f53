"""A page in Chromium: no error, nothing that overflows, all by keyboard, and the checks of axe-core."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import lscli
from tests.command import ROOT
from tests.render.report.test_page import FEW, OTHER, X, Y

# The environment variable that names the file axe.min.js.
AXE = "AXE_CORE"
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def axe_core() -> str:
    """The source of axe-core."""
    places = [os.environ.get(AXE, ""), os.path.join(ROOT, "node_modules/axe-core/axe.min.js")]
    there = [each for each in places if each and os.path.isfile(each)]
    if not there:
        pytest.skip(f"there is no axe-core: npm install axe-core, or set {AXE}")
    return Path(there[0]).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if program is None or driver is None:
        pytest.skip("there is no browser")
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    found = webdriver.Chrome(options=options, service=Service(driver))
    yield found
    found.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("pages")
    long = "a-long-name-without-a-space-" * 8
    lscli.html_report(X, Y, **FEW).save(folder / "one.html")
    lscli.html_report({"one": X, long: OTHER, "three": 2 * X}, Y, groups=[long] * 100 + ["b"] * 100, **FEW).save(
        folder / "three.html"
    )
    return [f"file://{folder}/{name}.html" for name in ("one", "three")]


SIZES = pytest.mark.parametrize(("number", "width"), [(0, 400), (0, 1400), (1, 400), (1, 1400)])


def shown(browser: Any, page: str, width: int) -> Iterator[None]:
    """Show a page at a width, in light and then in dark colours."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        browser.get(page)
        yield


@SIZES
def test_a_page_fits_and_has_no_error(browser: Any, pages: list[str], number: int, width: int) -> None:
    for _ in shown(browser, pages[number], width):
        assert [] == browser.get_log("browser")
        assert width >= browser.execute_script("return document.scrollingElement.scrollWidth")


@SIZES
def test_a_page_passes_the_checks_of_axe_core(
    browser: Any, pages: list[str], axe_core: str, number: int, width: int
) -> None:
    for _ in shown(browser, pages[number], width):
        browser.execute_script(axe_core)
        found = browser.execute_async_script(
            "const done = arguments[0]; axe.run().then(found => done(found.violations.map("
            "each => [each.id, each.nodes.map(node => node.html.slice(0, 200))])))"
        )
        assert [] == found


def test_the_keyboard_reaches_every_table_and_link_and_shows_where_it_is(browser: Any, pages: list[str]) -> None:
    from selenium.webdriver.common.keys import Keys

    browser.get(pages[0])
    expected = browser.execute_script("return document.querySelectorAll('a[href], [tabindex=\"0\"]').length")
    seen, body = 0, browser.find_element("tag name", "body")
    for _ in range(expected):
        body.send_keys(Keys.TAB) if not seen else browser.switch_to.active_element.send_keys(Keys.TAB)
        style = browser.execute_script("const s = getComputedStyle(document.activeElement); return s.outlineStyle")
        inside = browser.execute_script("return document.activeElement !== document.body")
        assert (True, "solid") == (inside, style)
        seen += 1
    assert expected == seen > 10
