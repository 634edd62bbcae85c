"""Where the screen's style sheets lie: beside the package in a checkout, inside it once installed."""

from __future__ import annotations

from pathlib import Path

from cotrader_tui.errors import CotraderError

_PACKAGE = Path(__file__).resolve().parent


def styles_dir() -> Path:
    """The folder that holds `app.tcss` and the style sheets of the screens.

    Raises:
        CotraderError: the installation is incomplete.
    """
    inside, beside = _PACKAGE / "styles", _PACKAGE.parent / "styles"
    for folder in (inside, beside):
        if (folder / "app.tcss").is_file():
            return folder
    raise CotraderError(
        f"The screen's style sheets are missing: neither {inside} nor {beside} holds app.tcss.",
        "Install cotrader-tui again.",
    )
