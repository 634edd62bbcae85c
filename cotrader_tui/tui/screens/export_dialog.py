"""The question in which format a table is exported."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Center, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from cotrader_tui.tui.present.as_text import ExportFormat

_LABELS = {
    ExportFormat.CSV: "c  CSV",
    ExportFormat.JSON: "j  JSON",
    ExportFormat.MARKDOWN: "m  Markdown",
}


class ExportDialog(ModalScreen[ExportFormat | None]):
    """Ends with the format, or with `None`."""

    AUTO_FOCUS = "OptionList"
    BINDINGS = [  # noqa: RUF012 - Textual's own name and type
        Binding("c", "choose('csv')", "CSV"),
        Binding("j", "choose('json')", "JSON"),
        Binding("m", "choose('markdown')", "Markdown"),
        Binding("escape,q", "choose('')", "Close"),
    ]

    def compose(self) -> ComposeResult:
        with Center(), Vertical(id="formats") as box:
            box.border_title = Content(" Export the table as it is seen ")
            box.border_subtitle = Content(" esc closes ")
            yield OptionList(*(Option(Content(label), id=form.value) for form, label in _LABELS.items()), markup=False)

    def action_choose(self, form: str) -> None:
        self.dismiss(ExportFormat(form) if form else None)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_id is not None:
            self.action_choose(event.option_id)
