//! A catalog with a row, or a byte anywhere in it, that is not what was written: it is told, no file
//! goes, and answers are the same as before.

use std::time::Duration;

use historian_store::{Config, Gap};
use sqlx::{Connection, SqliteConnection};
use uns_model::query::HistoryQuery;
use uns_model::{Sequence, Timestamp, Value};

use crate::rig::{DAY, MS, Rig, raw};

/// What is asked: topics and fields.
const ASKED: [(&str, Option<&str>); 5] = [
    ("plant/a", None),
    ("plant/b", Some("speed")),
    ("plant/b", Some("on")),
    ("plant/c", None),
    ("plant/secret", None),
];

/// Units, types, fields; a purged topic and a deleted one; a part of the log that history lacks.
fn filled() -> Rig {
    let mut rig = Rig::new(&Config::default());
    let (a, b, c) = (rig.mint("plant/a"), rig.mint("plant/b"), rig.mint("plant/c"));
    let secret = rig.mint("plant/secret");
    for value in 1..=4 {
        let time = DAY / MS - value * 1_800_000;
        rig.publish(a, &format!("{{\"value\":{value},\"timestamp\":{time},\"unit\":\"bar\"}}"));
        rig.publish(b, &format!("{{\"speed\":{value},\"on\":true}}"));
        rig.publish(secret, &value.to_string());
        if value % 2 == 0 {
            rig.publish(c, "\"run\"");
            rig.publish(a, &format!("{{\"value\":{value},\"unit\":\"psi\"}}"));
            rig.flush();
        }
    }
    rig.delete(secret, true);
    rig.delete(c, false);
    rig.flush();
    assert!(rig.runtime.block_on(rig.store().purged(Duration::from_secs(60))));
    rig.stop();
    rig.publish(a, "5");
    rig.log.drop_until(fabric::Log::committed(&*rig.log));
    rig.publish(a, "6");
    rig.start();
    rig.flush();
    rig
}

type Answer = (Vec<(Timestamp, Value)>, Vec<Gap>);

/// The same without what is said to be missing: of a catalog that cannot be opened at all, that is lost.
fn samples(answers: &[Option<Answer>]) -> Vec<Option<&[(Timestamp, Value)]>> {
    answers.iter().map(|answer| answer.as_ref().map(|(samples, _)| &samples[..])).collect()
}

fn answers(rig: &Rig) -> Vec<Option<Answer>> {
    let answer = |(topic, field): &(&str, Option<&str>)| {
        let query = HistoryQuery { field: field.map(Into::into), ..raw(topic) };
        rig.ask(query.clone()).ok()?;
        let page = rig.all(query);
        Some((page.samples.into_iter().map(|s| (s.timestamp, s.value)).collect(), page.gaps))
    };
    ASKED.iter().map(answer).collect()
}

fn parquet(rig: &Rig) -> Vec<String> {
    rig.files().into_iter().filter(|name| name.ends_with(".parquet")).collect()
}

/// Looks into the catalog of a store that is stopped.
fn with_catalog<T>(rig: &Rig, work: impl AsyncFnOnce(&mut SqliteConnection) -> T) -> T {
    rig.runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(rig.catalog());
        let connection = SqliteConnection::connect_with(&options.foreign_keys(false)).await;
        let mut connection = connection.expect("a catalog");
        let done = work(&mut connection).await;
        connection.close().await.expect("it closes");
        done
    })
}

pub(crate) fn change(rig: &Rig, sql: &str) {
    let sql = sqlx::AssertSqlSafe(sql.to_owned());
    let changed = with_catalog(rig, async |connection| {
        sqlx::query(sql).execute(connection).await.expect("a statement").rows_affected()
    });
    assert_eq!(changed, 1);
}

