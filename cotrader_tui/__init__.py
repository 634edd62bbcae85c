"""cotrader-tui: a live options and stock book across brokers, in the terminal."""

__version__ = "0.1.0"
