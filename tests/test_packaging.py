"""The wheel, the sdist and the editable install carry the style sheets and the program; the lock fits the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from cotrader_tui import __version__
from cotrader_tui.style_files import styles_dir

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
VERSION = __version__
STYLE_SHEETS = sorted(path.name for path in (ROOT / "styles").glob("*.tcss"))


def run(*command: str | Path, cwd: Path) -> str:
    """The output of a command that must succeed. It asks no package index: all it needs is installed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(kind: str, folder: Path) -> Path:
    run(sys.executable, "-m", "build", "--no-isolation", kind, "--outdir", folder, cwd=ROOT)
    (built,) = (path for path in folder.iterdir() if path.name != ".gitignore")
    return built


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("--wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("--sdist", tmp_path_factory.mktemp("sdist"))


def install(*what: str | Path, into: Path) -> Path:
    """A throw-away environment with `what`, which sees the libraries of this one; returns its folder of programs."""
    venv.create(into, with_pip=False, symlinks=True)
    programs = into / "bin"
    (packages,) = into.glob("lib/python*/site-packages")
    libraries = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "libraries.pth").write_text("\n".join(libraries) + "\n", "utf-8")
    pip = (sys.executable, "-m", "pip", "--python", programs / "python", "install", "--quiet")
    run(*pip, "--no-deps", "--no-build-isolation", "--ignore-installed", *what, cwd=into)
    return programs


@pytest.mark.parametrize("kind", ["wheel", "sdist", "editable"])
def test_an_installation_finds_its_style_sheets_and_runs(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    what = ("--editable", ROOT) if kind == "editable" else (request.getfixturevalue(kind),)
    programs = install(*what, into=tmp_path / "env")
    program = "from cotrader_tui.style_files import styles_dir; print(styles_dir())"

    styles = Path(run(programs / "python", "-c", program, cwd=tmp_path).strip())

    assert styles.is_relative_to(ROOT if kind == "editable" else tmp_path / "env")
    assert sorted(path.name for path in styles.glob("*.tcss")) == STYLE_SHEETS
    assert VERSION in run(programs / "cotrader", "--version", cwd=tmp_path)
    assert VERSION in run(programs / "python", "-m", "cotrader_tui", "--version", cwd=tmp_path)


def test_the_checkout_has_its_style_sheets_beside_the_package() -> None:
    assert styles_dir() == ROOT / "styles"
    assert "app.tcss" in STYLE_SHEETS


def test_missing_style_sheets_are_told_in_words(tmp_path: Path) -> None:
    package = tmp_path / "cotrader_tui"
    package.mkdir()
    for name in ("__init__.py", "errors.py", "style_files.py"):
        shutil.copy(ROOT / "cotrader_tui" / name, package)
    program = "import cotrader_tui.style_files as s\ntry: s.styles_dir()\nexcept s.CotraderError as error: print(error)"

    words = run(sys.executable, "-c", program, cwd=tmp_path)

    assert "style sheets are missing" in words
    assert str(package / "styles") in words
    assert "Install cotrader-tui again." in words


def test_the_wheel_holds_the_typed_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()

    assert {name.partition("/")[0] for name in names} == {"cotrader_tui", f"cotrader_tui-{VERSION}.dist-info"}
    assert "cotrader_tui/py.typed" in names
    assert "cotrader_tui/serving/page/app_index.html" in names
    assert any(name.endswith("/licenses/LICENSE") for name in names)
    assert [name for name in names if {"tests", "__pycache__"} & set(name.split("/"))] == []


def test_the_sdist_holds_what_its_readme_speaks_of(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {"README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "constraints.txt", ".env.example"} <= names
    assert {".ci/run", ".ci/check", "styles/app.tcss", "tests/test_packaging.py"} <= names


def marked_command(marker: str) -> str:
    """The fenced block in the README after the comment `<!-- marker -->`."""
    found = re.search(rf"^<!-- {marker} -->\s*```\w*\n(.*?)\n```", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
    assert found is not None, f"README.md has no fenced block after <!-- {marker} -->"
    return found[1]


def test_the_readme_has_one_command_for_the_demo_and_one_for_the_tests() -> None:
    install_under_lock = "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt"
    assert marked_command("demo") == f"{install_under_lock} . && .venv/bin/cotrader --demo"
    assert marked_command("tests") == f"{install_under_lock} -e '.[dev]' && .venv/bin/pytest"


def locked() -> dict[str, list[Requirement]]:
    """The lines of the lock by project name."""
    pins: dict[str, list[Requirement]] = {}
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            pin = Requirement(line)
            pins.setdefault(canonicalize_name(pin.name), []).append(pin)
    return pins


def test_the_lock_holds_exact_versions_and_names_no_place() -> None:
    pins = [pin for pins in locked().values() for pin in pins]
    assert [str(pin) for pin in pins if pin.url or not re.fullmatch(r"==[^,*]+", str(pin.specifier))] == []


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
def test_the_lock_satisfies_the_project_on_every_supported_python(python: str) -> None:
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    extras = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *extras["serve"], *extras["dev"]]
    for requirement in map(Requirement, wanted):
        pins = [
            pin
            for pin in locked().get(canonicalize_name(requirement.name), [])
            if pin.marker is None or pin.marker.evaluate(environment)
        ]
        assert len(pins) == 1, f"{requirement} has {len(pins)} pins on Python {python}"
        assert requirement.specifier.contains(str(pins[0].specifier).removeprefix("==")), requirement
