-- Opens the tables of this folder as views in DuckDB. Start DuckDB in this folder:
--
--     duckdb -init read.sql
--
-- A missing value is NULL, and its column "reason" says why. Feature names hold hyphens: quote them,
-- as in SELECT "log-sigma-2-0-mm-3D_firstorder_Mean" FROM features.

-- (views)
