-- From format 1 to 2: series have units, files can be doomed.
ALTER TABLE series ADD COLUMN unit TEXT;
CREATE TABLE doomed (
    name TEXT PRIMARY KEY NOT NULL
);
UPDATE meta SET value = 2 WHERE key = 'format';
