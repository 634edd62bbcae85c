"""Where the secrets of named connections are kept: the system's keyring, or a file encrypted with a key of its own."""
