"""What a table shows of its rows, and in which order: filter, sort, grouping, columns, saved views."""
