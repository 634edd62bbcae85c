"""Pure functions from domain values to domain values: P&L, exposure, totals, freshness."""
