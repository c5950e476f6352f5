//! Migrations and durability of the metadata database, on real files.

use std::error::Error as _;

use super::*;

const ONE: &str = "CREATE TABLE demo_item (id BIGINT PRIMARY KEY, name TEXT NOT NULL)";
const TWO: &str =
    "ALTER TABLE demo_item ADD COLUMN note TEXT; INSERT INTO demo_item VALUES (1, 'a', 'b')";
const NOW: Timestamp = Timestamp(1_795_262_400_000_000_000);

fn scratch(name: &str) -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("hub-kit-db-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir.join("meta.db")
}

async fn pragma(db: &Db, sql: &'static str) -> String {
    let row = sqlx::query(sql).fetch_one(db.pool()).await.unwrap();
    row.try_get::<String, _>(0).unwrap_or_else(|_| row.get::<i64, _>(0).to_string())
}

#[tokio::test]
async fn commits_are_durable_and_migrations_run_once() {
    let path = scratch("once");
    let db = Db::open(&path).await.unwrap();
    assert_eq!(pragma(&db, "PRAGMA journal_mode").await, "wal");
    assert_eq!(pragma(&db, "PRAGMA synchronous").await, "2", "FULL");
    db.migrate("demo", &[ONE], NOW).await.unwrap();
    db.close().await;

    let db = Db::open(&path).await.unwrap();
    db.migrate("demo", &[ONE, TWO], NOW).await.unwrap();
    db.migrate("demo", &[ONE, TWO], NOW).await.unwrap();
    assert_eq!(pragma(&db, "SELECT note FROM demo_item").await, "b");
    assert_eq!(pragma(&db, "SELECT count(*) FROM demo_migrations").await, "2");
    db.close().await;
}

#[tokio::test]
async fn an_older_release_and_a_changed_step_are_refused() {
    let db = Db::open(&scratch("refuse")).await.unwrap();
    db.migrate("demo", &[ONE, TWO], NOW).await.unwrap();
    let older = db.migrate("demo", &[ONE], NOW).await.unwrap_err();
    assert!(matches!(older, Error::NewerSchema { found: 2, known: 1, .. }), "{older}");
    let changed = db.migrate("demo", &[TWO, TWO], NOW).await.unwrap_err();
    assert!(matches!(changed, Error::MigrationChanged { step: 1, .. }), "{changed}");
    let name = db.migrate("Demo; DROP", &[], NOW).await.unwrap_err();
    assert!(matches!(name, Error::ModuleName(_)), "{name}");
}

#[tokio::test]
async fn a_failing_step_leaves_nothing_behind() {
    let db = Db::open(&scratch("atomic")).await.unwrap();
    let broken = "CREATE TABLE demo_half (id BIGINT); INSERT INTO nowhere VALUES (1)";
    db.migrate("demo", &[broken], NOW).await.unwrap_err();
    db.migrate("demo", &["CREATE TABLE demo_half (id BIGINT)"], NOW).await.unwrap();
}

/// SQLite ends some of the transactions that a full disk stops by itself, and leaves others open.
#[tokio::test]
async fn a_step_after_some_that_found_the_disk_full_is_durable() {
    const PAGES: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 9) \
         INSERT INTO demo_item SELECT i, hex(zeroblob(9000)) FROM n";
    const PAGE: &str = "INSERT INTO demo_item VALUES (1, hex(zeroblob(9000)))";
    let path = scratch("full");
    // One connection at a time, so that the limit is that of whoever comes next.
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options);
    let db = Db { pool };
    db.migrate("demo", &[ONE], NOW).await.unwrap();
    for full in [PAGE, PAGES, PAGE, PAGES] {
        sqlx::raw_sql("PRAGMA max_page_count = 1").execute(db.pool()).await.unwrap();
        let error = db.migrate("demo", &[ONE, full], NOW).await.unwrap_err();
        assert!(error.source().is_some_and(|why| why.to_string().contains("full")), "{error:?}");
    }
    sqlx::raw_sql("PRAGMA max_page_count = 1000000").execute(db.pool()).await.unwrap();
    db.migrate("demo", &[ONE, TWO], NOW).await.unwrap();
    db.close().await;
    let db = Db::open(&path).await.unwrap();
    assert_eq!(pragma(&db, "SELECT count(*) FROM demo_migrations").await, "2");
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_a_new_one_takes_its_place() {
    let path = scratch("damaged");
    for n in 1..=2 {
        std::fs::write(&path, b"no database").unwrap();
        let db = Db::open(&path).await.unwrap();
        db.migrate("demo", &[ONE], NOW).await.unwrap();
        db.close().await;
        let aside = path.with_file_name(format!("meta.damaged-{n}.db"));
        assert_eq!(std::fs::read(aside).unwrap(), b"no database");
    }
    assert_eq!(pragma(&Db::open(&path).await.unwrap(), "PRAGMA journal_mode").await, "wal");
}
