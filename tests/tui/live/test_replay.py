"""Every frame of a random session, replayed through an emulator, is what Textual meant."""

from __future__ import annotations

import pytest

from tests.tui.live.session import replay


@pytest.mark.parametrize("seed", [11, 12])
async def test_every_frame_of_a_random_session_equals_what_textual_meant(seed: int) -> None:
    driver = await replay(seed, steps=130)
    assert driver.wrong == []
    assert driver.compared > 30
    assert sum(map(len, driver.sent)) < sum(map(len, driver.written)) / 2
