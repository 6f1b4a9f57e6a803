"""Take the pictures of a report for the README: ``python docs/picture_report.py REPORT.html``.

Needs Chromium and Pillow. The report is that of the quick start with ``--catalog houses.csv``.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

IMAGES = Path(__file__).parent / "images"
WIDTH = 1100
# Picture, what hides the parts of the page that are not in it, and height.
PICTURES = {
    "report": ("", 1230),
    "items": (
        "header, section:not(#items), #items h2, #items h2 ~ p { display: none }"
        "#items { margin: 0; padding: 0; border: 0 }",
        500,
    ),
}
N_COLOURS = 64


def main(report: Path) -> None:
    """Write docs/images/report.png and items.png, in few colours, so that they are small."""
    browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
    if browser is None:
        sys.exit("no Chromium was found: install one to take the pictures")
    html = report.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as directory:
        page, taken = Path(directory) / "page.html", Path(directory) / "taken.png"
        for name, (style, height) in PICTURES.items():
            # The report's policy would refuse a style that is not its own.
            shown = html.replace("Content-Security-Policy", "no-policy")
            shown = shown.replace("</head>", f"<style>{style}</style></head>")
            page.write_text(shown, encoding="utf-8")
            options = ["--headless", "--no-sandbox", "--hide-scrollbars", f"--screenshot={taken}"]
            command = [browser, *options, f"--window-size={WIDTH},{height}", page.as_uri()]
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603
            picture = IMAGES / f"{name}.png"
            with Image.open(taken) as image:
                image.convert("RGB").quantize(N_COLOURS).save(picture, optimize=True)
            print(f"{picture}: {picture.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
