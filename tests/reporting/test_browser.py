"""What a reader sees: the saved page and the live one, in a real Chromium."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest
from chromium import BROWSER, DRIVER, chromium, until
from pages import MARKUP, hostile
from studies import plain, study

import tuneflow as tf
from tuneflow.storage.open import open_storage

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),  # one browser at a time
    pytest.mark.skipif(not (BROWSER and DRIVER), reason="no chromium and chromedriver here"),
]

HARMLESS = re.compile("WebGL|GL Driver")  # a machine without a graphics card says so


@pytest.fixture(scope="module")
def browser():
    with chromium() as driver:
        yield driver


@pytest.fixture
def seen(browser, tmp_path):
    """Save a report and open it."""

    def seen(report, **more):
        browser.get("about:blank")  # a live page that was left open still calls its server
        browser.get_log("browser")
        browser.get(report.save(tmp_path / "page.html", **more).as_uri())
        return browser

    yield seen
    complaints = [line["message"] for line in browser.get_log("browser")]
    assert [line for line in complaints if not HARMLESS.search(line)] == []


def all_of(driver, selector):
    return driver.find_elements("css selector", selector)


def text_of(driver, selector="body"):
    return driver.execute_script(
        "return document.querySelector(arguments[0]).textContent", selector
    )


def draw_all(driver):
    """Scroll down, as a reader does, until every figure is drawn."""
    count = len(all_of(driver, ".plot"))
    for at in range(count):
        driver.execute_script(
            "document.querySelectorAll('.plot')[arguments[0]].scrollIntoView()", at
        )
        until(lambda at=at: drawn(driver, at))
    return count


def drawn(driver, at):
    script = "return document.querySelectorAll('.plot')[arguments[0]].querySelector('.main-svg')"
    return driver.execute_script(script, at)


# ---------- the saved page ----------


@pytest.mark.parametrize("plotly", ["inline", "directory"])
def test_every_figure_is_drawn_offline(seen, plotly):
    report = tf.report(study(60))
    assert draw_all(seen(report, plotly=plotly)) == len(report.figures)


@pytest.mark.parametrize("width", [360, 1400])
def test_nothing_sticks_out_at_the_side(seen, width):
    driver = seen(tf.report(study(60)))
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    draw_all(driver)
    wide = driver.execute_script("return document.documentElement.scrollWidth")
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width


def test_names_from_storage_run_nothing(seen):
    driver = seen(tf.report(plain(40, hostile, study_name=MARKUP)))
    draw_all(driver)
    for details in all_of(driver, "details"):
        driver.execute_script("arguments[0].open = true", details)
    assert text_of(driver, "h1") == MARKUP
    assert MARKUP in text_of(driver, "#slices figcaption")
    assert MARKUP in text_of(driver, "#contour, #relations")
    assert len(all_of(driver, "script")) == 2
    assert not all_of(driver, "main script, svg script")
    ticks = [text(tick) for tick in all_of(driver, "#relations .tick text")]
    assert MARKUP in ticks
    assert not any("&lt;" in text(plot) for plot in all_of(driver, ".plot"))


def test_the_table_of_trials_sorts_filters_and_turns_over(seen):
    driver = seen(tf.report(study(60)))
    until(lambda: len(all_of(driver, "#trials tbody tr")) == 25)
    assert text_of(driver, "#trials output") == "1 to 25 of 60"
    press(driver, column(driver, "score"))
    up = cells(driver, "score")
    assert up == sorted(up)
    press(driver, column(driver, "score"))
    assert cells(driver, "score")[0] == max(cells(driver, "score"))
    press(driver, all_of(driver, "#trials .tools button")[1])
    assert text_of(driver, "#trials output") == "26 to 50 of 60"
    box = all_of(driver, "#trials input")[0]
    box.send_keys("pruned seconds>=1")
    states = {text(all_of(row, "td")[1]) for row in all_of(driver, "#trials tbody tr")}
    assert states == {"pruned"}
    box.send_keys(" nothing")
    assert text_of(driver, "#trials output") == "no row fits"


def column(driver, name):
    return next(b for b in all_of(driver, "#trials th button") if text(b) == name)


def text(element):
    return element.get_attribute("textContent")


def press(driver, element):
    """Click, wherever the page is scrolled to."""
    driver.execute_script("arguments[0].click()", element)


def cells(driver, name):
    heads = [text(button) for button in all_of(driver, "#trials th button")]
    at = heads.index(name) + 1
    found = [text(cell) for cell in all_of(driver, f"#trials tbody td:nth-child({at})")]
    return [float(value) for value in found if value]


def test_tables_under_figures_open_by_keyboard(seen):
    driver = seen(tf.report(study(60)))
    summary = all_of(driver, "#history summary")[0]
    summary.send_keys("\ue006")  # return
    until(lambda: len(all_of(driver, "#history tbody tr")) == 25)
    from selenium.webdriver.common.keys import Keys

    column(driver, "rank").send_keys(Keys.SPACE)
    assert cells(driver, "rank")[0] == 1


def test_light_and_dark_follow_the_reader_and_the_button(seen):
    driver = seen(tf.report(study(60)))
    draw_all(driver)

    def ink():
        return driver.execute_script(
            "return getComputedStyle(document.querySelector('#history .xtick text')).fill"
        )

    before = ink()
    press(driver, all_of(driver, "#theme")[0])
    until(lambda: ink() != before)
    assert all_of(driver, "#theme")[0].get_attribute("aria-pressed") == "true"
    press(driver, all_of(driver, "#theme")[0])
    until(lambda: ink() == before)
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    driver.refresh()
    draw_all(driver)
    assert ink() != before
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_it_prints_every_figure_in_light_colours(seen):
    driver = seen(tf.report(study(60)))
    pdf = driver.execute_cdp_cmd("Page.printToPDF", {})["data"]
    assert len(pdf) > 100_000
    assert all(drawn(driver, at) for at in range(len(all_of(driver, ".plot"))))


# ---------- the live page ----------

WRITER = """
import sys, time, optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
from tuneflow.storage.open import open_storage
study = optuna.load_study(study_name="running", storage=open_storage(sys.argv[1]))

