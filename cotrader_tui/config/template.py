"""The configuration file that `cotrader config init` writes: every setting, each with its meaning, none switched on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cotrader_tui.config.connection_keys import CONNECTION_KEYS, SYNC_INTERVAL
from cotrader_tui.config.values import SETTINGS, Setting

_HEAD = """\
# The settings of cotrader. A line that begins with # says nothing: take its # away to set it.
# What goes before this file: an option, the environment, a .env. `cotrader config show --origin` tells what holds.
# This file may hold secrets: keep it readable by yourself only (chmod 600).
"""
_PORTFOLIOS = """\
# The currency of all accounts together; the one they have in common by default. For example:
#base_currency = "USD"

# Accounts that are synced and listed, but counted nowhere. For example:
#exclude_accounts = ["ibkr:U9990001"]
"""
_PORTFOLIO = """\
# A portfolio: a name of your own, its accounts as broker:number, and, if it is to be another one, its currency.
# For example:
#[portfolio.retirement]
#accounts = ["tastytrade:5WX00001", "ibkr:U5550001"]
#base_currency = "USD"
"""
_KEYS = """\
# Keys of your own for the actions of the screen, by the action's id; a list for several, "" for none. Defaults:
# `cotrader keys` tells what your terminal sends, and which ids there are.
[keys]
"""
_SWITCH = "false: it is synced without its {}"
_POSITIONS = "false: it is not synced, its book stays with its age"


def template(actions: Sequence[tuple[str, Sequence[str], str]]) -> str:
    """The text of the file. `actions` are those of the screen: id, keys as one writes them, description."""
    top = [setting for setting in SETTINGS if setting.key and "." not in setting.key]
    parts = [_HEAD, *map(_commented, top), _PORTFOLIOS]
    parts += ["\n\n".join(_section(name)) + "\n" for name in _brokers()]
    parts += [_PORTFOLIO, _KEYS + "".join(_action(*each) for each in actions)]
    return "\n".join(parts)


def _brokers() -> list[str]:
    return list(dict.fromkeys(setting.key.partition(".")[0] for setting in SETTINGS if "." in setting.key))


def _section(name: str) -> Iterator[str]:
    own = [_commented(setting).rstrip() for setting in SETTINGS if setting.key.startswith(f"{name}.")]
    yield f"[{name}]\n{own[0]}"
    yield from own[1:]
    for key in CONNECTION_KEYS:
        if key == SYNC_INTERVAL:
            yield "# seconds between syncs of this one, before the common interval. For example:\n#sync_interval = 60"
        else:
            words = _POSITIONS if key == "positions" else _SWITCH.format(key)
            yield f"# {words}. Default:\n#{key} = true"


def _commented(setting: Setting) -> str:
    name = setting.key.rpartition(".")[2]
    held = "Default" if setting.has_default else "For example" if setting.example != '""' else "Unset by default"
    return f"# {setting.description}; in the environment {setting.env}. {held}:\n#{name} = {setting.example}\n"


def _action(action: str, keys: Sequence[str], description: str) -> str:
    texts = [f'"{_escaped(key)}"' for key in keys]
    value = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    return f"#{action} = {value}  # {description}\n"


def _escaped(key: str) -> str:
    return key.replace("\\", "\\\\").replace('"', '\\"')
