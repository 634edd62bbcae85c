"""SQLite: the truth in the middle. The engine writes it, everybody else reads it."""
