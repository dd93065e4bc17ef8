//! The file itself: its schema, and the ways to open it.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::{ArchiveError, failed_to};
use crate::database::{self, Schema, Tables};

/// Marks the file as ours: `tieo` in ASCII.
const APPLICATION: i64 = 0x7469_656f;

/// The schema that this version writes, and the newest it reads.
const SCHEMA: i64 = 1;

/// How many times its length a file may unpack to, and what a small one may come to all the same. Pages and papers of real
/// months come to ten times their packed length, or twenty.
const UNPACKED_TIMES_MAX: u64 = 200;
const UNPACKED_BYTES_MIN: u64 = 64 << 20;

/// The tables of an archive, each of which only ever grows.
const APPEND_ONLY: [&str; 9] =
    ["partner", "fetches", "finishes", "aheads", "bodies", "renewals", "exchanges", "outcomes", "papers"];

/// Tables and the rules that hold them. Append-only is the database's own law, not a habit of the code around it: a body that was
/// damaged stays as it is, and a sound one of the same digest stands in `renewals` from then on.
const TABLES: &str = "
CREATE TABLE partner (one INTEGER PRIMARY KEY CHECK (one = 1), auth_id TEXT NOT NULL) STRICT;
CREATE TABLE fetches (
    fetch INTEGER PRIMARY KEY, period TEXT NOT NULL, from_date TEXT NOT NULL, to_date TEXT NOT NULL, today TEXT NOT NULL
) STRICT;
CREATE TABLE finishes (fetch INTEGER PRIMARY KEY REFERENCES fetches) STRICT;
CREATE TABLE bodies (digest TEXT PRIMARY KEY, bytes INTEGER NOT NULL, zstd BLOB NOT NULL) STRICT;
CREATE TABLE exchanges (
    fetch INTEGER NOT NULL REFERENCES fetches, list TEXT NOT NULL, walk INTEGER NOT NULL, page INTEGER NOT NULL,
    request TEXT NOT NULL, status INTEGER NOT NULL, asked_at_us INTEGER NOT NULL,
    digest TEXT NOT NULL REFERENCES bodies, PRIMARY KEY (fetch, list, walk, page)
) STRICT, WITHOUT ROWID;
CREATE TABLE papers (name TEXT PRIMARY KEY, zstd BLOB NOT NULL) STRICT;
CREATE INDEX exchanges_by_digest ON exchanges (digest);
CREATE TABLE outcomes (
    fetch INTEGER NOT NULL REFERENCES fetches, list TEXT NOT NULL, outcome TEXT NOT NULL, walk INTEGER, reason TEXT,
    PRIMARY KEY (fetch, list)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER exchanges_end BEFORE INSERT ON exchanges WHEN EXISTS (SELECT 1 FROM finishes WHERE fetch = NEW.fetch)
    BEGIN SELECT RAISE(ABORT, 'the fetch is finished'); END;
CREATE TRIGGER outcomes_end BEFORE INSERT ON outcomes WHEN EXISTS (SELECT 1 FROM finishes WHERE fetch = NEW.fetch)
    BEGIN SELECT RAISE(ABORT, 'the fetch is finished'); END;
";

/// Tables that archives of earlier versions lack: one of before there were syncs has no list of them, one of before damaged
/// bodies were renewed nothing of that.
const YOUNGER: [(&str, &str); 2] = [
    ("aheads", "CREATE TABLE aheads (fetch INTEGER PRIMARY KEY REFERENCES fetches) STRICT;\n"),
    (
        "renewals",
        "CREATE TABLE renewals (
            renewal INTEGER PRIMARY KEY, digest TEXT NOT NULL, bytes INTEGER NOT NULL, zstd BLOB NOT NULL
        ) STRICT;
        CREATE INDEX renewals_by_digest ON renewals (digest);\n",
    ),
];

/// How a file is read: beside its writer or at rest, or frozen where SQLite could not put its side files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// With SQLite's ordinary locks.
    Ordinary,
    /// As bytes that nobody changes, with neither locks nor side files.
    Frozen,
}

