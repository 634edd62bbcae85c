"""cotrader-tui: a live options and stock book across brokers, in the terminal."""
