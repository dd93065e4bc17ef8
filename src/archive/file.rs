//! The file itself: its schema, and the ways to open it.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::{ArchiveError, failed_to};

/// Marks the file as ours: `tieo` in ASCII.
const APPLICATION: i64 = 0x7469_656f;

/// The schema that this version writes, and the newest it reads.
const SCHEMA: i64 = 1;

/// Tables and the rules that hold them. Append-only is the database's own law, not a habit of the code around it.
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
CREATE TABLE aheads (fetch INTEGER PRIMARY KEY REFERENCES fetches) STRICT;
CREATE TRIGGER exchanges_end BEFORE INSERT ON exchanges WHEN EXISTS (SELECT 1 FROM finishes WHERE fetch = NEW.fetch)
    BEGIN SELECT RAISE(ABORT, 'the fetch is finished'); END;
CREATE TRIGGER outcomes_end BEFORE INSERT ON outcomes WHEN EXISTS (SELECT 1 FROM finishes WHERE fetch = NEW.fetch)
    BEGIN SELECT RAISE(ABORT, 'the fetch is finished'); END;
";

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
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(failed_to("open the file"))?;
    let empty = number(&db, path, "SELECT count(*) FROM sqlite_schema")? == 0;
    if empty && number(&db, path, "PRAGMA application_id")? == 0 {
        create(&db, partner)?;
    }
    check(&db, path)?;
    let seen = partner_of(&db)?;
    if seen != partner {
        return Err(ArchiveError::OtherPartner { path: path.to_owned(), seen, expected: partner.to_owned() });
    }
    // An archive of before there were syncs has no table of them.
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         CREATE TABLE IF NOT EXISTS aheads (fetch INTEGER PRIMARY KEY REFERENCES fetches) STRICT;",
    )
    .map_err(failed_to("set up the file"))?;
    Ok((db, lock))
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
    check(&connect(path, door)?, path)?;
    Ok(door)
}

/// Takes back what a writer had begun when it was killed while it put the file to rest: only a connection that can write
/// is able to. Where it cannot be taken back, reading says so.
fn undo_unfinished(path: &Path) {
    if beside(path, "-journal").metadata().is_ok_and(|journal| journal.len() > 0) {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        // The first question makes SQLite look for what was left unfinished.
        let _ = Connection::open_with_flags(path, flags)
            .and_then(|db| db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0)));
    }
}

/// Opens a connection that cannot write.
pub(super) fn connect(path: &Path, door: Door) -> Result<Connection, ArchiveError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match door {
        Door::Ordinary => Connection::open_with_flags(path, flags),
        Door::Frozen => Connection::open_with_flags(read_uri(path, door), flags | OpenFlags::SQLITE_OPEN_URI),
    }
    .map_err(failed_to("open the file for reading"))
}

/// The partner whose archive it is.
pub(super) fn partner_of(db: &Connection) -> Result<String, ArchiveError> {
    db.query_row("SELECT auth_id FROM partner", [], |row| row.get(0)).map_err(failed_to("read the partner"))
}

fn lock(path: &Path) -> Result<File, ArchiveError> {
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
    let append_only =
        ["partner", "fetches", "finishes", "aheads", "bodies", "exchanges", "outcomes", "papers"].map(|table| {
            ["UPDATE", "DELETE"].map(|verb| {
                format!(
                    "CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table} \
                 BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END;\n"
                )
            })
        });
    let append_only = append_only.concat().concat();
    let create = || {
        db.execute_batch(&format!("BEGIN IMMEDIATE;{TABLES}{append_only}"))?;
        db.execute("INSERT INTO partner VALUES (1, ?1)", [partner])?;
        db.execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {SCHEMA}; COMMIT;"))
    };
    create().map_err(failed_to("create the file"))
}

fn check(db: &Connection, path: &Path) -> Result<(), ArchiveError> {
    if number(db, path, "PRAGMA application_id")? != APPLICATION {
        return Err(ArchiveError::NotAnArchive { path: path.to_owned() });
    }
    let seen = number(db, path, "PRAGMA user_version")?;
    if seen != SCHEMA {
        return Err(ArchiveError::NewerSchema { path: path.to_owned(), seen, known: SCHEMA });
    }
    Ok(())
}

fn number(db: &Connection, path: &Path, question: &str) -> Result<i64, ArchiveError> {
    db.query_row(question, [], |row| row.get(0)).map_err(|source| match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => ArchiveError::NotAnArchive { path: path.to_owned() },
        _ => failed_to("read the file's schema")(source),
    })
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
