//! The file itself: its schema, and the ways to open it.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::error::{RegisterError, failed_to};
use crate::database::{self, Schema, Tables};

/// Marks the file as ours: `tieB` in ASCII.
const APPLICATION: i64 = 0x7469_6542;

/// The schema that this version writes, and the newest it reads.
const SCHEMA: i64 = 3;

/// How long somebody else's writing is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tables of breaks and decisions.
const OF_BREAKS: &str = "
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

/// Tables of what sealed runs numbered and billed, since the third schema. `kept` and `documents` hold what the papers of a
/// close say, as `close.json` has it; `marks` tells what has become of a run: the last mark of its seal counts.
const OF_RUNS: &str = "
CREATE TABLE kept (
    seal TEXT PRIMARY KEY REFERENCES runs, place TEXT NOT NULL, inputs TEXT NOT NULL, papers TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE documents (
    seal TEXT NOT NULL REFERENCES runs, place INTEGER NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('invoice', 'credit-note', 'debit-note')), number TEXT NOT NULL,
    account TEXT NOT NULL, currency TEXT NOT NULL, total TEXT NOT NULL, dated TEXT NOT NULL, corrects TEXT,
    text TEXT NOT NULL, PRIMARY KEY (seal, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX documents_by_number ON documents (number);
CREATE TABLE marks (
    mark INTEGER PRIMARY KEY, seal TEXT NOT NULL REFERENCES runs,
    word TEXT NOT NULL CHECK (word IN ('recorded', 'sealed', 'never-sealed', 'forgotten')),
    because TEXT CHECK ((word = 'forgotten') = (because IS NOT NULL)), marked_by TEXT, at TEXT
) STRICT;
CREATE INDEX marks_by_seal ON marks (seal, mark);
";

/// The tables, those of the third schema apart.
const TABLES: [&[&str]; 2] =
    [&["partner", "runs", "sightings", "outcomes", "decisions"], &["kept", "documents", "marks"]];

/// Opens the file for writing, and makes it where there is none.
pub(super) fn make(path: &Path, partner: &str) -> Result<Connection, RegisterError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut db = connect(path, flags)?;
    create(&mut db, partner).map_err(failed_to(path, "make the file"))?;
    check(&mut db, path)?;
    Ok(db)
}

/// Opens a file that is there. One whose making was cut off holds nothing yet, and is not there.
pub(super) fn find(path: &Path) -> Result<Connection, RegisterError> {
    if !path.is_file() {
        return Err(RegisterError::Absent(path.to_owned()));
    }
    let mut db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    if is_blank(&db).map_err(failed_to(path, "read the file's schema"))? {
        return Err(RegisterError::Absent(path.to_owned()));
    }
    check(&mut db, path)?;
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
    if !is_blank(&tx)? {
        return Ok(());
    }
    tx.execute_batch(&[OF_BREAKS, &guards(TABLES[0]), OF_RUNS, &guards(TABLES[1])].concat())?;
    tx.execute("INSERT INTO partner VALUES (1, ?1)", [partner])?;
    tx.execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA};"))?;
    tx.commit()
}

/// Whether nothing was laid out in a file yet.
fn is_blank(db: &Connection) -> rusqlite::Result<bool> {
    let number = |question: &str| db.query_row(question, [], |row| row.get::<_, i64>(0));
    Ok(number("SELECT count(*) FROM sqlite_schema")? == 0 && number("PRAGMA application_id")? == 0)
}

/// The triggers that keep tables append-only.
fn guards(tables: &[&str]) -> String {
    let guard = |table: &&str| {
        format!(
            "CREATE TRIGGER {table}_stay BEFORE DELETE ON {table}
             BEGIN SELECT RAISE(ABORT, 'the register is append-only'); END;
             CREATE TRIGGER {table}_keep BEFORE UPDATE ON {table}
             BEGIN SELECT RAISE(ABORT, 'the register is append-only'); END;\n"
        )
    };
    tables.iter().map(guard).collect()
}

fn check(db: &mut Connection, path: &Path) -> Result<(), RegisterError> {
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
    if (1..SCHEMA).contains(&seen) {
        return renew(db).map_err(failed_to(path, "renew the file's schema"));
    }
    Err(RegisterError::NewerSchema { path: path.to_owned(), seen, known: SCHEMA })
}

/// What a file holds beside what this version puts into a register; an earlier one gave its tables fewer columns.
fn foreign(db: &Connection) -> rusqlite::Result<Option<String>> {
    let mut empty = Connection::open_in_memory()?;
    create(&mut empty, "")?;
    Schema::of(&empty)?.foreign(db, Tables::Named)
}

/// Brings a file of an earlier schema up to this one; two that begin at once do so one after the other. What it holds stays as
/// it is: the runs that are noted in it are kept whole when they are next met in their folders.
fn renew(db: &mut Connection) -> rusqlite::Result<()> {
    let tx = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let seen = tx.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))?;
    if seen < 2 {
        // The first schema knew no rechecks.
        tx.execute_batch("ALTER TABLE runs ADD COLUMN rechecks TEXT;")?;
    }
    if seen < 3 {
        // The second did not keep what was numbered and billed.
        tx.execute_batch(&[OF_RUNS, &guards(TABLES[1])].concat())?;
    }
    tx.execute_batch(&format!("PRAGMA user_version = {SCHEMA};"))?;
    tx.commit()
}
