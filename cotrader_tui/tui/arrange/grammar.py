"""The grammar of the filter: `und:SPY dte<21 side:short pnl<-100 !type:equity`.

Terms joined by blanks all have to hold. A term is bare text, or a field, an operator and a value; `!` negates it.
Values with blanks or operators stand in double quotes. What is unknown meets no condition on it, negated or not.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import Protocol

from cotrader_tui.domain.text import MASK, visible

Value = str | Decimal | float | None
"""What a row says in one field; `None` where it is not known or there is no such thing."""


class FilterError(Exception):
    """A text is no filter: why, in words, and the column it shows at, from 1."""

    def __init__(self, reason: str, column: int) -> None:
        super().__init__(f"Column {column}: {reason}")
        self.reason = reason
        self.column = column


class Kind(Enum):
    """What a field's values are, and so which operators it takes."""

    TEXT = auto()
    """`:` finds the value in it, `=` is equal to it; the case does not matter."""
    NAME = auto()
    """As text, but `:` is equal too."""
    NUMBER = auto()
    SPAN = auto()
    """Seconds, written with a unit: 30s, 5m, 2h, 3d."""


@dataclass(frozen=True, slots=True)
class Field:
    """Something that can be asked of a row."""

    key: str
    """What the row's value is kept under."""
    kind: Kind
    is_amount: bool = False
    """Its values are hidden by privacy."""
    choices: Mapping[str, frozenset[str]] | None = None
    """The words a value may be, each with what it stands for; `None` for any."""


