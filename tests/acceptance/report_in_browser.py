#!/usr/bin/env python3
"""Looks at a report as readers do: in a browser.

  python3 tests/acceptance/report_in_browser.py PAGE --axe AXE_MIN_JS [--pictures FOLDER]

Needs Chromium (Debian: chromium), no network, and axe-core, whose axe.min.js comes with
`pip install axe-core-python` or npm's axe-core. In light and dark colours, 1280 and 360 pixels
wide: nothing serious or critical in axe-core's eyes, no error on the console, no request but
for the page, no sideways scrolling. --pictures: a PNG of each, and the page as printed.

Exit code: 0 if nothing is found, 1 else.
"""

import argparse
import base64
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

WIDTHS = {1280: 900, 360: 740}
GRAVE = ("serious", "critical")


class Browser:
    """Chromium, headless, spoken to through a pipe: no port, no driver."""

    def __init__(self, program, profile):
        to_browser, ours = os.pipe()
        theirs, from_browser = os.pipe()

        def place():
            # Chromium reads commands from descriptor 3 and answers on 4.
            high = [os.dup(to_browser), os.dup(from_browser)]
            high = [fd if fd > 4 else os.dup2(fd, fd + 20) for fd in high]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [
                program,
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--remote-debugging-pipe",
                f"--user-data-dir={profile}",
                "about:blank",
            ],
            preexec_fn=place,
            close_fds=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        self.into = os.fdopen(ours, "wb", buffering=0)
        self.out_of = os.fdopen(theirs, "rb")
        self.unread = b""
        self.numbers = itertools.count(1)
        self.events = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = None
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(domain + ".enable")

    def read(self):
        while True:
            text, end, rest = self.unread.partition(b"\0")
            if end:
                self.unread = rest
                return json.loads(text)
            chunk = self.out_of.read1(1 << 20)
            if not chunk:
                raise RuntimeError("Chromium has ended")
            self.unread += chunk

    def call(self, method, **params):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if getattr(self, "session", None):
            message["sessionId"] = self.session
        self.into.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = self.read()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def wait_for(self, method):
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.read())

    def value(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def close(self):
        self.session = None
        self.call("Browser.close")
        try:
            self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()  # all was seen; a busy machine is slow to end it
            self.process.wait()


def events_found(browser, page):
    for event in browser.events:
        method, params = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            yield "exception: " + str(params["exceptionDetails"].get("exception", params))[:400]
        if method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            yield "console: " + params["entry"]["text"]
        if method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            yield "console: " + str(params["args"])[:400]
        if method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if url != page and not url.startswith("data:"):
                yield "request: " + url


def look(browser, page, axe, pictures, width, dark):
    """Yields what is wrong with the page at this width, in these colours."""
    browser.events.clear()
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=WIDTHS[width],
        deviceScaleFactor=1,
        mobile=False,
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.call("Emulation.setEmulatedMedia", media="", features=[scheme])
    browser.call("Page.navigate", url=page)
    browser.wait_for("Page.loadEventFired")
    # Charts are drawn in the next frame.
    browser.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    yield from events_found(browser, page)
    theme = browser.value("document.documentElement.dataset.theme")
    if theme != ("dark" if dark else "light"):
        yield f"the theme is {theme}"
    wide = browser.value("document.documentElement.scrollWidth")
    if wide > width:
        yield f"scrolls sideways: {wide} pixels"
    if axe:
        browser.value(axe + ";0")
        found = browser.value("axe.run(document).then(r => r.violations)")
        for one in found:
            kind = "axe" if one["impact"] in GRAVE else "note (axe)"
            places = ", ".join(" ".join(map(str, node["target"])) for node in one["nodes"][:3])
            yield f"{kind}: {one['impact']}: {one['help']}: {places}"
    if pictures:
        name = f"{pictures}/{pathlib.Path(page).stem}-{width}-{'dark' if dark else 'light'}"
        height = browser.value("document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = browser.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        pathlib.Path(name + ".png").write_bytes(base64.b64decode(shot["data"]))
        if width == 1280:
            printed = browser.call(
                "Page.printToPDF", printBackground=True, paperWidth=8.27, paperHeight=11.69
            )
            pathlib.Path(name + ".pdf").write_bytes(base64.b64decode(printed["data"]))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("page", type=pathlib.Path, nargs="+")
    parser.add_argument("--axe", type=pathlib.Path, help="axe.min.js; without it no such check")
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("--chromium", default=shutil.which("chromium") or "chromium")
    args = parser.parse_args()
    axe = args.axe.read_text() if args.axe else ""
    if args.pictures:
        args.pictures.mkdir(parents=True, exist_ok=True)
    grave = 0
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(args.chromium, profile)
        for page in args.page:
            for width, dark in itertools.product(WIDTHS, (False, True)):
                url = page.resolve().as_uri()
                for text in look(browser, url, axe, args.pictures, width, dark):
                    print(f"{page.name}, {width} pixels, {'dark' if dark else 'light'}: {text}")
                    grave += not text.startswith("note")
        browser.close()
    print(f"{grave} found")
    return 1 if grave else 0


if __name__ == "__main__":
    sys.exit(main())
