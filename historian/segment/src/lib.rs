//! History files: columns to Parquet bytes and back.
