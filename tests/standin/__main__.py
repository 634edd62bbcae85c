"""`python -m tests.standin [--port N] [--odd-row]`: a tastytrade stand-in with a sample book, for trying by hand."""

from __future__ import annotations

import argparse
import sys
import threading
from datetime import UTC, datetime

from tests.standin.sample import sample_book
from tests.standin.tastytrade import TastytradeStandin


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.standin", description=__doc__)
    parser.add_argument("--port", type=int, default=8765, help="the loopback port to listen at (0: any free one)")
    parser.add_argument("--odd-row", action="store_true", help="let one row have an unknown instrument type")
    arguments = parser.parse_args()
    book = sample_book(datetime.now(UTC).date(), has_odd_row=arguments.odd_row)
    with TastytradeStandin(book, port=arguments.port) as server:
        sys.stdout.write(
            f"export TASTYTRADE_API_URL={server.url}\n"
            f"export TASTYTRADE_STREAMER_URL={server.streamer_url}\n"
            f"export TASTYTRADE_CLIENT_SECRET={server.client_secret}\n"
            f"export TASTYTRADE_REFRESH_TOKEN={server.refresh_token}\n"
        )
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
