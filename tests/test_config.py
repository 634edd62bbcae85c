"""Settings as the command-line contract tells them: where they come from, what is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotrader_tui.brokers.base import Secret
from cotrader_tui.config import SETTINGS, Options, Setting
from cotrader_tui.errors import ConfigError
from tests.config_place import GRANT, PASSWORD, Place, written


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# Precedence


def test_each_source_of_a_setting_yields_to_the_one_before_it(place: Place) -> None:
    option = place.root / "option.db"
    assert place.load().database == place.data / "cotrader.db"
    place.toml(f'database = "{place.root}/toml.db"')
    assert place.load().database == place.root / "toml.db"
    place.dotenv({"COTRADER_DB": f"{place.root}/config-dotenv.db"}, place.config)
    assert place.load().database == place.root / "config-dotenv.db"
    place.dotenv({"COTRADER_DB": f"{place.root}/dotenv.db"})
    assert place.load().database == place.root / "dotenv.db"
    place.environ["COTRADER_DB"] = f"{place.root}/environment.db"
    assert place.load().database == place.root / "environment.db"
    assert place.load(Options(db=option)).database == option


_LEVELS = ("environment", "dotenv", "config dotenv", "toml")


@given(present=st.sets(st.sampled_from(_LEVELS)), empty=st.sets(st.sampled_from(_LEVELS)))
def test_the_first_source_with_a_value_wins_whatever_else_is_set(
    tmp_path_factory: pytest.TempPathFactory, present: set[str], empty: set[str]
) -> None:
    place = Place(tmp_path_factory.mktemp("place"))
    value = {level: f"theme of {level}" if level in present else "" for level in _LEVELS if level in present | empty}
    if "environment" in value:
        place.environ["COTRADER_THEME"] = value["environment"]
    if "dotenv" in value:
        place.dotenv({"COTRADER_THEME": f"'{value['dotenv']}'"})
    if "config dotenv" in value:
        place.dotenv({"COTRADER_THEME": f"'{value['config dotenv']}'"}, place.config)
    if "toml" in value:
        place.toml(f'theme = "{value["toml"]}"')
    assert place.load().theme == next((value[level] for level in _LEVELS if level in present), None)


@pytest.mark.parametrize("setting", [each for each in SETTINGS if each.key], ids=lambda each: each.env)
def test_every_setting_with_a_key_is_read_from_the_configuration_file(place: Place, setting: Setting) -> None:
    values = {
        "database": f'"{place.root}/told.db"',
        "sync_interval": "45",
        "theme": '"mono"',
        "portfolio_shown": '"retirement"',
        "model_greeks": "false",
        "ascii": "true",
        "lowbw": "true",
        "privacy": "true",
        "tastytrade.client_secret": '"toml-secret"',
        "tastytrade.refresh_token": '"toml-token"',
        "tastytrade.account_number": '["5WX00001", "5WX00002"]',
        "tastytrade.sandbox": "true",
        "tastytrade.api_url": '"https://proxy.example.com"',
        "tastytrade.streamer_url": '"wss://streamer.example.com"',
        "ibkr.host": '"gateway.example.com"',
        "ibkr.port": "4001",
        "ibkr.client_id": "12",
        "ibkr.market_data_lines": "40",
        "ibkr.account": '["U5550001"]',
    }
    assert sorted(values) == sorted(each.key for each in SETTINGS if each.key)
    place.toml("".join(f"{key} = {value}\n" for key, value in values.items()))
    settings = place.load()
    connection, ibkr = settings.connections
    seen = {
        "COTRADER_DB": settings.database == place.root / "told.db",
        "COTRADER_SYNC_INTERVAL": connection.sync_interval == timedelta(seconds=45),
        "COTRADER_THEME": settings.theme == "mono",
        "COTRADER_PORTFOLIO": settings.portfolio == "retirement",
        "COTRADER_MODEL_GREEKS": not settings.has_model_greeks,
        "COTRADER_ASCII": settings.is_ascii,
        "COTRADER_LOWBW": settings.is_low_bandwidth,
        "COTRADER_PRIVACY": settings.is_private,
        "TASTYTRADE_CLIENT_SECRET": connection.secrets["client_secret"] == Secret("toml-secret"),
        "TASTYTRADE_REFRESH_TOKEN": connection.secrets["refresh_token"] == Secret("toml-token"),
        "TASTYTRADE_ACCOUNT_NUMBER": connection.account_filter == {"5WX00001", "5WX00002"},
        "TASTYTRADE_SANDBOX": connection.options["is_sandbox"] == "1",
        "TASTYTRADE_API_URL": connection.options["api_url"] == "https://proxy.example.com",
        "TASTYTRADE_STREAMER_URL": connection.options["streamer_url"] == "wss://streamer.example.com",
        "IBKR_HOST": ibkr.options["host"] == "gateway.example.com",
        "IBKR_PORT": ibkr.options["port"] == "4001",
        "IBKR_CLIENT_ID": ibkr.options["client_id"] == "12",
        "IBKR_MARKET_DATA_LINES": ibkr.options["market_data_lines"] == "40",
        "IBKR_ACCOUNT": ibkr.account_filter == {"U5550001"},
    }
    assert seen[setting.env]


def test_an_empty_variable_counts_as_not_set(place: Place) -> None:
    place.dotenv({"COTRADER_DB": f"{place.root}/dotenv.db"})
    assert place.load(COTRADER_DB="").database == place.root / "dotenv.db"


def test_options_go_before_the_environment_for_the_configuration_file_and_privacy(place: Place) -> None:
    by_option = written(place.root / "a.toml", 'theme = "option"')
    by_environment = written(place.root / "b.toml", 'theme = "environment"')
    environ = {"COTRADER_CONFIG": str(by_environment), "COTRADER_PRIVACY": "0"}
    assert place.load(**environ).theme == "environment"
    settings = place.load(Options(config=by_option, privacy=True), **environ)
    assert (settings.theme, settings.config_file, settings.is_private) == ("option", by_option, True)


@pytest.mark.parametrize(("value", "has_color"), [("", True), ("0", False), ("1", False), ("no", False)])
def test_no_color_counts_whatever_its_value_unless_empty(place: Place, value: str, has_color: bool) -> None:
    assert place.load(NO_COLOR=value).has_color is has_color
    assert not place.load(Options(no_color=True)).has_color


# Places


def test_files_lie_in_the_xdg_folders(place: Place) -> None:
    settings = place.load()
    assert settings.config_file == place.config / "config.toml"
    assert settings.database == place.data / "cotrader.db"
    assert settings.log_file.is_relative_to(place.root / "xdg-state" / "cotrader")


def _default_places(home: Path, **environ: str) -> list[Path]:
    program = (
        "from cotrader_tui.config import Options, process_settings\n"
        "settings = process_settings(Options())\n"
        "print(settings.config_file, settings.database, settings.log_file, sep='\\n')"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env={"HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path), **environ},
        cwd=home,
        capture_output=True,
        text=True,
        check=True,
    )
    return [Path(line) for line in answer.stdout.splitlines()]


def test_without_xdg_variables_everything_lies_under_home(tmp_path: Path) -> None:
    assert all(path.is_relative_to(tmp_path) and "cotrader" in path.parts for path in _default_places(tmp_path))


def test_an_xdg_variable_that_says_the_default_moves_no_file(tmp_path: Path) -> None:
    default = _default_places(tmp_path)
    told = {f"XDG_{name}_HOME": str(default[at].parent.parent) for at, name in enumerate(("CONFIG", "DATA", "STATE"))}
    assert _default_places(tmp_path, **told) == default


def test_a_relative_xdg_folder_is_ignored_as_its_specification_says(place: Place) -> None:
    settings = place.load(XDG_DATA_HOME="relative/data")
    assert settings.database.is_absolute()
    assert "relative" not in settings.database.parts


def test_relative_and_home_paths_become_absolute(place: Place) -> None:
    settings = place.load(Options(db=Path("book.db"), config=None), COTRADER_DB="~/elsewhere.db")
    assert settings.database == Path.cwd() / "book.db"
    assert place.load(COTRADER_DB="~/elsewhere.db").database == Path("~/elsewhere.db").expanduser()
    written(place.root / "relative.toml", "")
    named = Path(os.path.relpath(place.root / "relative.toml"))
    assert place.load(Options(config=named)).config_file.is_absolute()


def test_the_dotenv_of_a_parent_folder_is_never_read(place: Place) -> None:
    place.dotenv({**GRANT, "COTRADER_THEME": "parent"}, place.here.parent)
    settings = place.load()
    assert settings.connections == ()
    assert settings.theme is None


def test_a_configuration_file_elsewhere_does_not_bring_its_folders_dotenv_along(place: Place) -> None:
    place.dotenv({"COTRADER_THEME": "parent"}, place.here.parent)
    place.dotenv({"COTRADER_PRIVACY": "1"}, place.config)
    settings = place.load(Options(config=written(place.here.parent / "other.toml", "")))
    assert settings.theme is None
    assert settings.is_private
    assert settings.dotenvs == (place.here / ".env", place.config / ".env")


def test_a_dotenv_changes_nothing_in_the_process(place: Place) -> None:
    place.dotenv({"COTRADER_THEME": "mono"})
    before = dict(os.environ)
    place.load()
    assert dict(os.environ) == before


def test_a_dotenv_is_taken_literally(place: Place) -> None:
    """A secret may hold a dollar sign, quotes, a hash."""
    place.dotenv({"TASTYTRADE_CLIENT_SECRET": "'pre$HOME${HOME}#x'", "TASTYTRADE_REFRESH_TOKEN": '"tok=en "'})
    (connection,) = place.load().connections
    assert connection.secrets["client_secret"].reveal() == "pre$HOME${HOME}#x"
    assert connection.secrets["refresh_token"].reveal() == "tok=en "


# Connections


def test_tastytrade_is_on_with_its_grant_and_its_defaults(place: Place) -> None:
    connection = place.tastytrade()
    assert (connection.name, connection.broker, connection.label) == ("tastytrade", "tastytrade", "")
    assert connection.sync_interval == timedelta(seconds=60)
    assert connection.account_filter == frozenset()
    assert {name: secret.reveal() for name, secret in connection.secrets.items()} == {
        "client_secret": GRANT["TASTYTRADE_CLIENT_SECRET"],
        "refresh_token": GRANT["TASTYTRADE_REFRESH_TOKEN"],
    }
    assert "api_url" not in connection.options
    assert "streamer_url" not in connection.options


def test_the_names_the_sdk_has_for_the_grant_are_accepted(place: Place) -> None:
    (connection,) = place.load(TT_SECRET="sdk-secret", TT_REFRESH="sdk-token").connections
    assert connection.secrets == {"client_secret": Secret("sdk-secret"), "refresh_token": Secret("sdk-token")}
    (connection,) = place.load(TT_SECRET="sdk-secret", **GRANT).connections
    assert connection.secrets["client_secret"] == Secret(GRANT["TASTYTRADE_CLIENT_SECRET"])


def test_an_alias_in_the_environment_goes_before_the_name_in_a_dotenv(place: Place) -> None:
    place.dotenv(GRANT)
    (connection,) = place.load(TT_SECRET="sdk-secret", TT_REFRESH="sdk-token").connections
    assert connection.secrets == {"client_secret": Secret("sdk-secret"), "refresh_token": Secret("sdk-token")}


def test_the_grant_is_read_from_the_dotenv_here_and_in_the_config_folder(place: Place) -> None:
    written = place.dotenv(GRANT, place.config)
    assert len(place.load().connections) == 1
    written.rename(place.here / ".env")
    assert len(place.load().connections) == 1


@pytest.mark.parametrize("missing", sorted(GRANT))
def test_half_a_grant_names_the_missing_half_and_shows_nothing_of_the_other(place: Place, missing: str) -> None:
    (kept,) = set(GRANT) - {missing}
    with pytest.raises(ConfigError) as caught:
        place.load(**{kept: GRANT[kept]})
    assert missing in caught.value.message
    assert caught.value.hint
    assert GRANT[kept] not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "accounts"),
    [("5WX00001", {"5WX00001"}), (" 5WX00001 ,5WX00002,, ", {"5WX00001", "5WX00002"}), (",", set())],
)
def test_accounts_are_filtered_by_comma_separated_numbers(place: Place, text: str, accounts: set[str]) -> None:
    assert place.tastytrade(TASTYTRADE_ACCOUNT_NUMBER=text).account_filter == accounts


@pytest.mark.parametrize(("text", "label"), [("1", "SANDBOX"), ("TRUE", "SANDBOX"), ("0", ""), ("off", "")])
def test_the_sandbox_is_visible_as_a_word(place: Place, text: str, label: str) -> None:
    connection = place.tastytrade(TASTYTRADE_SANDBOX=text)
    assert connection.label == label
    assert connection.options["is_sandbox"] == ("1" if label else "0")


def test_another_host_is_visible_beside_the_sandbox(place: Place) -> None:
    address = "http://127.0.0.1:8765"
    assert place.tastytrade(TASTYTRADE_API_URL=address).label == "127.0.0.1:8765"
    connection = place.tastytrade(TASTYTRADE_API_URL=address, TASTYTRADE_SANDBOX="1")
    assert connection.label == "SANDBOX 127.0.0.1:8765"
    assert connection.name == "tastytrade"
    assert "streamer.example.com" in place.tastytrade(TASTYTRADE_STREAMER_URL="wss://streamer.example.com").label


# The interval


@given(seconds=st.one_of(st.integers(5, 86_400), st.floats(5, 86_400)))
def test_an_interval_of_at_least_five_seconds_is_taken(
    tmp_path_factory: pytest.TempPathFactory, seconds: float
) -> None:
    place = Place(tmp_path_factory.mktemp("place"))
    assert place.tastytrade(COTRADER_SYNC_INTERVAL=str(seconds)).sync_interval == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["4.999", "0", "-60", "soon", "nan", "inf", "1e400", "1e13", "60s"])
def test_an_interval_that_cannot_be_kept_is_named_with_its_place(place: Place, text: str) -> None:
    with pytest.raises(ConfigError, match="COTRADER_SYNC_INTERVAL") as caught:
        place.tastytrade(COTRADER_SYNC_INTERVAL=text)
    assert "the environment" in caught.value.message
    written = place.dotenv({"COTRADER_SYNC_INTERVAL": text})
    with pytest.raises(ConfigError) as caught:
        place.tastytrade()
    assert str(written) in caught.value.message


# The password of old


@pytest.mark.parametrize("given_names", [("TASTYTRADE_USERNAME",), ("TASTYTRADE_PASSWORD",), tuple(PASSWORD)])
@pytest.mark.parametrize("source", ["environment", "dotenv"])
def test_a_password_without_a_grant_is_answered_with_how_to_make_one(
    place: Place, given_names: tuple[str, ...], source: str
) -> None:
    values = {name: PASSWORD[name] for name in given_names}
    if source == "dotenv":
        place.dotenv(values)
    settings = place.load(**(values if source == "environment" else {}))
    assert settings.has_password_only
    with pytest.raises(ConfigError) as caught:
        settings.require_connections()
    words = str(caught.value)
    assert "OAuth" in words
    assert "TASTYTRADE_CLIENT_SECRET" in words
    assert "TASTYTRADE_REFRESH_TOKEN" in words
    assert PASSWORD["TASTYTRADE_PASSWORD"] not in words


def test_a_password_beside_a_grant_is_a_warning(place: Place) -> None:
    settings = place.load(**GRANT, **PASSWORD)
    settings.require_connections()
    assert not settings.has_password_only
    (warning,) = settings.warnings
    assert "OAuth" in warning
    assert place.load(**GRANT).warnings == ()


def test_nothing_configured_says_what_to_do(place: Place) -> None:
    settings = place.load()
    assert not settings.has_password_only
    with pytest.raises(ConfigError) as caught:
        settings.require_connections()
    assert "--demo" in caught.value.hint
    assert "TASTYTRADE_CLIENT_SECRET" in caught.value.hint


# The demo


def test_the_demo_ignores_the_database_and_the_brokers_that_are_configured(place: Place) -> None:
    place.toml(f'database = "{place.root}/toml.db"')
    place.dotenv({"COTRADER_DB": f"{place.root}/dotenv.db", **PASSWORD})
    demo = Options(demo=True)
    settings = place.load(demo, COTRADER_DB=f"{place.root}/environment.db", **GRANT)
    assert settings.is_demo
    assert settings.database == place.data / "demo.db"
    assert [(each.name, each.broker, each.label) for each in settings.connections] == [("demo", "demo", "DEMO")]
    assert settings.warnings == ()
    assert not settings.has_password_only
    assert settings.log_file != place.load(**GRANT).log_file


def test_the_demo_takes_a_database_named_by_option(place: Place) -> None:
    assert place.load(Options(demo=True, db=place.root / "x.db")).database == place.root / "x.db"


def test_the_demo_starts_whatever_is_wrong_with_the_brokers(place: Place) -> None:
    place.dotenv({"TASTYTRADE_API_URL": "https://proxy.example.com", "TASTYTRADE_SANDBOX": "perhaps"})
    assert place.load(Options(demo=True), TASTYTRADE_CLIENT_SECRET="half").connections[0].name == "demo"


def test_the_demo_keeps_to_the_interval_that_is_set(place: Place) -> None:
    demo = Options(demo=True)
    assert place.load(demo).connections[0].sync_interval == timedelta(seconds=15)
    assert place.load(demo, COTRADER_SYNC_INTERVAL="30").connections[0].sync_interval == timedelta(seconds=30)


# What is wrong is named


@pytest.mark.parametrize("name", ["COTRADER_PRIVACY", "TASTYTRADE_SANDBOX"])
def test_a_switch_that_is_neither_on_nor_off_is_named_with_its_place(place: Place, name: str) -> None:
    written = place.dotenv({name: "perhaps"})
    with pytest.raises(ConfigError) as caught:
        place.tastytrade()
    assert name in caught.value.message
    assert "perhaps" in caught.value.message
    assert str(written) in caught.value.message


@pytest.mark.parametrize("text", ["theme = ", "= 5", '[tastytrade]\nclient_secret = "canary-toml" x', "\x00"])
def test_a_configuration_file_that_cannot_be_read_is_named(place: Place, text: str) -> None:
    written = place.toml(text)
    with pytest.raises(ConfigError) as caught:
        place.load()
    assert str(written) in caught.value.message
    assert caught.value.hint
    assert "canary" not in str(caught.value)


def test_a_dotenv_that_cannot_be_read_is_named(place: Place) -> None:
    path = place.here / ".env"
    path.write_bytes(b"TASTYTRADE_CLIENT_SECRET=canary\xff\xfe\n")
    with pytest.raises(ConfigError) as caught:
        place.load()
    assert str(path) in caught.value.message
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("by_option", [True, False])
def test_a_configuration_file_that_was_named_must_exist(place: Place, by_option: bool) -> None:
    path = place.root / "absent.toml"
    with pytest.raises(ConfigError) as caught:
        place.load(Options(config=path) if by_option else None, **({} if by_option else {"COTRADER_CONFIG": str(path)}))
    assert str(path) in caught.value.message


@pytest.mark.parametrize(
    ("environ", "label"),
    [
        ({"IBKR_PORT": "7496"}, ""),
        ({"IBKR_PORT": "4002"}, "PAPER"),
        ({"IBKR_PORT": "7497", "IBKR_HOST": "10.0.0.9"}, "PAPER 10.0.0.9"),
    ],
)
def test_the_port_switches_interactive_brokers_on_and_paper_is_a_word(
    place: Place, environ: dict[str, str], label: str
) -> None:
    (connection,) = place.load(**environ).connections
    assert (connection.name, connection.broker, connection.label) == ("ibkr", "ibkr", label)


def test_a_host_alone_switches_nothing_on(place: Place) -> None:
    assert place.load(IBKR_HOST="127.0.0.1").connections == ()


def test_settings_are_narrowed_to_some_connections_and_refuse_unknown_ones(place: Place) -> None:
    settings = place.load(IBKR_PORT="7496", TT_SECRET="secret", TT_REFRESH="token")
    assert [each.name for each in settings.only(None).connections] == ["tastytrade", "ibkr"]
    assert [each.name for each in settings.only(["ibkr"]).connections] == ["ibkr"]
    with pytest.raises(ConfigError, match=r"no connection paper.*tastytrade, ibkr"):
        settings.only(["ibkr", "paper"])