class Subject(Protocol):
    """A row as the filter sees it."""

    def value(self, key: str) -> Value:
        """What the row says in the field with this key."""
        ...

    def texts(self) -> Iterable[str]:
        """What bare text is looked for in."""
        ...


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; `field` is `None` for bare text."""

    field: Field | None
    name: str
    sign: str
    text: str
    test: Callable[[Subject], bool | None]
    """Whether a row meets it, `!` left aside; `None` where that is not known."""
    is_negated: bool = False

    def holds(self, subject: Subject) -> bool:
        found = self.test(subject)
        return found is not None and found is not self.is_negated

    def words(self, *, is_private: bool) -> str:
        """The term as it may be written; in privacy with a mask for an amount."""
        is_hidden = is_private and self.field is not None and self.field.is_amount
        return f"{'!' * self.is_negated}{self.name}{self.sign}{MASK if is_hidden else _quoted(self.text)}"


@dataclass(frozen=True, slots=True)
class Filter:
    """All its terms hold, or the row is left out. Without terms everything is shown."""

    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    def holds(self, subject: Subject) -> bool:
        return all(term.holds(subject) for term in self.terms)

    def words(self, *, is_private: bool = False) -> str:
        """The filter as it may be written."""
        return " ".join(term.words(is_private=is_private) for term in self.terms)


_SIGNS = ("<=", ">=", ":", "=", "<", ">")
_TEXT_SIGNS = (":", "=")
_COMPARE: dict[str, Callable[[Decimal, Decimal], bool]] = {
    ":": operator.eq,
    "=": operator.eq,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
_STOPS = re.compile(r'[\s"]|[<>:=]')
_NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)?(\.\d+)?([kKmM]?)%?")
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_SCALE = {"": Decimal(1), "k": Decimal(1000), "m": Decimal(10) ** 6}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST = 200
"""So long may a filter be: nobody types more, and a pasted page is answered at once."""


def parse(text: str, fields: Mapping[str, Field]) -> Filter:
    """What `text` asks for; `fields` are those there are, by name in lower case.

    Raises:
        FilterError: it is not to be understood.
    """
    if len(text) > _LONGEST:
        raise FilterError(f"A filter has at most {_LONGEST} characters.", _LONGEST + 1)
    return Filter(tuple(_terms(text, fields)))


def _terms(text: str, fields: Mapping[str, Field]) -> Iterable[Term]:
    at = _skip(text, 0)
    while at < len(text):
        term, end = _term(text, at, fields)
        if end < len(text) and not text[end].isspace():
            raise FilterError("A blank is missing before this.", end + 1)
        yield term
        at = _skip(text, end)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _term(text: str, at: int, fields: Mapping[str, Field]) -> tuple[Term, int]:
    is_negated = text[at] == "!"
    start = at + is_negated
    if start == len(text) or text[start].isspace():
        raise FilterError("! negates what follows it, and nothing follows.", at + 1)
    if text[start] == "!":
        raise FilterError("One ! is enough.", start + 1)
    if text[start] == '"':
        bare, end = _quotation(text, start)
        return _bare(bare, is_negated=is_negated), end
    end = _stop(text, start)
    word = text[start:end]
    sign = next((sign for sign in _SIGNS if text.startswith(sign, end)), "")
    if not sign:
        return _bare(word, is_negated=is_negated), end
    if not word:
        raise FilterError(f"The name of a field is missing before {sign}.", start + 1)
    return _comparison(text, (start, end), sign, fields, is_negated=is_negated)


def _stop(text: str, start: int) -> int:
    found = _STOPS.search(text, start)
    return len(text) if found is None else found.start()


def _quotation(text: str, start: int) -> tuple[str, int]:
    """What stands between the quote at `start` and the next, and where it ends."""
    end = text.find('"', start + 1)
    if end < 0:
        raise FilterError('The closing " is missing.', start + 1)
    if end == start + 1:
        raise FilterError("There is nothing between the quotes.", start + 1)
    return text[start + 1 : end], end + 1


def _bare(word: str, *, is_negated: bool) -> Term:
    wanted = word.casefold()

    def test(subject: Subject) -> bool:
        return any(wanted in each.casefold() for each in subject.texts())

    return Term(None, "", "", word, test, is_negated)


def _comparison(
    text: str, name: tuple[int, int], sign: str, fields: Mapping[str, Field], *, is_negated: bool
) -> tuple[Term, int]:
    word = text[slice(*name)]
    field = fields.get(word.casefold())
    if field is None:
        raise FilterError(f"There is no field {visible(word)} here. Known are: {', '.join(fields)}.", name[0] + 1)
    at = name[1] + len(sign)
    if at == len(text) or text[at].isspace():
        raise FilterError(f"A value is missing after {visible(word)}{sign}.", at + 1)
    value, end = _quotation(text, at) if text[at] == '"' else (text[at : (stop := _stop(text, at))], stop)
    if not value:
        raise FilterError(f"A value is missing after {visible(word)}{sign}; quote it if it begins so.", at + 1)
    try:
        test = _test(field, sign, value)
    except ValueError as error:
        raise FilterError(str(error), at + 1) from error
    return Term(field, word.casefold(), sign, value, test, is_negated), end


def _test(field: Field, sign: str, value: str) -> Callable[[Subject], bool | None]:
    """Raises ValueError with the reason where the value or the sign does not suit the field."""
    if field.kind in (Kind.NUMBER, Kind.SPAN):
        wanted = _number(value) if field.kind is Kind.NUMBER else _span(value)
        return _compared(field.key, _COMPARE[sign], wanted)
    if sign not in _TEXT_SIGNS:
        raise ValueError(f"Text is not compared with {sign}: use : or =.")
    if field.choices is not None:
        return _chosen(field.key, _choice(field.choices, value))
    return _said(field.key, value.casefold(), is_whole=sign == "=" or field.kind is Kind.NAME)


def _compared(
    key: str, compare: Callable[[Decimal, Decimal], bool], wanted: Decimal
) -> Callable[[Subject], bool | None]:
    def test(subject: Subject) -> bool | None:
        found = exactly(subject.value(key))
        return None if found is None else compare(found, wanted)

    return test


def _chosen(key: str, wanted: frozenset[str]) -> Callable[[Subject], bool | None]:
    def test(subject: Subject) -> bool | None:
        found = subject.value(key)
        return None if found is None else found in wanted

    return test


def _said(key: str, wanted: str, *, is_whole: bool) -> Callable[[Subject], bool | None]:
    def test(subject: Subject) -> bool | None:
        found = subject.value(key)
        if found is None:
            return None
        said = str(found).casefold()
        return said == wanted if is_whole else wanted in said

    return test


def exactly(value: Value) -> Decimal | None:
    """A number to compare with; `None` for what is none, infinite ones included."""
    if value is None or isinstance(value, str):
        return None
    number = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    return number if number.is_finite() else None


def _number(value: str) -> Decimal:
    match = _NUMBER.fullmatch(value)
    if match is None or not (match[2] or match[3]):
        raise ValueError(f"{visible(value)} is no number: write it as -100, 0.5 or 2.5k.")
    sign, whole, decimals, scale = match.groups()
    number = Decimal(f"{sign}{(whole or '0').replace(',', '')}{decimals or ''}")
    return number * _SCALE[scale.lower()]


def _span(value: str) -> Decimal:
    match = _SPAN.fullmatch(value)
    if match is None:
        raise ValueError(f"{visible(value)} is no span of time: write it as 30s, 5m, 2h or 3d.")
    return Decimal(match[1]) * _SECONDS[match[2]]


def _choice(choices: Mapping[str, frozenset[str]], value: str) -> frozenset[str]:
    found = choices.get(value.casefold())
    if found is None:
        raise ValueError(f"{visible(value)} is not one of {', '.join(choices)}.")
    return found


def _quoted(text: str) -> str:
    needs_quotes = text.startswith("!") or _STOPS.search(text) is not None
    return f'"{text}"' if needs_quotes else text
