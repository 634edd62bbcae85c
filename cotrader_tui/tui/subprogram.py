"""A program of its own for what the screen must not load: run to its end, cut short after a while."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from dataclasses import dataclass

from cotrader_tui.domain.text import visible

ENDS_WITHIN = 30.0


@dataclass(frozen=True, slots=True)
class Finished:
    """What a program came to: whether it succeeded, and what it said on standard error, safe to show."""

    is_well: bool
    words: str


async def run_program(command: Sequence[str], given: bytes = b"", within: float = ENDS_WITHIN) -> Finished:
    """Run `command` with `given` on its standard input, in a session without a terminal, which it could ask.

    It is killed if it takes longer than `within` seconds, or if the task that runs this is cancelled.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=DEVNULL, stderr=PIPE, start_new_session=True
        )
    except OSError as error:
        return Finished(False, f"{command[0]} cannot be started: {error.strerror}.")
    try:
        async with asyncio.timeout(within):
            _, said = await process.communicate(given)
    except TimeoutError:
        return Finished(False, f"It did not end within {within:g} s and was stopped. Doing it again goes on.")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    words = "\n".join(visible(line) for line in said.decode(errors="replace").splitlines())
    return Finished(process.returncode == 0, words or f"It ended with exit code {process.returncode}.")
