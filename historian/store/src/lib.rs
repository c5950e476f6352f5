//! Cursor over the log into sorted Parquet files with a catalog.
