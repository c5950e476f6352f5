-- The history catalog, format 3. Numbers of nodes, topics and organisations are the log's. `row_crc` is
-- the checksum of its row (catalog/row.rs). The row `format` of `meta` keeps its shape in all formats
-- to come, so that a newer format can be told from a damaged one.
CREATE TABLE meta (
    key TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL,
    row_crc INTEGER NOT NULL
) WITHOUT ROWID;

-- Where files told of a node and the log did not, its topic is 4294967295 and its id zeros.
CREATE TABLE node (
    node INTEGER PRIMARY KEY NOT NULL,
    org INTEGER NOT NULL,
    topic INTEGER NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    purged INTEGER NOT NULL,
    row_crc INTEGER NOT NULL
);

CREATE TABLE series (
    sid INTEGER PRIMARY KEY NOT NULL,
    node INTEGER NOT NULL REFERENCES node (node),
    field TEXT,
    type TEXT NOT NULL,
    generation INTEGER NOT NULL,
    unit TEXT,
    row_crc INTEGER NOT NULL
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
    last_sid INTEGER NOT NULL,
    row_crc INTEGER NOT NULL
);

-- Each gap is here twice: nothing else tells of it.
CREATE TABLE gap (
    after_sequence INTEGER NOT NULL,
    until_sequence INTEGER NOT NULL,
    start_time INTEGER NOT NULL,
    end_time INTEGER NOT NULL,
    first_sid INTEGER,
    last_sid INTEGER,
    reason TEXT NOT NULL,
    row_crc INTEGER NOT NULL
);

-- Files a purge took samples from; others stand for what is left of them. To be removed once nobody reads them any more.
CREATE TABLE doomed (
    name TEXT PRIMARY KEY NOT NULL,
    row_crc INTEGER NOT NULL
);
