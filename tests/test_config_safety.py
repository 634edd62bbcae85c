"""Settings that guard the grant: addresses it may be sent to, texts it never stands in."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cotrader_tui.brokers.base import Secret
from cotrader_tui.config import Settings
from cotrader_tui.errors import ConfigError
from tests.config_place import GRANT, PASSWORD, Place

ADDRESSES = ("TASTYTRADE_API_URL", "TASTYTRADE_STREAMER_URL")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


# Addresses

FOREIGN = ("https://proxy.example.com", "https://127.0.0.1.example.com", "https://127-0-0-1.example.com:8443/x")
LOOPBACK = ("http://127.0.0.1:8765", "http://localhost:1", "http://[::1]:8765", "https://127.0.0.9", "ws://127.0.0.1:1")


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("address", LOOPBACK)
def test_a_loopback_address_may_come_from_a_dotenv(place: Place, name: str, address: str) -> None:
    place.dotenv({name: address})
    assert place.tastytrade().options[name.removeprefix("TASTYTRADE_").lower()] == address


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("address", FOREIGN)
@pytest.mark.parametrize("folder", ["here", "config"])
def test_a_dotenv_cannot_send_the_grant_abroad(place: Place, name: str, address: str, folder: str) -> None:
    written = place.dotenv({name: address}, getattr(place, folder))
    with pytest.raises(ConfigError) as caught:
        place.tastytrade()
    assert name in caught.value.message
    assert str(written) in caught.value.message


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("address", FOREIGN)
def test_a_foreign_address_may_come_from_the_environment_or_the_configuration_file(
    place: Place, name: str, address: str
) -> None:
    key = name.removeprefix("TASTYTRADE_").lower()
    place.dotenv({name: "http://127.0.0.1:1"})
    assert place.tastytrade(**{name: address}).options[key] == address
    (place.here / ".env").unlink()
    place.toml(f'[tastytrade]\n{key} = "{address}"')
    assert place.tastytrade().options[key] == address


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("address", ["http://proxy.example.com", "ws://10.0.0.7:80", "http://0.0.0.0:8765"])
def test_without_encryption_only_this_machine_is_spoken_to(place: Place, name: str, address: str) -> None:
    with pytest.raises(ConfigError, match=name):
        place.tastytrade(**{name: address})
    place.toml(f'[tastytrade]\n{name.removeprefix("TASTYTRADE_").lower()} = "{address}"')
    with pytest.raises(ConfigError, match=r"config\.toml"):
        place.tastytrade()


@pytest.mark.parametrize(
    "address",
    [
        "proxy.example.com",
        "ftp://127.0.0.1",
        "https://",
        "http://[::1",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
    ],
)
def test_an_address_that_is_none_is_named_with_its_place(place: Place, address: str) -> None:
    with pytest.raises(ConfigError) as caught:
        place.tastytrade(TASTYTRADE_API_URL=address)
    assert "TASTYTRADE_API_URL" in caught.value.message
    assert "the environment" in caught.value.message
    assert caught.value.hint


def test_a_login_inside_an_address_is_refused_and_not_repeated(place: Place) -> None:
    with pytest.raises(ConfigError) as caught:
        place.tastytrade(TASTYTRADE_API_URL="https://ada:canary-password@proxy.example.com")
    assert "canary-password" not in str(caught.value)


@given(host=st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True))
def test_no_host_name_but_localhost_passes_for_this_machine(
    tmp_path_factory: pytest.TempPathFactory, host: str
) -> None:
    place = Place(tmp_path_factory.mktemp("place"))
    place.dotenv({"TASTYTRADE_API_URL": f"https://{host}"})
    if host == "localhost" or (host.startswith("127.") and host.replace(".", "").isdigit()):
        return
    with pytest.raises(ConfigError, match="foreign host"):
        place.tastytrade()


# Secrets


@pytest.fixture
def secretive(place: Place) -> Settings:
    place.dotenv(PASSWORD)
    return place.load(**GRANT)


def test_secrets_show_in_no_text_made_of_the_settings(secretive: Settings) -> None:
    (connection,) = secretive.connections
    canaries = [*GRANT.values(), PASSWORD["TASTYTRADE_PASSWORD"]]
    for thing in (secretive, connection, connection.secrets, secretive.secrets, *secretive.secrets):
        for text in (repr(thing), str(thing), f"{thing}", f"{thing!r}", "%s %r" % (thing, thing)):  # noqa: UP031
            assert not [canary for canary in canaries if canary in text]


def test_secrets_are_not_serialised_or_copied_along(secretive: Settings) -> None:
    for thing in (secretive, secretive.connections[0], secretive.secrets[0]):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(TypeError):
                pickle.dumps(thing, protocol)
    with pytest.raises(TypeError):
        copy.deepcopy(secretive)
    with pytest.raises(TypeError):
        asdict(secretive)


def test_every_secret_in_use_is_known_to_whoever_masks(secretive: Settings) -> None:
    known = {secret.reveal() for secret in secretive.secrets}
    assert known == {*GRANT.values(), PASSWORD["TASTYTRADE_PASSWORD"]}


@given(value=st.text(min_size=8))
def test_a_secret_shows_only_when_asked(value: str) -> None:
    secret = Secret(value)
    assert secret.reveal() == value
    assert repr(secret) == str(secret) == f"{secret}" == repr(Secret(""))


def _all_ways(place: Place) -> Iterator[dict[str, str]]:
    yield {**GRANT, "COTRADER_SYNC_INTERVAL": "soon"}
    yield {"TASTYTRADE_CLIENT_SECRET": GRANT["TASTYTRADE_CLIENT_SECRET"]}
    yield {**GRANT, "TASTYTRADE_API_URL": "nonsense"}
    yield {**GRANT, "TASTYTRADE_SANDBOX": "perhaps"}
    yield {**GRANT, "COTRADER_CONFIG": str(place.root / "absent.toml")}


def test_no_refusal_of_a_setting_repeats_a_secret(place: Place) -> None:
    for environ in _all_ways(place):
        with pytest.raises(ConfigError) as caught:
            place.load(**environ)
        assert not [secret for secret in GRANT.values() if secret in str(caught.value)]
