"""The commands: what each prints on stdout for programs, and on stderr for people."""
