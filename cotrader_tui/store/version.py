"""The schema version this program reads and writes, for readers that never import the writer."""

SCHEMA_VERSION = 3
"""The number of migrations; kept in the file as `PRAGMA user_version`."""
