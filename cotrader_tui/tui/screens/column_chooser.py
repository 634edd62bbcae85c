"""The list of a table's columns: which are shown, in which order, how wide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Center, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from cotrader_tui.tui.arrange.arrangement import WIDEST, Arrangement, least_width
from cotrader_tui.tui.present.text import Column

_HINTS = (
    " space shows or hides · J K move · + - width · 0 resets · esc closes ",
    " space shows · J K move · + - width · esc closes ",
    " esc closes ",
)
"""The longest that fits below the list is shown."""
_FRAME = 8


class ColumnChooser(ModalScreen[None]):
    """What is chosen shows at once. The first column always stays where it is."""

    AUTO_FOCUS = "OptionList"
    BINDINGS = [  # noqa: RUF012 - Textual's own name and type
        Binding("space,enter", "show_or_hide", "Show or hide"),
        Binding("j", "cursor(1)", "Down"),
        Binding("k", "cursor(-1)", "Up"),
        Binding("J", "move(1)", "Move down"),
        Binding("K", "move(-1)", "Move up"),
        Binding("plus", "widen(1)", "Wider"),
        Binding("minus", "widen(-1)", "Narrower"),
        Binding("0", "reset", "As it was"),
        Binding("escape,q,c", "close", "Close"),
    ]

    def __init__(
        self,
        own: Sequence[Column],
        available: Sequence[Column],
        arrangement: Callable[[], Arrangement],
        arrange: Callable[[Arrangement], None],
    ) -> None:
        """`own` are the columns without a choice, the first of which stays; `available` all there are.

        `arrangement` says what is chosen, `arrange` chooses.
        """
        super().__init__()
        self._own, self._available = tuple(own), {column.key: column for column in available}
        self._arrangement, self._arrange = arrangement, arrange
        self._keys = self._in_order()

    def _in_order(self) -> list[str]:
        """Those shown as they stand, then the others."""
        shown = [column.key for column in self._arrangement().chosen(self._own, tuple(self._available.values()))]
        return shown + [key for key in self._available if key not in shown]

    def compose(self) -> ComposeResult:
        with Center(), Vertical(id="chooser") as box:
            box.border_title = Content(" Columns ")
            yield OptionList(*self._options(), markup=False)

    def on_mount(self) -> None:
        self._list.highlighted = 0

    def on_resize(self, _: events.Resize) -> None:
        hint = next((each for each in _HINTS if len(each) + _FRAME <= self.size.width), _HINTS[-1])
        self.query_one("#chooser").border_subtitle = Content(hint)

    @property
    def _list(self) -> OptionList:
        return self.query_one(OptionList)

    @property
    def _shown(self) -> set[str]:
        return {column.key for column in self._arrangement().chosen(self._own, tuple(self._available.values()))}

    def _options(self) -> list[Option]:
        shown, widths = self._shown, self._arrangement().widths
        options = []
        for key in self._keys:
            column = self._available[key]
            width = widths.get(key, column.width)
            options.append(Option(Content(f"[{'x' if key in shown else ' '}] {column.label:<22} {width:>3}"), id=key))
        return options

    def _show(self, highlighted: int) -> None:
        self._list.clear_options()
        self._list.add_options(self._options())
        self._list.highlighted = highlighted

    @property
    def _at(self) -> int:
        return self._list.highlighted or 0

    def _choose(self, shown: Sequence[str], at: int) -> None:
        own = tuple(column.key for column in self._own)
        chosen = None if tuple(shown) == own else tuple(shown)
        self._arrange(replace(self._arrangement(), columns=chosen))
        self._show(at)

    def action_show_or_hide(self) -> None:
        key, shown = self._keys[self._at], self._shown
        if key != self._own[0].key:
            shown ^= {key}
            self._choose([each for each in self._keys if each in shown], self._at)

    def action_cursor(self, by: int) -> None:
        self._list.highlighted = max(0, min(self._at + by, len(self._keys) - 1))

    def action_move(self, by: int) -> None:
        """The first column keeps its place."""
        at, to = self._at, self._at + by
        if at == 0 or not 1 <= to < len(self._keys):
            return
        shown = self._shown
        self._keys[at], self._keys[to] = self._keys[to], self._keys[at]
        self._choose([each for each in self._keys if each in shown], to)

    def action_widen(self, by: int) -> None:
        """Text may be cut, figures not: their columns get no narrower than they come."""
        column, arrangement = self._available[self._keys[self._at]], self._arrangement()
        width = max(least_width(column), min(arrangement.widths.get(column.key, column.width) + by, WIDEST))
        widths = {**arrangement.widths, column.key: width}
        if width == column.width:
            del widths[column.key]
        self._arrange(replace(arrangement, widths=widths))
        self._show(self._at)

    def action_reset(self) -> None:
        self._arrange(replace(self._arrangement(), columns=None, widths={}))
        self._keys = self._in_order()
        self._show(0)

    def action_close(self) -> None:
        self.dismiss()