/// Opens the file for writing, creates it where there is none, and refuses what is not this partner's archive.
/// The lock is the writer's for as long as the returned file lives.
pub(super) fn open_for_writing(path: &Path, partner: &str) -> Result<(Connection, File), ArchiveError> {
    let lock = lock(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let db = database::open(path, flags).map_err(failed_to("open the file"))?;
    let empty = number(&db, path, "SELECT count(*) FROM sqlite_schema")? == 0;
    if empty && number(&db, path, "PRAGMA application_id")? == 0 {
        create(&db, partner)?;
    }
    check(&db, path)?;
    let seen = partner_of(&db)?;
    if seen != partner {
        return Err(ArchiveError::OtherPartner { path: path.to_owned(), seen, expected: partner.to_owned() });
    }
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")
        .and_then(|()| add_younger_tables(&db))
        .map_err(failed_to("set up the file"))?;
    Ok((db, lock))
}

/// Lays out what an archive of an earlier version lacks.
fn add_younger_tables(db: &Connection) -> rusqlite::Result<()> {
    for (table, sql) in YOUNGER {
        if !has(db, table)? {
            db.execute_batch(&format!("BEGIN IMMEDIATE; {sql}{} COMMIT;", guards(table)))?;
        }
    }
    Ok(())
}

fn has(db: &Connection, table: &str) -> rusqlite::Result<bool> {
    let found = "SELECT count(*) FROM main.sqlite_schema WHERE name = ?1";
    db.query_row(found, [table], |row| row.get::<_, i64>(0)).map(|found| found > 0)
}

/// Finds out how an existing file can be read, and refuses what is no archive.
pub(super) fn find_door(path: &Path) -> Result<Door, ArchiveError> {
    undo_unfinished(path);
    let mut header = Vec::new();
    File::open(path).and_then(|file| file.take(20).read_to_end(&mut header)).map_err(|source| {
        if source.kind() == ErrorKind::NotFound {
            ArchiveError::Absent { path: path.to_owned() }
        } else {
            ArchiveError::Disk { path: path.to_owned(), source: Arc::new(source) }
        }
    })?;
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(ArchiveError::NotAnArchive { path: path.to_owned() });
    }
    // Byte 18 is 2 where the file was last written with a write-ahead log. Without that log there is nothing that an
    // ordinary connection would see more than a frozen one; it would only leave side files behind.
    let logged = header.get(18) == Some(&2);
    let log_is_empty = beside(path, "-wal").metadata().map_or(true, |log| log.len() == 0);
    let door = if logged && log_is_empty { Door::Frozen } else { Door::Ordinary };
    check(&opened(path, door)?, path)?;
    Ok(door)
}

/// Takes back what a writer had begun when it was killed while it put the file to rest: only a connection that can write
/// is able to. Where it cannot be taken back, reading says so.
fn undo_unfinished(path: &Path) {
    if beside(path, "-journal").metadata().is_ok_and(|journal| journal.len() > 0) {
        // The first question makes SQLite look for what was left unfinished.
        let _ = database::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .and_then(|db| db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)));
    }
}

/// Opens an archive with all that its log holds in the file itself.
pub(super) fn at_rest(path: &Path) -> Result<Connection, ArchiveError> {
    let db = database::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed_to("open the file"))?;
    let rested = db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE;");
    if beside(path, "-wal").metadata().is_ok_and(|log| log.len() > 0) {
        rested.map_err(failed_to("put the file to rest"))?;
        return Err(ArchiveError::Busy { path: path.to_owned() });
    }
    stand_in(&db)?;
    Ok(db)
}

/// Opens a connection to an archive that cannot write.
pub(super) fn connect(path: &Path, door: Door) -> Result<Connection, ArchiveError> {
    let db = opened(path, door)?;
    stand_in(&db)?;
    Ok(db)
}

/// Where a file of an earlier version lacks a table, an empty one that is the connection's alone stands in.
fn stand_in(db: &Connection) -> Result<(), ArchiveError> {
    let stand_in = |table: &str, sql: &str| {
        let sql = sql.replace("CREATE TABLE ", "CREATE TEMP TABLE ").replace("CREATE INDEX ", "CREATE INDEX temp.");
        if has(db, table)? { Ok(()) } else { db.execute_batch(&sql) }
    };
    YOUNGER.iter().try_for_each(|(table, sql)| stand_in(table, sql)).map_err(failed_to("read the file's schema"))
}

fn opened(path: &Path, door: Door) -> Result<Connection, ArchiveError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    match door {
        Door::Ordinary => database::open(path, flags),
        Door::Frozen => database::open(Path::new(&read_uri(path, door)), flags | OpenFlags::SQLITE_OPEN_URI),
    }
    .map_err(failed_to("open the file for reading"))
}

/// The partner whose archive it is.
pub(super) fn partner_of(db: &Connection) -> Result<String, ArchiveError> {
    db.query_row("SELECT auth_id FROM partner", [], |row| row.get(0)).map_err(failed_to("read the partner"))
}

pub(super) fn lock(path: &Path) -> Result<File, ArchiveError> {
    let disk = |source| ArchiveError::Disk { path: path.to_owned(), source: Arc::new(source) };
    // A file of its own: closing any handle of the archive itself would drop the locks that SQLite holds on it.
    let file = File::options().create(true).truncate(false).write(true).open(beside(path, ".lock")).map_err(disk)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ArchiveError::Busy { path: path.to_owned() }),
        Err(TryLockError::Error(source)) => Err(disk(source)),
    }
}

