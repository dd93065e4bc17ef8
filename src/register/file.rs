//! The file itself: its schema, and the ways to open it.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::{RegisterError, failed_to};
use crate::database::{self, Schema, Tables};

/// Marks the file as ours: `tieB` in ASCII.
const APPLICATION: i64 = 0x7469_6542;

/// The schema that this version writes, and the newest it reads.
const SCHEMA: i64 = 2;

/// How long somebody else's writing is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tables and the rules that hold them.
const TABLES: &str = "
CREATE TABLE partner (one INTEGER PRIMARY KEY CHECK (one = 1), auth_id TEXT NOT NULL) STRICT;
CREATE TABLE runs (seal TEXT PRIMARY KEY, run TEXT NOT NULL, period TEXT NOT NULL, number INTEGER NOT NULL, rechecks TEXT) STRICT;
CREATE TABLE sightings (
    seal TEXT NOT NULL REFERENCES runs, break_id TEXT NOT NULL, class TEXT NOT NULL, account TEXT, currency TEXT,
    effect TEXT NOT NULL, gross TEXT NOT NULL, entries TEXT NOT NULL, standing TEXT NOT NULL, dated TEXT NOT NULL,
    age_days INTEGER NOT NULL, first_run TEXT NOT NULL, explanation TEXT NOT NULL, PRIMARY KEY (seal, break_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE outcomes (
    seal TEXT NOT NULL REFERENCES runs, break_id TEXT NOT NULL, standing TEXT NOT NULL, asked INTEGER NOT NULL,
    replaced_by TEXT, why TEXT NOT NULL, age_days INTEGER NOT NULL, PRIMARY KEY (seal, break_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE decisions (
    decision INTEGER PRIMARY KEY, break_id TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('accepted', 'explained', 'assigned')),
    amount TEXT CHECK ((action = 'accepted') = (amount IS NOT NULL)), assignee TEXT,
    note TEXT NOT NULL, decided_by TEXT NOT NULL, until TEXT, at TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_by_break ON decisions (break_id);
";

/// Opens the file for writing, and makes it where there is none.
pub(super) fn make(path: &Path, partner: &str) -> Result<Connection, RegisterError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut db = connect(path, flags)?;
    create(&mut db, partner).map_err(failed_to(path, "make the file"))?;
    check(&db, path)?;
    Ok(db)
}

/// Opens a file that is there.
pub(super) fn find(path: &Path) -> Result<Connection, RegisterError> {
    if !path.is_file() {
        return Err(RegisterError::Absent(path.to_owned()));
    }
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    check(&db, path)?;
    Ok(db)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, RegisterError> {
    let doing = failed_to(path, "open the file");
    let db = database::open(path, flags).map_err(&doing)?;
    db.busy_timeout(PATIENCE).map_err(&doing)?;
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;").map_err(doing)?;
    Ok(db)
}

/// Lays the tables out where the file is empty; two that begin at once do so one after the other. Append-only is the
/// database's own law, not a habit of the code around it.
fn create(db: &mut Connection, partner: &str) -> rusqlite::Result<()> {
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let number = |question: &str| tx.query_row(question, [], |row| row.get::<_, i64>(0));
    if number("SELECT count(*) FROM sqlite_schema")? > 0 || number("PRAGMA application_id")? != 0 {
        return Ok(());
    }
    let tables = ["partner", "runs", "sightings", "outcomes", "decisions"];
    let guards = tables.map(|table| {
        format!(
            "CREATE TRIGGER {table}_stay BEFORE DELETE ON {table}
             BEGIN SELECT RAISE(ABORT, 'the register is append-only'); END;
             CREATE TRIGGER {table}_keep BEFORE UPDATE ON {table}
             BEGIN SELECT RAISE(ABORT, 'the register is append-only'); END;\n"
        )
    });
    tx.execute_batch(&format!("{TABLES}{}", guards.concat()))?;
    tx.execute("INSERT INTO partner VALUES (1, ?1)", [partner])?;
    tx.execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA};"))?;
    tx.commit()
}

fn check(db: &Connection, path: &Path) -> Result<(), RegisterError> {
    let number = |question: &str| {
        db.query_row(question, [], |row| row.get::<_, i64>(0)).map_err(failed_to(path, "read the file's schema"))
    };
    if number("PRAGMA application_id")? != APPLICATION {
        return Err(RegisterError::NotARegister(path.to_owned()));
    }
    let seen = number("PRAGMA user_version")?;
    let foreign = if seen > SCHEMA { None } else { foreign(db).map_err(failed_to(path, "read the file's schema"))? };
    if let Some(seen) = foreign {
        return Err(RegisterError::Foreign { path: path.to_owned(), seen });
    }
    if seen == SCHEMA {
        return Ok(());
    }
    if seen == 1 {
        // The first schema knew no rechecks.
        let renewed = "BEGIN IMMEDIATE; ALTER TABLE runs ADD COLUMN rechecks TEXT; PRAGMA user_version = 2; COMMIT;";
        return db.execute_batch(renewed).map_err(failed_to(path, "renew the file's schema"));
    }
    Err(RegisterError::NewerSchema { path: path.to_owned(), seen, known: SCHEMA })
}

/// What a file holds beside what this version puts into a register; an earlier one gave its tables fewer columns.
fn foreign(db: &Connection) -> rusqlite::Result<Option<String>> {
    let mut empty = Connection::open_in_memory()?;
    create(&mut empty, "")?;
    Schema::of(&empty)?.foreign(db, Tables::Named)
}
