-- The history catalog, format 2. Numbers of nodes, topics and organisations are the log's.
CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL
) WITHOUT ROWID;
-- `rebuilding` is 1 until what the files tell is in here: a start that was killed begins it again.
INSERT INTO meta (key, value)
VALUES ('format', 2), ('cursor', 0), ('ingest', 0), ('purging', 0), ('rebuilding', 1);

-- Where files told of a node and the log did not, its topic is 4294967295 and its id zeros.
CREATE TABLE node (
    node INTEGER PRIMARY KEY NOT NULL,
    org INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    purged INTEGER NOT NULL
);

CREATE TABLE series (
    sid INTEGER PRIMARY KEY NOT NULL,
    node INTEGER NOT NULL REFERENCES node (node),
    field TEXT,
    type TEXT NOT NULL,
    generation INTEGER NOT NULL,
    unit TEXT
);

-- Times are nanoseconds since 1970 UTC; `crc` is the CRC-32 of the whole file.
CREATE TABLE file (
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

CREATE TABLE gap (
    after_sequence INTEGER NOT NULL,
    until_sequence INTEGER NOT NULL,
    start_time INTEGER NOT NULL,
    end_time INTEGER NOT NULL,
    first_sid INTEGER,
    last_sid INTEGER,
    reason TEXT NOT NULL
);

-- Files a purge took samples from; others stand for what is left of them. To be removed once nobody reads them any more.
CREATE TABLE doomed (
    name TEXT PRIMARY KEY NOT NULL
);