/// Lays the tables out in an empty file.
pub(super) fn create(db: &Connection, partner: &str) -> Result<(), ArchiveError> {
    let younger = YOUNGER.map(|(_, sql)| sql).concat();
    let guards = APPEND_ONLY.map(guards).concat();
    let create = || {
        db.execute_batch(&format!("BEGIN IMMEDIATE;{TABLES}{younger}{guards}"))?;
        db.execute("INSERT INTO partner VALUES (1, ?1)", [partner])?;
        db.execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA}; COMMIT;"))
    };
    create().map_err(failed_to("create the file"))
}

/// What keeps the rows of a table as they are.
fn guards(table: &str) -> String {
    let guard = |verb: &str| {
        format!(
            "CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} \
             BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;\n"
        )
    };
    ["UPDATE", "DELETE"].map(guard).concat()
}

/// What may stand in an archive, by the file that this version makes.
fn known() -> Result<&'static Schema, ArchiveError> {
    static KNOWN: OnceLock<Schema> = OnceLock::new();
    if let Some(known) = KNOWN.get() {
        return Ok(known);
    }
    let empty = Connection::open_in_memory().map_err(failed_to("lay the tables out in memory"))?;
    create(&empty, "")?;
    let known = Schema::of(&empty).map_err(failed_to("read the schema of an archive"))?;
    Ok(KNOWN.get_or_init(|| known))
}

/// Refuses a file whose pages do not make up a database: they may lead in circles, or from one place to another a thousand times.
pub(super) fn refuse_malformed(db: &Connection, path: &Path) -> Result<(), ArchiveError> {
    let seen: String =
        db.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed_to("check the file"))?;
    if seen == "ok" { Ok(()) } else { Err(ArchiveError::Malformed { path: path.to_owned(), seen }) }
}

fn check(db: &Connection, path: &Path) -> Result<(), ArchiveError> {
    if number(db, path, "PRAGMA application_id")? != APPLICATION {
        return Err(ArchiveError::NotAnArchive { path: path.to_owned() });
    }
    let seen = number(db, path, "PRAGMA user_version")?;
    if seen != SCHEMA {
        return Err(ArchiveError::NewerSchema { path: path.to_owned(), seen, known: SCHEMA });
    }
    let foreign = known()?.foreign(db, Tables::Exact).map_err(failed_to("read the file's schema"))?;
    foreign.map_or(Ok(()), |seen| Err(ArchiveError::Foreign { path: path.to_owned(), seen }))
}

fn number(db: &Connection, path: &Path, question: &str) -> Result<i64, ArchiveError> {
    db.query_row(question, [], |row| row.get(0)).map_err(|source| match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => ArchiveError::NotAnArchive { path: path.to_owned() },
        _ => failed_to("read the file's schema")(source),
    })
}

/// What may still be unpacked from a file: many times what honest pages and papers come to, so that a few bytes of somebody else's
/// cannot fill memory and disk, or take hours to read.
#[derive(Clone, Debug)]
pub(super) struct Allowance {
    path: PathBuf,
    bytes: u64,
    bytes_max: u64,
    spent: u64,
}

impl Allowance {
    /// What the length of a file allows for.
    pub(super) fn of(path: &Path) -> Result<Self, ArchiveError> {
        let length = |path: &Path| path.metadata().map(|file| file.len());
        let disk = |source| ArchiveError::Disk { path: path.to_owned(), source: Arc::new(source) };
        let bytes = length(path).map_err(disk)?.saturating_add(length(&beside(path, "-wal")).unwrap_or(0));
        let bytes_max = UNPACKED_TIMES_MAX.saturating_mul(bytes).saturating_add(UNPACKED_BYTES_MIN);
        Ok(Self { path: path.to_owned(), bytes, bytes_max, spent: 0 })
    }

    /// Bytes that may still come.
    pub(super) fn left(&self) -> u64 {
        self.bytes_max - self.spent
    }

    /// Takes note of bytes, and refuses more than there may be.
    pub(super) fn spend(&mut self, what: &'static str, bytes: u64) -> Result<(), ArchiveError> {
        if bytes > self.left() {
            let Self { path, bytes, bytes_max, .. } = self.clone();
            return Err(ArchiveError::Swollen { path, what, bytes, bytes_max });
        }
        self.spent += bytes;
        Ok(())
    }
}

/// The path with something put behind its last character, as SQLite names its side files.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// The file as SQLite's URI for reading it.
pub(super) fn read_uri(path: &Path, door: Door) -> String {
    let escaped: String = path
        .as_os_str()
        .as_encoded_bytes()
        .iter()
        .map(|&byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02x}"),
        })
        .collect();
    match door {
        Door::Ordinary => format!("file:{escaped}?mode=ro"),
        Door::Frozen => format!("file:{escaped}?immutable=1"),
    }
}