def objective(trial):
    for step in range(3):
        trial.report(step, step)
    time.sleep(0.3)
    return trial.suggest_float("x", 0, 1)

study.optimize(objective, n_trials=40)
"""


@contextmanager
def serving(storage, *more):
    """The dashboard in a process of its own; gives its URL."""
    words = [sys.executable, "-m", "tuneflow", "dashboard", storage, "--port", "0", "--no-browser"]
    server = subprocess.Popen([*words, *more], stderr=subprocess.PIPE, text=True)
    try:
        url = re.search(r"http://\S+(?=;)", server.stderr.readline())[0]
        yield url
    finally:
        server.kill()
        server.communicate()


@pytest.fixture
def storage(tmp_path):
    path = tmp_path / "a.db"
    study(20, storage=f"sqlite:///{path}")
    made = study(0, ours=False, name="running", storage=f"sqlite:///{path}")
    made.enqueue_trial({"x": 0.5})
    return path


def choose(driver, name, study_):
    driver.find_element("id", name).click()
    until(
        lambda: [
            o for o in all_of(driver, ".dash-dropdown-option, [role=option]") if study_ in o.text
        ]
    )
    option = [
        o for o in all_of(driver, ".dash-dropdown-option, [role=option]") if study_ in o.text
    ]
    option[0].click()
    driver.find_element("tag name", "body").send_keys("\ue00c")  # escape closes the list


def test_the_live_page_follows_a_study_that_another_process_runs(browser, storage):
    words = [sys.executable, "-c", WRITER, storage]
    with serving(storage, "--study", "running") as url:
        browser.get(url)
        browser.get_log("browser")
        until(lambda: "1 trial" in text_of(browser, "#status"))
        started = time.monotonic()
        counts = set()
        with subprocess.Popen(words, stderr=subprocess.PIPE) as writer:
            while writer.poll() is None:
                counts.add(text_of(browser, "#status"))
                time.sleep(0.2)
            assert writer.returncode == 0, writer.stderr.read().decode()
        assert time.monotonic() - started < 60  # it was not held up
        until(lambda: text_of(browser, "#status") == "40 trials")
        assert len(counts) > 2
        assert any("running" in count for count in counts)
        assert text_of(browser, "h1") == "running"
        assert draw_all(browser) > 3
        complaints = [line["message"] for line in browser.get_log("browser")]
        assert [line for line in complaints if not HARMLESS.search(line)] == []


def test_studies_are_chosen_and_compared_on_the_live_page(browser, storage):
    study(30, name=MARKUP, storage=f"sqlite:///{storage}")
    with serving(storage, "--study", "churn") as url:
        browser.get(url)
        until(lambda: all_of(browser, "h1") and text_of(browser, "h1") == "churn")
        assert draw_all(browser) > 5
        choose(browser, "study", MARKUP)
        until(lambda: text_of(browser, "h1") == MARKUP)
        choose(browser, "others", "churn")
        until(lambda: all_of(browser, "#studies"))
        assert "2 studies" in text_of(browser, "#studies .note")
        assert not all_of(browser, "main script")


def test_a_page_opened_too_early_shows_the_first_study_and_says_when_the_file_goes(
    browser, tmp_path
):
    path, away = tmp_path / "a.db", tmp_path / "away.db"
    open_storage(path).engine.dispose()
    with serving(path) as url:
        browser.get(url)
        until(lambda: text_of(browser, "#status") == "No study yet.")
        study(20, storage=f"sqlite:///{path}")
        until(lambda: all_of(browser, "h1") and text_of(browser, "h1") == "churn")
        until(lambda: text_of(browser, "#study") == "churn")
        path.rename(away)
        until(lambda: "there is no file" in text_of(browser, "#status"))
        assert text_of(browser, "h1") == "churn"
        away.rename(path)
        until(lambda: text_of(browser, "#status") == "20 trials")


def test_the_live_page_writes_nothing_and_is_for_this_machine_only(storage):
    before = storage.read_bytes()
    with serving(storage) as url:
        with urllib.request.urlopen(url) as page:
            assert page.status == 200
        assert url.startswith("http://127.0.0.1:")
        foreign = urllib.request.Request(url, headers={"Host": "evil.example:80"})
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(foreign)
    assert storage.read_bytes() == before
    assert [path.name for path in storage.parent.iterdir()] == [storage.name]


def test_a_dashboard_of_nothing_is_refused(tmp_path):
    words = [sys.executable, "-m", "tuneflow", "dashboard", tmp_path / "no.db", "--no-browser"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2
    assert "there is no file" in done.stderr
    assert not list(tmp_path.iterdir())