/// Columns and content of a table: what `quote` makes of it.
fn content(rig: &Rig, table: &str) -> Vec<(i64, Vec<(String, String)>)> {
    with_catalog(rig, async |connection| {
        let columns = format!("SELECT name FROM pragma_table_info('{table}')");
        let columns = sqlx::query_scalar(sqlx::AssertSqlSafe(columns));
        let columns: Vec<String> = columns.fetch_all(&mut *connection).await.expect("columns");
        let quoted = columns.iter().map(|column| format!("quote({column})"));
        let quoted = quoted.collect::<Vec<_>>().join(" || char(1) || ");
        let key = if table == "meta" { "0" } else { "rowid" };
        let rows = format!("SELECT {key}, {quoted} FROM {table} ORDER BY 1, 2");
        let rows = sqlx::query_as(sqlx::AssertSqlSafe(rows));
        let rows: Vec<(i64, String)> = rows.fetch_all(&mut *connection).await.expect("rows");
        let row = |(key, row): (i64, String)| {
            let values = row.split('\u{1}').map(str::to_owned);
            (key, columns.iter().cloned().zip(values).collect())
        };
        rows.into_iter().map(row).collect()
    })
}

/// Each byte of a value with one of its bits flipped, as SQL; other things for what is not there.
fn flipped(value: &str, seed: usize) -> Vec<String> {
    if value == "NULL" {
        return vec!["1".to_owned()];
    }
    if let Ok(number) = value.parse::<i64>() {
        return (0..8)
            .map(|byte| (number ^ (1 << (byte * 8 + (seed + byte) % 8))).to_string())
            .collect();
    }
    let is_blob = value.starts_with("X'");
    let quoted = value.trim_start_matches('X').as_bytes();
    let text = &quoted[1..quoted.len() - 1];
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |pair: &[u8]| digit(pair[0]).zip(digit(pair[1])).map(|(high, low)| high << 4 | low);
    let bytes: Vec<u8> = match is_blob {
        true => text.chunks(2).map(|pair| byte(pair).expect("digits")).collect(),
        false => text.to_vec(),
    };
    let cast =
        |hex: String| if is_blob { format!("X'{hex}'") } else { format!("CAST(X'{hex}' AS TEXT)") };
    let flip = |at: usize| {
        let mut bytes = bytes.clone();
        bytes[at] ^= 1 << ((seed + at) % 8);
        cast(bytes.iter().map(|byte| format!("{byte:02X}")).collect())
    };
    (0..bytes.len()).map(flip).collect()
}

/// Starts, compares, and says whether a catalog was set aside.
fn is_told(rig: &mut Rig, before: &[Option<Answer>], files: &[String], what: &str) -> bool {
    let started = rig.try_start();
    assert!(started.is_ok(), "{what}: {started:?}");
    let after = answers(rig);
    assert_eq!(samples(&after), samples(before), "{what}");
    assert_eq!(parquet(rig), files, "{what}");
    let aside = rig.store().health().aside;
    let told = aside.iter().any(|aside| aside.why.contains("catalog.damaged-1.sqlite"));
    assert_eq!(told, rig.dir.join("catalog.damaged-1.sqlite").exists(), "{what}: {aside:?}");
    let unread = ["cannot", "header", "what it says of its tables"];
    let is_unopened = |why: &str| unread.iter().any(|unread| why.contains(unread));
    let unopened = aside.iter().any(|aside| is_unopened(&aside.why));
    assert!(unopened || after == before, "{what}: {after:?}");
    rig.stop();
    rig.log.restart();
    for name in ["catalog.damaged-1.sqlite", "catalog.damaged-1.sqlite-wal"] {
        drop(std::fs::remove_file(rig.dir.join(name)));
    }
    told
}

#[test]
fn a_row_that_is_not_what_was_written_is_told_and_changes_no_answer() {
    let soak = std::env::var_os("UNS_SOAK").is_some();
    let mut rig = filled();
    let (before, files) = (answers(&rig), parquet(&rig));
    rig.stop();
    let whole = std::fs::read(rig.catalog()).expect("a catalog");
    let restore = |rig: &Rig| std::fs::write(rig.catalog(), &whole).expect("a writable catalog");
    let mut changes = 0;
    for table in ["node", "series", "file", "gap", "meta"] {
        restore(&rig);
        let rows = content(&rig, table);
        assert!(!rows.is_empty(), "{table}");
        for (key, row) in &rows {
            let place = match table {
                "meta" => format!("key = {}", row[0].1),
                _ => format!("rowid = {key}"),
            };
            for (column, value) in row {
                // In the short form a byte or none of each value; all of them are hit over all rows.
                let step = if soak { 1 } else { 11 };
                for to in flipped(value, changes).into_iter().skip(changes % step).step_by(step) {
                    let sql =
                        format!("UPDATE OR REPLACE {table} SET {column} = {to} WHERE {place}");
                    restore(&rig);
                    change(&rig, &sql);
                    assert!(is_told(&mut rig, &before, &files, &sql), "{sql}: not told");
                    changes += 1;
                }
            }
            let sql = format!("DELETE FROM {table} WHERE {place}");
            restore(&rig);
            change(&rig, &sql);
            assert!(is_told(&mut rig, &before, &files, &sql), "{sql}: not told");
        }
    }
    eprintln!("R4: {changes} rows of the catalog changed, each told, no answer changed");
    assert!(changes > 50, "{changes}");
}

