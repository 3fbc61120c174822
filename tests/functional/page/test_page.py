"""The page in a real browser: seen live, understood alone, and not taken over by what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.faults.pipes import Pipe
from support.pages.page_lab import after, value_of
from support.session.slow_cases import slow_after

if TYPE_CHECKING:
    from pathlib import Path

    from support.pages.page_browser import PageBrowser
    from support.pages.page_lab import PageLab

PASSWORD = "correct horse battery"


def test_somebody_logs_in_and_out(browser: PageBrowser, lab: PageLab) -> None:
    with browser.viewer(lab.service) as viewer:
        viewer.page.goto(lab.service.url)
        viewer.page.get_by_label("Name").fill("nobody")
        viewer.page.get_by_label("Password").fill("wrong")
        viewer.page.get_by_role("button", name="Log in", exact=True).click()
        viewer.page.get_by_role("alert").get_by_text("does not know this name").wait_for()
        viewer.log_in()
        (cookie,) = viewer.page.context.cookies()
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Strict"
        assert viewer.page.evaluate("document.cookie") == ""
        viewer.page.get_by_role("button", name="Log out").click()
        viewer.page.get_by_role("heading", name="Log in").wait_for()
        assert viewer.page.context.cookies() == []


@pytest.mark.slow
def test_a_fit_is_watched_from_start_to_end(
    browser: PageBrowser, lab: PageLab, tmp_path: Path
) -> None:
    with (
        Pipe(tmp_path / "up") as up,
        Pipe(tmp_path / "go") as go,
        browser.viewer(lab.service) as viewer,
    ):
        viewer.log_in()
        assembly = lab.call("define_fit", "model", "data")
        fit = lab.call(
            "fit_film",
            value_of(assembly["id"]),
            kwargs={"up": str(up), "go": str(go)},
            label="fit of the film",
        )
        waits = lab.call("collect", [value_of(fit["id"])], label="what waits")
        lab.submit(assembly, fit, waits)
        assert up.receive() == "there"
        viewer.section("Running").get_by_text("fit of the film").wait_for()
        viewer.section("Running").get_by_text("30 of 60").wait_for()
        viewer.section("Waiting").get_by_text("fit of the film) is running").wait_for()
        viewer.page.get_by_role("link", name="fit of the film").click()
        viewer.page.get_by_role("heading", name="fit of the film").wait_for()
        viewer.section("Log").get_by_text("step  30").wait_for()
        viewer.section("Log").locator(".a-6").first.wait_for()  # in the colour that it has
        viewer.section("Progress").get_by_text("30 reports").wait_for()
        viewer.section("Progress").locator("canvas").wait_for()
        viewer.section("Call").get_by_text("the value of job").wait_for()
        go.send("go")
        viewer.section("Result").get_by_text("'roughness': 4.2").wait_for()
        viewer.section("Log").get_by_text("step  60").wait_for()
        viewer.section("Progress").get_by_text("60 reports").wait_for()
        viewer.section("Timeline").get_by_text("completed").wait_for()
        search = viewer.page.get_by_label("Search the log")
        search.fill("step  40")
        viewer.section("Log").get_by_text("1 found").wait_for()


@pytest.mark.slow
def test_files_are_shown_as_what_they_are(browser: PageBrowser, lab: PageLab) -> None:
    assembly = {"parameters": ["thickness"]}
    (job,) = lab.submit(lab.call("fit_film", assembly, 20))
    lab.service.result_of(job)
    with browser.viewer(lab.service) as viewer:
        viewer.log_in()
        viewer.open(f"#/jobs/{job}")
        files = viewer.section("Files")
        files.get_by_role("button", name="curve-1.dat").click()
        files.get_by_label("Curves of curve-1.dat").locator("canvas").wait_for()
        files.get_by_label("Residuals of curve-1.dat").locator("canvas").wait_for()
        files.get_by_role("button", name="thickness.npy").click()
        files.get_by_text("float64, 200").first.wait_for()
        for name in ("fit.svg", "peak.png"):
            files.get_by_role("button", name=name).click()
            picture = files.get_by_alt_text(f"Picture {name}")
            picture.wait_for()
            viewer.page.wait_for_function(
                "name => document.querySelector(`img[alt='Picture ${name}']`).naturalWidth > 0",
                arg=name,
            )
        assert viewer.page.title() != "taken"
        with viewer.page.expect_download() as download:
            files.get_by_role("link", name="Download curve-1.dat").click()
        assert "residual" in download.value.path().read_text()


@pytest.mark.slow
def test_a_failure_is_understood_from_the_page_alone(browser: PageBrowser, lab: PageLab) -> None:
    bad = lab.call("wrong", "the roughness is thicker than the layer", label="a bad layer")
    hurt = lab.call("collect", [value_of(bad["id"])], label="what needs it", when=after(bad["id"]))
    lab.submit(bad, hurt)
    with browser.viewer(lab.service) as viewer:
        viewer.log_in()
        line = "ValueError: the roughness is thicker than the layer"
        viewer.section("Failed lately").get_by_text(line).first.wait_for()
        viewer.page.get_by_role("link", name="what needs it").click()
        why = viewer.section("Why")
        why.get_by_text("Why it was cancelled").wait_for()
        why.get_by_text(line).first.wait_for()
        viewer.open(f"#/jobs/{bad['id']}")
        why.get_by_text("Why it failed").wait_for()
        why.get_by_text("raise ValueError(text)").wait_for()
        viewer.section("Call").get_by_text("'the roughness is thicker than the layer'").wait_for()


@pytest.mark.slow
def test_a_job_is_cancelled_and_run_again(
    browser: PageBrowser, lab: PageLab, tmp_path: Path
) -> None:
    with (
        Pipe(tmp_path / "up") as up,
        Pipe(tmp_path / "go") as go,
        browser.viewer(lab.service) as viewer,
    ):
        held = lab.call("reduce_run", 7, kwargs={"up": str(up), "go": str(go)})
        (job,) = lab.submit(held)
        assert up.receive() == "there"
        viewer.log_in()
        viewer.open(f"#/jobs/{job}")
        viewer.page.get_by_role("button", name="Cancel").click()
        viewer.section("Why").get_by_text("Why it was cancelled").wait_for()
        viewer.page.get_by_role("button", name="Run again").click()
        assert up.receive() == "there"
        viewer.section("Timeline").get_by_text("started").wait_for()
        again = viewer.page.url.rpartition("/")[2]
        assert again != job
        go.send("go")
        viewer.section("Result").get_by_text("'run': 7").wait_for()


ATTACKS = [
    "<img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>",
    "\"><svg/onload=alert(1)>'`${alert(1)}`{{7*7}}<iframe srcdoc='<script>parent.x=1</script>'>",
    "\x1b]8;;javascript:alert(1)\x07x\x1b]8;;\x07 \x1b[31m</span><b>b</b>\x1b[0m \x1b[38;5;999m",
    "\u202eright to left \u2028 line \U000e0001 \x00\x07 end",
]


@pytest.mark.slow
@pytest.mark.parametrize("number", slow_after(2, range(len(ATTACKS))))
def test_what_others_wrote_is_text(browser: PageBrowser, lab: PageLab, number: int) -> None:
    text = ATTACKS[number]
    name = f"{number} <img src=x onerror=alert(1)>.html"
    label = "".join(each for each in text if each.isprintable())[:150]
    said, failed = lab.call("talk", text, name, label=label), lab.call("wrong", text)
    lab.submit(said, failed)
    lab.service.job_when_final(said["id"])
    lab.service.job_when_final(failed["id"])
    with browser.viewer(lab.service) as viewer:
        viewer.log_in()
        viewer.section("Failed lately").get_by_text("ValueError").first.wait_for()
        viewer.open("#/list")
        viewer.page.get_by_role("link", name=label).first.wait_for()
        for job in (said["id"], failed["id"]):
            viewer.open(f"#/jobs/{job}")
            viewer.section("Call").get_by_text("page_model:").wait_for()
            viewer.section("Log").get_by_text("stderr").wait_for()
        viewer.open(f"#/jobs/{said['id']}")
        viewer.section("Files").get_by_role("button", name=name).click()
        viewer.section("Files").locator("pre").wait_for()
        found = viewer.page.evaluate(
            "() => [...document.querySelectorAll('script:not([src]), iframe, [onerror], [onload],"
            ' main a[href^="javascript:"], main b b, img[src=x]\')].map(each => each.outerHTML)'
        )
        assert found == []
        assert viewer.page.title() != "taken"


@pytest.mark.slow
def test_each_user_sees_his_own(browser: PageBrowser, lab: PageLab) -> None:
    for name in ("ada", "bob"):
        body = {"name": name, "password": PASSWORD}
        lab.service.request("POST", "/api/v1/admin/users", json=body)
    with browser.viewer(lab.service) as ada, browser.viewer(lab.service) as bob:
        ada.log_in("ada", PASSWORD)
        bob.log_in("bob", PASSWORD)
        (job,) = lab.submit(lab.call("talk", "of the operator", "x"))
        for viewer in (ada, bob):
            viewer.until("No jobs yet")
            assert not viewer.page.get_by_role("link", name="Admin").count()
            viewer.open(f"#/jobs/{job}")
            viewer.page.get_by_role("alert").get_by_text("no job").wait_for()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", slow_after(1, ["light", "dark"]))
def test_nobody_is_left_out(browser: PageBrowser, lab: PageLab, scheme: str) -> None:
    done, failed = lab.call("fit_film", {"parameters": ["x"]}, 20), lab.call("wrong", "no " * 60)
    lab.submit(done, failed)
    lab.service.result_of(done["id"])
    lab.service.job_when_final(failed["id"])
    with browser.viewer(
        lab.service, color_scheme=scheme, viewport={"width": 360, "height": 740}, bypass_csp=True
    ) as viewer:
        viewer.page.goto(lab.service.url)
        viewer.page.get_by_role("heading", name="Log in").wait_for()
        assert viewer.faults() == []
        viewer.log_in()
        seen = {
            "#/": viewer.section("Load"),
            "#/list": viewer.page.get_by_role("table"),
            f"#/jobs/{done['id']}": viewer.section("Progress").locator("canvas"),
            f"#/jobs/{failed['id']}": viewer.section("Why").get_by_text("Traceback").first,
        }
        for place, there in seen.items():
            viewer.open(place)
            there.first.wait_for()
            assert viewer.faults() == [], place
            assert viewer.overflow() <= 0, place


@pytest.mark.slow
def test_all_of_it_is_reached_by_the_keyboard(browser: PageBrowser, lab: PageLab) -> None:
    (job,) = lab.submit(lab.call("talk", "hello", "note.txt", label="by keyboard"))
    lab.service.result_of(job)
    with browser.viewer(lab.service) as viewer:
        viewer.log_in()
        viewer.section("Ended lately").get_by_role("link", name="by keyboard").focus()
        viewer.page.keyboard.press("Enter")
        viewer.page.get_by_role("heading", name="by keyboard").wait_for()
        viewer.page.wait_for_function("document.activeElement.id === 'main'")
        viewer.section("Files").get_by_role("button", name="note.txt").focus()
        viewer.page.keyboard.press("Enter")
        viewer.section("Files").get_by_text("hello").wait_for()


def test_a_place_that_somebody_typed_leads_on(browser: PageBrowser, lab: PageLab) -> None:
    with browser.viewer(lab.service) as viewer:
        viewer.log_in()
        viewer.open("#/jobs")
        viewer.page.get_by_role("heading", name="Jobs").wait_for()
        for nothing in ("#/constructor", "#/nowhere"):
            viewer.open(nothing)
            viewer.page.get_by_role("alert").get_by_role("link", name="Now").click()
            viewer.section("Load").wait_for()
        viewer.open("#/jobs/%")
        viewer.page.get_by_role("alert").get_by_text("no job").wait_for()
        viewer.open("#/now")
        viewer.section("Load").wait_for()
