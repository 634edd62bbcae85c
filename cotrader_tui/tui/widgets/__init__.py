"""The parts screens are put together from."""
