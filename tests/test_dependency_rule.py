"""The dependency rule, read from every import of the package; and what the command line must never load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "cotrader_tui"

EVERYTHING = ("*",)
RULE: dict[str, tuple[str, ...]] = {
    "__init__": (),
    "__main__": ("cli",),
    "cli": EVERYTHING,
    "bootstrap": EVERYTHING,
    "running": EVERYTHING,
    "connecting": EVERYTHING,
    "in_browser": EVERYTHING,
    "serving": (),
    "roster": ("brokers.base", "config", "connections_file", "errors", "private_files", "sync.roster"),
    "errors": (),
    "exit_codes": (),
    "style_files": ("errors",),
    "config": ("brokers.base", "connections_file", "domain", "errors", "private_files"),
    "private_files": ("errors",),
    "views_file": ("errors", "private_files"),
    "seen_file": ("errors", "private_files"),
    "connections_file": ("errors", "private_files"),
    "secret_store": ("brokers.base", "domain", "errors", "private_files"),
    "market_calendar": ("domain", "errors"),
    "reference_rates": ("domain", "errors"),
    "domain": ("errors",),
    "analytics": ("domain", "errors"),
    "store": ("domain", "errors"),
    "brokers.__init__": (),
    "brokers.base": ("domain", "errors"),
    "brokers.retry": ("brokers.base", "domain", "errors"),
    "brokers.hints": (),
    "brokers.registry": ("brokers.base", "domain", "errors"),
    "brokers.*": ("brokers.base", "brokers.retry", "brokers.hints", "domain", "errors"),
    "sync": ("brokers.base", "store", "domain", "errors"),
    "tui": (
        "analytics",
        "domain",
        "errors",
        "exit_codes",
        "store.garbage",
        "store.reader",
        "store.requests",
        "style_files",
    ),
    "logfile": ("brokers.base", "errors"),
    "commands": (
        "analytics",
        "brokers.base",
        "config",
        "domain",
        "errors",
        "exit_codes",
        "private_files",
        "store.backup",
        "store.lease",
        "store.reader",
        "store.requests",
    ),
}
"""What each part may import of ours, beside itself. `brokers.*` is each broker's own package."""

VENDOR_RULE: dict[str, tuple[str, ...]] = {
    "textual": ("tui",),
    "plotext": ("tui.widgets",),
    "sqlite_utils": ("store.schema", "store.writer"),
    "tastytrade": ("brokers.tastytrade",),
    "httpx2": ("brokers.tastytrade",),
    "ib_async": ("brokers.ibkr",),
    "pydantic": ("brokers.*",),
    "pandas_market_calendars": ("market_calendar",),
    "currency_converter": ("reference_rates",),
    "simplejson": ("commands",),
    "shtab": ("commands.completion",),
    "textual_serve": ("serving",),
    "aiohttp": ("serving",),
    "aiohttp_jinja2": ("serving",),
    "jinja2": ("serving",),
    "keyring": ("secret_store",),
    "cryptography": ("secret_store",),
}
"""The only places each library may be imported in."""

TOO_SLOW_TO_READ_WITH = frozenset(
    {
        "aiohttp",
        "cryptography",
        "currency_converter",
        "httpx2",
        "ib_async",
        "keyring",
        "numpy",
        "pandas",
        "pandas_market_calendars",
        "pydantic",
        "sqlite_utils",
        "stamina",
        "tastytrade",
        "textual",
        "textual_serve",
        "typer",
    }
)


@dataclass(frozen=True, slots=True)
class Module:
    """A module of ours: its dotted name below the package (`store.reader`, `store.__init__`) and its source."""

    name: str
    source: str

    @property
    def part(self) -> str:
        """The key of `RULE` it falls under."""
        top, _, rest = self.name.partition(".")
        if top != "brokers":
            return top
        return self.name if self.name in RULE else f"brokers.{rest.partition('.')[0]}"

    def imports(self) -> Iterator[str]:
        """Absolute dotted names of all it imports, those inside functions and by literal name included."""
        for node in ast.walk(ast.parse(self.source)):
            match node:
                case ast.Import(names=names):
                    yield from (alias.name for alias in names)
                case ast.ImportFrom(module=base, names=names, level=level):
                    yield from (self._absolute(base, alias.name, level) for alias in names)
                case ast.Call(
                    func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                    args=[ast.Constant(value=str(name)), *_],
                ):
                    yield name

    def _absolute(self, base: str | None, name: str, level: int) -> str:
        above = f"{PACKAGE}.{self.name}".split(".")[:-level] if level else []
        return ".".join([*above, *([base] if base else []), name])


def modules() -> list[Module]:
    folder = ROOT / PACKAGE
    return [
        Module(".".join(path.relative_to(folder).with_suffix("").parts), path.read_text("utf-8"))
        for path in sorted(folder.rglob("*.py"))
    ]


