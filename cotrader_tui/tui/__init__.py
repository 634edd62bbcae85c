"""The full-screen monitor: reads the store, never a broker."""
