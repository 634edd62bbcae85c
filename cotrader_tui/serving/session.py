"""One screen behind one browser tab: a process of its own, which ends with the tab."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

_ENDS_WITHIN = 0.4
"""Seconds a screen has to end in order."""
_DRIVER = "cotrader_tui.tui.served_driver:ServedDriver"


class Session(AppService):
    """textual-serve's link to a screen, without a shell between and with an end that does not wait for ever."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], websocket: web.WebSocketResponse) -> None:
        """`environ` is all that the screen sees of an environment."""
        super().__init__(
            "",
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=websocket.close,  # type: ignore[arg-type]  # it tells whether it was open; nobody asks
            download_manager=DownloadManager(),
        )
        self._program = command
        self._environ = environ

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        of_the_web = super()._build_environment(width, height)
        own = {name: of_the_web[name] for name in ("COLUMNS", "ROWS", "TEXTUAL_COLOR_SYSTEM", "TEXTUAL_FPS")}
        return {**self._environ, **own, "TEXTUAL_DRIVER": _DRIVER}

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        environ = self._build_environment(width, height)
        self._process = await asyncio.create_subprocess_exec(
            *self._program, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=environ, start_new_session=True
        )
        self._stdin = self._process.stdin
        return self._process

    async def run(self) -> None:
        """As textual-serve's; a screen that has ended, however, closes its tab's connection."""
        try:
            await super().run()
        finally:
            await self.remote_close()

    async def stop(self) -> None:
        """End the screen: it is asked to, and killed if it does not within a moment. May be called twice."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_ENDS_WITHIN):
                await super().stop()
        process = self._process
        if process is not None and process.returncode is None:
            if process.stdin is not None:
                process.stdin.close()
            with suppress(TimeoutError):
                async with asyncio.timeout(_ENDS_WITHIN / 2):
                    await process.wait()
        if process is not None and process.returncode is None:
            process.kill()