def lies_in(name: str, places: tuple[str, ...]) -> bool:
    """Whether the dotted `name` is one of `places` or below one; `brokers.*` means below a broker's package."""
    return any(
        place == "*"
        or (place == "brokers.*" and name.startswith("brokers.") and name.count(".") > 1)
        or f"{name}.".startswith(f"{place}.")
        for place in places
    )


def violations(module: Module) -> list[str]:
    """One sentence for each import that breaks the rule."""
    is_broker = module.part.startswith("brokers.") and module.part not in RULE
    allowed = RULE.get("brokers.*" if is_broker else module.part)
    if allowed is None:
        return [f"{module.name} has no line in RULE: add one"]
    found = []
    for name in module.imports():
        library, _, ours = name.partition(".")
        if library == PACKAGE:
            is_allowed = ours == "__version__" or lies_in(ours, (*allowed, module.part))
        else:
            is_allowed = lies_in(module.name, VENDOR_RULE.get(library, EVERYTHING))
        if not is_allowed:
            found.append(f"{module.name} imports {name}")
    return found


def test_every_import_keeps_the_dependency_rule() -> None:
    broken = [sentence for module in modules() for sentence in violations(module)]
    assert broken == []


def test_domain_imports_only_the_standard_library_and_ours() -> None:
    allowed = sys.stdlib_module_names | {PACKAGE}
    foreign = [
        f"{module.name} imports {name}"
        for module in modules()
        if module.part == "domain"
        for name in module.imports()
        if name.partition(".")[0] not in allowed
    ]
    assert foreign == []


def test_the_chart_library_is_imported_by_one_module_at_most() -> None:
    users = [m.name for m in modules() if any(name.partition(".")[0] == "plotext" for name in m.imports())]
    assert len(users) <= 1, users


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("domain.positions", "from cotrader_tui.store.reader import Reader"),
        ("domain.positions", "def f():\n    import cotrader_tui.analytics"),
        ("analytics.exposure", "from cotrader_tui import store"),
        ("store.reader", "import sqlite_utils"),
        ("store.writer", "from ..brokers.base import Broker"),
        ("store.__init__", "from ..tui import app"),
        ("brokers.base", "import pydantic"),
        ("brokers.tastytrade.parse", "from cotrader_tui.brokers.ibkr import client"),
        ("brokers.tastytrade.client", "from ib_async import IB"),
        ("brokers.demo.__init__", "from cotrader_tui.brokers import registry"),
        ("sync.engine", "from cotrader_tui.brokers.registry import names"),
        ("sync.engine", "from cotrader_tui.brokers.tastytrade import create"),
        ("sync.schedule", "import textual.app"),
        ("tui.app", "from cotrader_tui.store.writer import Writer"),
        ("tui.app", "from cotrader_tui.store import Writer"),
        ("tui.app", "from plotext import plot"),
        ("config", "import cotrader_tui.sync.engine"),
        ("commands.positions", "def run():\n    from textual.app import App"),
        ("commands.sync", "import importlib\nimportlib.import_module('cotrader_tui.tui.app')"),
        ("commands.positions", "from cotrader_tui.bootstrap import build"),
        ("bootstrap", "import tastytrade"),
        ("in_browser", "from textual_serve.server import Server"),
        ("connecting", "import keyring"),
        ("config", "from cryptography.fernet import Fernet"),
        ("commands.connect", "from cotrader_tui.secret_store.store import SecretStore"),
        ("tui.app", "from cotrader_tui.connecting import connect"),
        ("newcomer", "import json"),
    ],
)
def test_a_forbidden_import_is_noticed(name: str, source: str) -> None:
    assert len(violations(Module(name, source))) == 1


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("domain.positions", "from cotrader_tui.domain import market\nfrom cotrader_tui.errors import ErrorKind"),
        ("store.schema", "import sqlite_utils\nfrom .codec import decode"),
        ("store.__init__", "from .reader import Reader"),
        ("brokers.tastytrade.parse", "import pydantic\nfrom . import tables\nfrom ..retry import retrying"),
        ("tui.screens.positions", "from textual.screen import Screen\nfrom cotrader_tui.store import reader"),
        ("commands.positions", "import simplejson\nfrom cotrader_tui import __version__"),
        ("bootstrap", "def f():\n    from cotrader_tui.tui.app import App"),
    ],
)
def test_an_allowed_import_passes(name: str, source: str) -> None:
    assert violations(Module(name, source)) == []


READING_SIDE = [
    "cli",
    "config",
    "bootstrap",
    "connecting",
    "store.reader",
    "store.requests",
    "style_files",
    "tui.actions",
    "tui.keymap",
    *(
        module.name
        for module in modules()
        if module.part in ("commands", "analytics") and not module.name.endswith("__init__")
    ),
]


@pytest.mark.parametrize("name", READING_SIDE)
def test_what_only_reads_loads_nothing_slow(name: str) -> None:
    program = f"import sys, {PACKAGE}.{name}\nsys.stdout.write(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert TOO_SLOW_TO_READ_WITH & set(done.stdout.split()) == set()
