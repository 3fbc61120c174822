"""People before the page of a service: a Chromium, what it draws, and how smoothly."""

from __future__ import annotations

import json
import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

__all__ = ["FIRST_PICTURE", "Viewers", "viewers"]

_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")

FIRST_PICTURE = """
() => new Promise((seen) => {
  const look = () => {
    if (document.querySelector(".graph .box")) requestAnimationFrame(() => seen(performance.now()));
    else requestAnimationFrame(look);
  };
  look();
})
"""
"""Milliseconds from the navigation to the frame with the first box of a picture."""

_WATCH = """
(seconds) => new Promise((told) => {
  const frames = [], tasks = [];
  const observer = new PerformanceObserver((list) => {
    for (const each of list.getEntries()) tasks.push(each.duration);
  });
  observer.observe({ type: "longtask" });
  const graph = document.querySelector(".graph svg");
  const begin = performance.now();
  let last = begin;
  const frame = (now) => {
    frames.push(now - last);
    last = now;
    if (graph) {
      const deltaY = 40 * Math.sin(now / 400);
      graph.dispatchEvent(new WheelEvent("wheel", { deltaY, ctrlKey: true, cancelable: true }));
    }
    if (now - begin < 1000 * seconds) requestAnimationFrame(frame);
    else { observer.disconnect(); told({ frames: frames.slice(1), tasks }); }
  };
  requestAnimationFrame(frame);
})
"""
"""Zooms in and out in each frame, as somebody who looks around; tells each frame's length."""


@dataclass(frozen=True, kw_only=True)
class Viewers:
    """A browser, and where its people look."""

    browser: Any
    url: str
    token: str

    @contextmanager
    def watching(self, count: int, place: str) -> Iterator[list[Any]]:
        """Give ``count`` windows at ``place``, each of somebody who has logged in."""
        contexts = [self._window() for _ in range(count)]
        try:
            pages = [self._logged_in(context) for context in contexts]
            for page in pages:
                page.goto(f"{self.url}/{place}")
            for page in pages:
                page.evaluate(FIRST_PICTURE)
            yield pages
        finally:
            for context in contexts:
                context.close()

    def opened_s(self, place: str) -> float:
        """Return the seconds from a navigation to ``place`` to its picture, in a new window."""
        context = self._window()
        try:
            page = self._logged_in(context)
            page.goto(f"{self.url}/{place}", wait_until="commit")
            return float(page.evaluate(FIRST_PICTURE)) / 1_000
        finally:
            context.close()

    def _window(self) -> Any:
        context = self.browser.new_context()
        context.set_default_timeout(0)  # how long it takes is what is asked
        return context

    def _logged_in(self, context: Any) -> Any:
        answer = context.request.post(
            f"{self.url}/api/v1/session",
            data=json.dumps({"token": self.token}),
            headers={"Content-Type": "application/json", "Origin": self.url},
        )
        if answer.status != 204:
            raise RuntimeError(answer.text())
        return context.new_page()

    def frames(self, page: Any, seconds: float) -> dict[str, float]:
        """Return how long frames and tasks of ``page`` took while somebody zoomed about."""
        found = page.evaluate(_WATCH, seconds)
        frames, tasks = sorted(found["frames"]), found["tasks"]
        return {
            "frames": len(frames),
            "p50_ms": round(statistics.median(frames), 1),
            "p95_ms": round(frames[int(0.95 * len(frames))], 1),
            "most_ms": round(frames[-1], 1),
            "long_tasks": len(tasks),
            "longest_task_ms": round(max(tasks, default=0.0), 1),
        }

    def blank_frames(self, seconds: float) -> dict[str, float]:
        """Return the same of an empty page: what the machine itself lets a browser do."""
        context = self._window()
        try:
            return self.frames(context.new_page(), seconds)
        finally:
            context.close()


@contextmanager
def viewers(url: str, token: str) -> Iterator[Viewers]:
    """Give people with the machine's Chromium; RuntimeError where it has none."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise RuntimeError("this machine has no chromium (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        try:
            yield Viewers(browser=browser, url=url, token=token)
        finally:
            browser.close()
