"""The terms of the trade as frozen values. Standard library only: no I/O, no clock, no vendor names."""
