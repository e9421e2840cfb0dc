"""Makes the pictures of the README from a running demo: ``python docs/screenshots.py http://127.0.0.1:8000``."""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent / "img"
PASSWORD = "tidewater-demo-2026"  # the demo company's, printed by ./run
SHOTS = [
    ("rita", "/queue/", "queue"),
    ("rita", "/board/", "board"),
    ("maya", "/leads/1501/", "lead"),
    ("maya", "/scoring/", "scoring"),
    ("helena", "/funnel/?period=year", "funnel"),
    ("helena", "/contract/", "contract"),
]


def sign_in(page: Page, base: str, who: str) -> None:
    page.goto(f"{base}/login/")
    page.fill("[name=username]", f"{who}@demo.baton.example")
    page.fill("[name=password]", PASSWORD)
    page.click("form button")
    page.wait_for_selector("nav.side")


def main(base: str, chromium: str = "/usr/bin/chromium") -> None:
    HERE.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for who, path, name in SHOTS:
            page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
            sign_in(page, base, who)
            page.goto(base + path)
            page.wait_for_timeout(1500)
            page.screenshot(path=HERE / f"{name}.jpg", type="jpeg", quality=72)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
