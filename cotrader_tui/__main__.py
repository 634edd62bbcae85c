"""`python -m cotrader_tui` is `cotrader`."""

import sys

from cotrader_tui.cli import main

if __name__ == "__main__":
    sys.exit(main())
