"""The configuration file: lines are named, unknown keys are told, wrong kinds are refused, the template is whole."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotrader_tui.config import CONNECTION_KEYS, SETTINGS, Options
from cotrader_tui.config.origins import Effective, Origin, effective
from cotrader_tui.config.template import template
from cotrader_tui.config.toml_file import TomlFile, read_toml
from cotrader_tui.errors import ConfigError
from cotrader_tui.tui.themes import DEFAULT_THEME
from tests.config_place import GRANT, Place, written

TRICKY = '''\
# theme = "in a comment", and """ too
theme = "a # b = c"
words = """
theme = 1
[ibkr]
"""  # after it
raw = \'\'\'
port = 1 \'\'\'
many = [
  "theme", # ]
  "[ibkr]",
]
"quoted key" = 1
tastytrade.account_number = ["A"]

[ibkr]  # a section
port = 7496
deep.er = { in_line = 1 }

  [portfolio."my own"]
  accounts = [
    "ibkr:U5550001" ]

[[list]]
one = 1
'''


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def of(text: str) -> TomlFile:
    return TomlFile(Path("c.toml"), tomllib.loads(text), text)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("theme",), 2),
        (("words",), 3),
        (("raw",), 7),
        (("many",), 9),
        (("quoted key",), 13),
        (("tastytrade", "account_number"), 14),
        (("ibkr",), 16),
        (("ibkr", "port"), 17),
        (("ibkr", "deep", "er"), 18),
        (("ibkr", "deep", "er", "in_line"), 18),
        (("portfolio", "my own"), 20),
        (("portfolio", "my own", "accounts"), 21),
        (("list",), 24),
    ],
)
def test_the_line_of_a_key_is_the_one_it_stands_on(keys: tuple[str, ...], line: int) -> None:
    assert of(TRICKY).place(*keys) == f"c.toml, line {line}"


def test_a_key_that_is_not_there_has_only_the_file() -> None:
    assert of(TRICKY).place("nothing") == "c.toml"


NAMES = st.from_regex(r"[a-z_]{1,8}", fullmatch=True)
TEXTS = st.text(alphabet="ab=[]#\"'\\\n ", max_size=12)


@given(pairs=st.dictionaries(NAMES, TEXTS, min_size=1, max_size=6))
def test_lines_hold_whatever_the_texts_are(pairs: dict[str, str]) -> None:
    lines, expected = list[str](), dict[str, int]()
    for name, text in pairs.items():
        expected[name] = len(lines) + 1
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        lines += f'{name} = """{escaped}"""'.split("\n")
    file = of("\n".join(lines))
    assert file.data.keys() == pairs.keys()
    assert {name: file.place(name) for name in pairs} == {
        name: f"c.toml, line {line}" for name, line in expected.items()
    }


@pytest.mark.parametrize(
    ("toml", "said"),
    [
        ('\nthem = "nord"', "line 2: there is no setting them. Did you mean theme?"),
        ("[ibkr]\n\nprot = 7496", "line 3: there is no setting ibkr.prot. Did you mean port?"),
        ("[ibrk]\nport = 7496", "line 1: there is no setting ibrk. Did you mean ibkr?"),
        ("port = 7496", "line 1: there is no setting port. It belongs into the section [ibkr]."),
        ('[ibkr]\ntheme = "nord"', "line 2: there is no setting ibkr.theme. It belongs before the first section"),
        ("qqqqqqqq = 1", "line 1: there is no setting qqqqqqqq. Known are: ascii, base_currency"),
    ],
)
def test_an_unknown_key_is_a_warning_with_its_line_and_what_was_meant(place: Place, toml: str, said: str) -> None:
    file = place.toml(toml)
    (warning,) = place.load().warnings
    assert f"{file}, {said}" in warning
    assert "It is not used." in warning


def test_what_is_known_is_no_warning(place: Place) -> None:
    place.toml(
        'base_currency = "USD"\nexclude_accounts = []\n[ibkr]\nport = 7496\nsync_interval = 9\norders = false\n'
        '[portfolio.a]\naccounts = ["ibkr:U1"]\n[keys]\nsync = "x"\n'
    )
    assert place.load().warnings == ()


@pytest.mark.parametrize(
    ("toml", "said", "right"),
    [
        ("\ntheme = 2026-01-01", "theme is a date or time in {}, line 2.", "a text"),
        ('database = ["a"]', "database is a list in {}, line 1.", "a text such as"),
        ("database = true", "database is true or false in {}, line 1.", "a text such as"),
        ("[sync_interval]\nx = 1", "sync_interval is a section in {}, line 1.", "a number such as 60"),
        ("[ibkr]\nport = true", "ibkr.port is true or false in {}, line 2.", "a number such as 7496"),
        ("ibkr = 7496", "ibkr is no section in {}, line 1.", "[ibkr]"),
        ("[ibkr]\norders = [1]", "ibkr.orders is a list in {}, line 2.", "true or false"),
        ("[ibkr]\naccount = [1.5]", "ibkr.account is a list in {}, line 2.", "a list such as"),
        ("privacy = 'perhaps'", "COTRADER_PRIVACY is 'perhaps' in {}, line 1.", "1 or 0"),
        ("\nsync_interval = 2", "COTRADER_SYNC_INTERVAL is 2 s in {}, line 2.", "5 seconds"),
        (
            "[ibkr]\nport = 1\nsync_interval = 'x'",
            "sync_interval is 'x' in the section [ibkr] of {}, line 3.",
            "seconds",
        ),
        (
            '[portfolio.x]\naccounts = ["ibkr:U1"]\nbase_curency = "USD"',
            "in {}, line 3.",
            "Did you mean base_currency?",
        ),
        ("theme = \n", "{} cannot be read: Invalid value (at line 1", "Mend the file"),
    ],
)
def test_a_wrong_value_is_refused_with_its_line_and_what_would_be_right(
    place: Place, toml: str, said: str, right: str
) -> None:
    file = place.toml(toml)
    with pytest.raises(ConfigError) as refusal:
        place.load()
    assert said.format(file) in refusal.value.message
    assert right in refusal.value.hint


def test_keys_are_read_in_their_order_and_those_of_a_wrong_kind_are_told(place: Place) -> None:
    file = place.toml('[keys]\nsync = "x"\nprivacy = ["P", "f5"]\ntheme = ""\nhelp = 1\n')
    settings = place.load()
    assert [(wish.action, wish.keys, wish.place) for wish in settings.keys] == [
        ("sync", ("x",), f"{file}, line 2"),
        ("privacy", ("P", "f5"), f"{file}, line 3"),
        ("theme", (), f"{file}, line 4"),
    ]
    assert settings.warnings == (
        f'{file}, line 5: keys.help is no key. Write it in quotes, such as "r", or ["r", "f5"].',
    )


def test_the_template_says_nothing_and_has_every_key(place: Place) -> None:
    text = template([("sync", ("r",), "Sync now"), ("palette", (":", '"'), "All")])
    place.toml(text)
    with_template = place.load()
    place.toml("")
    assert with_template == place.load()
    keys = {setting.key for setting in SETTINGS if setting.key}
    keys |= {f"{broker}.{key}" for broker in ("tastytrade", "ibkr") for key in CONNECTION_KEYS}
    keys |= {"base_currency", "exclude_accounts", "portfolio.retirement", "keys.sync", "keys.palette"}
    switched_on = read_toml(written(place.root / "on.toml", re.sub(r"(?m)^#(?! )", "", text)), is_required=True)
    assert {key for key in keys if switched_on.find(*key.split(".")) is None} == set()
    assert switched_on.find("keys") == {"sync": "r", "palette": [":", '"']}


def test_every_setting_of_the_template_may_be_switched_on_as_it_stands(place: Place) -> None:
    text = template([("sync", ("r",), "Sync now")])
    place.toml(re.sub(r"(?m)^#(?! )", "", text))
    settings = place.load(**GRANT)
    assert settings.warnings == ()
    assert [connection.name for connection in settings.connections] == ["tastytrade", "ibkr"]


def test_the_defaults_it_tells_are_those_that_hold(place: Place) -> None:
    told = {setting.env: setting.example for setting in SETTINGS if setting.has_default}
    settings = place.load(IBKR_PORT="7496")
    (ibkr,) = settings.connections
    assert told["COTRADER_THEME"] == f'"{DEFAULT_THEME}"'
    assert told["COTRADER_SYNC_INTERVAL"] == f"{settings.sync_interval.total_seconds():g}"
    assert (told["COTRADER_MODEL_GREEKS"], settings.has_model_greeks) == ("true", True)
    assert (told["COTRADER_PRIVACY"], settings.is_private) == ("false", False)
    assert told["IBKR_HOST"] == f'"{ibkr.options["host"]}"'


def origin_of(place: Place, name: str, options: Options | None = None, /, **environ: str) -> Effective:
    options = options or Options()
    settings = place.load(options, **environ)
    return next(each for each in effective(settings, options, {**place.environ, **environ}) if each.name == name)


def test_each_setting_tells_where_it_comes_from(place: Place) -> None:
    assert origin_of(place, "privacy") == Effective("privacy", "COTRADER_PRIVACY", "0", Origin.DEFAULT)
    file = place.toml("\nprivacy = true\n")
    assert origin_of(place, "privacy") == Effective("privacy", "COTRADER_PRIVACY", "1", Origin.FILE, f"{file}, line 2")
    far = place.dotenv({"COTRADER_PRIVACY": "no"}, place.config)
    found = origin_of(place, "privacy")
    assert (found.value, found.origin, found.place) == ("no", Origin.DOTENV, str(far))
    near = place.dotenv({"COTRADER_PRIVACY": "yes"})
    assert origin_of(place, "privacy").place == str(near)
    found = origin_of(place, "privacy", COTRADER_PRIVACY="off")
    assert (found.value, found.origin, found.place) == ("off", Origin.ENVIRONMENT, "COTRADER_PRIVACY")
    found = origin_of(place, "privacy", Options(privacy=True), COTRADER_PRIVACY="off")
    assert (found.value, found.origin, found.place) == ("1", Origin.OPTION, "--privacy")


def test_the_demo_has_its_own_database_and_interval(place: Place) -> None:
    found = origin_of(place, "database", Options(demo=True), COTRADER_DB="/elsewhere.db")
    assert (found.value, found.place) == (str(place.data / "demo.db"), "--demo")
    assert origin_of(place, "sync_interval", Options(demo=True)).value == "15"


def test_secrets_are_masked_wherever_they_come_from(place: Place) -> None:
    place.toml('[tastytrade]\nclient_secret = "canary-1"\nrefresh_token = "canary-2"\n')
    settings = place.load()
    shown = effective(settings, Options(), place.environ)
    assert not any("canary" in (each.value or "") for each in shown)
    assert next(each for each in shown if each.name == "tastytrade.client_secret").value == "****"


def test_what_only_the_file_can_say_is_shown_too(place: Place) -> None:
    file = place.toml('[portfolio.a]\naccounts = ["ibkr:U1", "ibkr:U2"]\n[keys]\nsync = ["x", "f5"]\n')
    assert origin_of(place, "portfolio.a.accounts") == Effective(
        "portfolio.a.accounts", None, "ibkr:U1,ibkr:U2", Origin.FILE, f"{file}, line 2"
    )
    assert origin_of(place, "keys.sync").value == "x,f5"
