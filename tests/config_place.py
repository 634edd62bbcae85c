"""A machine with folders of its own, for tests of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cotrader_tui.brokers.base import ConnectionConfig
from cotrader_tui.config import Options, Settings, load_settings

GRANT = {"TASTYTRADE_CLIENT_SECRET": "canary-secret-a1", "TASTYTRADE_REFRESH_TOKEN": "canary-token-b2"}
PASSWORD = {"TASTYTRADE_USERNAME": "ada", "TASTYTRADE_PASSWORD": "canary-password-c3"}


@dataclass
class Place:
    """A machine with folders of its own and whatever a test puts into them."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in (self.here, self.config):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def here(self) -> Path:
        """The working directory."""
        return self.root / "work" / "here"

    @property
    def config(self) -> Path:
        return self.root / "xdg-config" / "cotrader"

    @property
    def data(self) -> Path:
        return self.root / "xdg-data" / "cotrader"

    def dotenv(self, values: Mapping[str, str], folder: Path | None = None) -> Path:
        return written((folder or self.here) / ".env", "".join(f"{name}={value}\n" for name, value in values.items()))

    def toml(self, text: str) -> Path:
        return written(self.config / "config.toml", text)

    def load(self, options: Options | None = None, /, **environ: str) -> Settings:
        xdg = {f"XDG_{name.upper()}_HOME": str(self.root / f"xdg-{name}") for name in ("config", "data", "state")}
        return load_settings(
            options or Options(), {"HOME": str(self.root), **xdg, **self.environ, **environ}, self.here
        )

    def tastytrade(self, options: Options | None = None, /, **environ: str) -> ConnectionConfig:
        """The tastytrade connection, with a grant in the environment."""
        (connection,) = self.load(options, **{**GRANT, **environ}).connections
        return connection


def written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
