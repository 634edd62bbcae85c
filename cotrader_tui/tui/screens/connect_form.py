"""The form that connects to a broker."""

from __future__ import annotations

import json

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Center, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Static

from cotrader_tui.tui.ports import ConnectionPrograms, FormField
from cotrader_tui.tui.screens.program_dialog import ProgramDialog
from cotrader_tui.tui.subprogram import Finished

_HINT = "enter connects, tab or down goes on, esc closes. Nothing is stored unless the broker answers."
_NAME = FormField("name", "Name of the connection", is_required=True)


class SecretInput(Input):
    """What is typed into it is neither shown nor copied."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(password=True, compact=True, id=id)

    def action_copy(self) -> None:
        """A copy would go to the terminal in clear."""

    def action_cut(self) -> None:
        """As `action_copy`."""


class ConnectForm(ProgramDialog):
    """Asks what `cotrader connect` asks, and has it do the work. Secrets leave the form as they are sent."""

    BINDINGS = [  # noqa: RUF012 - Textual's own name and type
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(self, programs: ConnectionPrograms, broker: str) -> None:
        super().__init__(programs)
        self._broker = broker
        self._fields = (_NAME, *programs.fields[broker])

    def compose(self) -> ComposeResult:
        with Center(), VerticalScroll(id="dialog", can_focus=False) as box:
            box.border_title = Content(f" Connect {self._broker} ")
            for field in self._fields:
                must = "" if field.is_required else " (optional)"
                yield Static(f"{field.label}{must}", markup=False, classes="label")
                yield _input(field)
            yield Static(markup=False, id="words")
            yield Static(_HINT, markup=False, id="hint")

    def on_mount(self) -> None:
        if self._broker not in self._programs.kept():
            self._input(_NAME).value = self._broker

    def _input(self, field: FormField) -> Input:
        return self.query_one(f"#{_id(field)}", Input)

    def _text(self, field: FormField) -> str:
        return self._input(field).value.strip()

    @on(Input.Submitted)
    def _send(self) -> None:
        if self.is_busy:
            return
        missing = [field for field in self._fields if field.is_required and not self._text(field)]
        if missing:
            self._input(missing[0]).focus()
            self.say(f"Still missing: {missing[0].label}.", _HINT)
            return
        name, *fields = self._fields
        given = json.dumps({field.key: self._text(field) for field in fields if self._text(field)})
        for field in fields:
            if field.is_secret:
                self._input(field).clear()
        self._lock(True)
        self.say(f"Logging in to {self._broker}…", "esc stops it.")
        self.run_it(self._programs.connect(self._broker, self._text(name)), given.encode())

    def finished(self, result: Finished) -> None:
        if result.is_well:
            for each in self.query("Input, .label"):
                each.display = False
            self.say(result.words, "esc closes.")
            self.book_app.connection_made()
        else:
            self._ask_again(result.words)

    def stopped(self) -> None:
        self._ask_again("Stopped before it was done.")

    def _ask_again(self, words: str) -> None:
        self._lock(False)
        has_secrets = any(field.is_secret for field in self._fields)
        self.say(words, f"Type the secrets again: the form does not keep them. {_HINT}" if has_secrets else _HINT)
        wanted = next((field for field in self._fields if field.is_required and not self._text(field)), _NAME)
        self._input(wanted).focus()

    def _lock(self, is_locked: bool) -> None:
        for each in self.query(Input):
            each.disabled = is_locked


def _id(field: FormField) -> str:
    return f"field-{field.key}"


def _input(field: FormField) -> Input:
    return SecretInput(id=_id(field)) if field.is_secret else Input(compact=True, id=_id(field))
