-- The history catalog, format 1. Numbers of nodes, topics and organisations are the log's.
CREATE TABLE IF NOT EXISTS meta (
    key TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT OR IGNORE INTO meta (key, value) VALUES ('format', 1), ('cursor', 0), ('ingest', 0);

CREATE TABLE IF NOT EXISTS node (
    node INTEGER PRIMARY KEY NOT NULL,
    org INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    purged INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS series (
    sid INTEGER PRIMARY KEY NOT NULL,
    node INTEGER NOT NULL REFERENCES node (node),
    field TEXT,
    type TEXT NOT NULL,
    generation INTEGER NOT NULL
);

-- Times are nanoseconds since 1970 UTC; `crc` is the CRC-32 of the whole file.
CREATE TABLE IF NOT EXISTS file (
    name TEXT PRIMARY KEY NOT NULL,
    first_time INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    after_sequence INTEGER NOT NULL,
    until_sequence INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    crc INTEGER NOT NULL,
    first_sid INTEGER NOT NULL,
    last_sid INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS gap (
    after_sequence INTEGER NOT NULL,
    until_sequence INTEGER NOT NULL,
    start_time INTEGER NOT NULL,
    end_time INTEGER NOT NULL,
    first_sid INTEGER,
    last_sid INTEGER,
    reason TEXT NOT NULL
);