#[test]
fn a_flipped_bit_anywhere_in_the_catalog_changes_no_answer() {
    let soak = std::env::var_os("UNS_SOAK").is_some();
    let mut rig = filled();
    let (before, files) = (answers(&rig), parquet(&rig));
    rig.stop();
    let whole = std::fs::read(rig.catalog()).expect("a catalog");
    let mut told = 0;
    // The header of the file and of its first page, and then places all over it.
    let places = (0..108).chain((108..whole.len()).step_by(if soak { 3 } else { 397 }));
    for at in places {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(rig.catalog(), bytes).expect("a writable catalog");
        let what = format!("bit {} of byte {at}", at % 8);
        told += usize::from(is_told(&mut rig, &before, &files, &what));
        // It takes what comes next.
        rig.start();
        rig.mint(&format!("plant/next/{at}"));
        let flushed = rig.runtime.block_on(async {
            tokio::time::timeout(Duration::from_secs(60), rig.store().flush()).await.is_ok()
        });
        assert!(flushed, "{what}: {:?}", rig.store().health().flush_error);
        rig.stop();
        rig.log.restart();
    }
    eprintln!("R4: {told} flipped bits of the catalog told");
    assert!(told > 20, "{told}");
}

/// Of a damaged file and of nothing else: neither the log nor another file tells it again.
fn with_a_gap_told_nowhere_else() -> Rig {
    let mut rig = Rig::new(&Config::default());
    let node = rig.mint("plant/a");
    for (value, hours) in [(1, 5), (2, 3)] {
        let time = DAY / MS - hours * 3_600_000;
        rig.publish(node, &format!("{{\"value\":{value},\"timestamp\":{time}}}"));
        rig.flush();
    }
    let files = rig.files();
    rig.stop();
    assert!(rig.disk.flip_bit(&rig.dir.join("files").join(&files[0]), 999));
    rig.log.drop_until(Sequence(2));
    rig.start();
    rig
}

#[test]
fn a_damaged_copy_of_a_gap_that_only_the_catalog_tells_hides_neither_it_nor_others() {
    let mut rig = with_a_gap_told_nowhere_else();
    let (before, files) = (answers(&rig), parquet(&rig));
    assert!(matches!(&before[0], Some((samples, gaps)) if samples.len() == 1 && gaps.len() == 1));
    rig.stop();
    let whole = std::fs::read(rig.catalog()).expect("a catalog");
    let rows = content(&rig, "gap");
    assert_eq!(rows.len(), 2, "each gap is there twice");
    let mut changes = Vec::new();
    for (column, value) in &rows[0].1 {
        changes.extend(flipped(value, 0).into_iter().take(8).map(|to| (column, to)));
        let others: &[&str] = match column.as_str() {
            "first_sid" | "last_sid" => &["NULL", "'x'", "X'80'", "-1"],
            // Bit 7 of its first letter; a number.
            "reason" => &["CAST(X'E4' || substr(reason, 2) AS TEXT)", "7", "X'80'"],
            _ => &["'x'", "X'80'", "-1", "0.5"],
        };
        changes.extend(others.iter().map(|to| (column, (*to).to_owned())));
    }
    for (copy, (column, to)) in changes.iter().enumerate() {
        let place = rows[copy % 2].0;
        let sql = format!("UPDATE gap SET {column} = {to} WHERE rowid = {place}");
        std::fs::write(rig.catalog(), &whole).expect("a writable catalog");
        change(&rig, &sql);
        assert!(is_told(&mut rig, &before, &files, &sql), "{sql}: not told");
    }
}
