"""Pure functions from domain values to the texts of cells and lines. Rounding happens here and nowhere else."""
