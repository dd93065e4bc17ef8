//! Brings what can still be read of a torn archive into a new file, and takes whole fetches over from another copy.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::error::{ArchiveError, failed_to};
use super::file::{self, beside};
use super::record::{FetchId, KeptPage};
use super::{Archive, read, write};
use crate::database;

/// Names that a torn file is tried to be kept under, at most.
const KEPT_MAX: u32 = 99;

/// The tables that are copied row by row, with the columns that they are in the order of. A fetch is finished last: nothing can be
/// added to it then.
const TABLES: [(&str, &str); 6] = [
    ("fetches", "fetch"),
    ("aheads", "fetch"),
    ("exchanges", "fetch, list, walk, page"),
    ("outcomes", "fetch, list"),
    ("papers", "rowid"),
    ("finishes", "fetch"),
];

impl Archive {
    /// Makes a torn archive anew of all that can be read of it, and keeps the torn file beside it under the name that is given
    /// back. What could not be read is no longer in the archive.
    ///
    /// # Errors
    /// When the file is no archive, is being written to, cannot even be opened as a database, or the disk refuses. Then it is as
    /// it was.
    pub fn salvage(path: &Path, partner: &str) -> Result<PathBuf, ArchiveError> {
        let disk = |source| ArchiveError::Disk { path: path.to_owned(), source: Arc::new(source) };
        let _lock = file::lock(path)?;
        let fresh = beside(path, ".salvaged");
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(disk(error)),
            Ok(()) | Err(_) => {}
        }
        let torn = file::at_rest(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let db = database::open(&fresh, flags).map_err(failed_to("make the new file"))?;
        file::create(&db, partner)?;
        db.execute_batch("PRAGMA foreign_keys = OFF; BEGIN IMMEDIATE").map_err(failed_to("fill the new file"))?;
        copy_bodies(&torn, &db)?;
        for (table, order) in TABLES {
            copy_rows(&torn, &db, table, order)?;
        }
        db.execute_batch("COMMIT").map_err(failed_to("fill the new file"))?;
        drop((db, torn));
        fs::File::open(&fresh).and_then(|file| file.sync_all()).map_err(disk)?;
        let kept = (1..=KEPT_MAX).map(|number| beside(path, &format!(".torn{number}"))).find(|kept| !kept.exists());
        let kept = kept.ok_or_else(|| disk(std::io::ErrorKind::AlreadyExists.into()))?;
        // One step puts the new file in the place of the torn one, which has its second name by then.
        fs::hard_link(path, &kept).or_else(|_no_links| fs::copy(path, &kept).map(drop)).map_err(disk)?;
        fs::rename(&fresh, path).map_err(disk)?;
        Ok(kept)
    }

    /// Takes a finished fetch of another archive over as a new one of this one, with every page that its evidence rests on.
    ///
    /// # Errors
    /// When the other archive does not hold it whole and sound, this one is read-only, or the disk refuses.
    pub fn adopt(&self, other: &Self, fetch: FetchId) -> Result<FetchId, ArchiveError> {
        let evidence = other.evidence(fetch)?;
        if let Some(damaged) = other.damaged(&evidence).into_iter().next() {
            return Err(damaged);
        }
        let plan = evidence.plan;
        let adopted = self.writer()?.wait(move |db| write::begin_anew(db, &plan))?;
        for found in evidence.lists {
            for page in found.pages {
                let walk = found.outcome.walk().unwrap_or_default();
                let asked_at_us = other.read(|db| read::asked_at(db, fetch, &found.list, walk, page.page))?;
                let (list, body) = (found.list.clone(), other.body(&page.digest)?);
                let (request, status) = (page.request, page.status);
                let page = KeptPage { fetch: adopted, list, walk, page: page.page, request, status, asked_at_us, body };
                let packed = write::pack(page)?;
                self.writer()?.wait(move |db| write::keep(db, &packed))?;
            }
            self.settle_list(adopted, &found.list, found.outcome)?;
        }
        self.finish(adopted)?;
        Ok(adopted)
    }
}

/// Copies every body of which a sound copy can be read: by the rows of the tables, from both ends, and by what the pages name, for
/// one way may be torn and another not.
fn copy_bodies(torn: &Connection, db: &Connection) -> Result<(), ArchiveError> {
    for table in ["bodies", "renewals"] {
        for direction in ["ASC", "DESC"] {
            let question = format!("SELECT digest, bytes, zstd FROM {table} NOT INDEXED ORDER BY rowid {direction}");
            let Ok(mut query) = torn.prepare(&question) else { continue };
            let Ok(mut rows) = query.query([]) else { continue };
            while let Ok(Some(row)) = rows.next() {
                let columns = (row.get::<_, String>(0), row.get(1), row.get(2));
                if let (Ok(digest), Ok(bytes), Ok(zstd)) = columns
                    && let Ok(sound) = read::proved(&digest, bytes, zstd)
                {
                    write::keep_body(db, &digest, bytes, &sound.zstd)?;
                }
            }
        }
    }
    let named = readable(torn, "SELECT DISTINCT digest FROM exchanges", 1);
    for digest in named.into_iter().flatten() {
        if let Value::Text(digest) = digest
            && let Ok(sound) = read::sound(torn, &digest)
        {
            let bytes = i64::try_from(sound.body.len()).unwrap_or(i64::MAX);
            write::keep_body(db, &digest, bytes, &sound.zstd)?;
        }
    }
    Ok(())
}

/// Copies the rows of a table from its beginning to where it is torn, and from its end back to there.
fn copy_rows(torn: &Connection, db: &Connection, table: &str, order: &str) -> Result<(), ArchiveError> {
    let failed = failed_to("fill the new file");
    let columns = db.prepare(&format!("SELECT * FROM {table}")).map_err(&failed)?.column_count();
    let places = vec!["?"; columns].join(", ");
    // What belongs to a fetch that is lost would pass for the next one's, which gets its number.
    let known = if matches!(table, "fetches" | "papers") { "" } else { " WHERE ?1 IN (SELECT fetch FROM fetches)" };
    let insert = format!("INSERT OR IGNORE INTO {table} SELECT {places}{known}");
    let mut insert = db.prepare(&insert).map_err(&failed)?;
    for direction in ["ASC", "DESC"] {
        let order = order.replace(", ", &format!(" {direction}, "));
        let rows = readable(torn, &format!("SELECT * FROM {table} ORDER BY {order} {direction}"), columns);
        for row in rows {
            // A row that the table does not take was torn, too.
            if let Err(refused) = insert.execute(params_from_iter(row))
                && refused.sqlite_error_code() != Some(rusqlite::ErrorCode::ConstraintViolation)
            {
                return Err(failed(refused));
            }
        }
    }
    Ok(())
}

/// The rows that a question gives before it fails.
fn readable(db: &Connection, question: &str, columns: usize) -> Vec<Vec<Value>> {
    let mut found = Vec::new();
    let Ok(mut query) = db.prepare(question) else { return found };
    let Ok(mut rows) = query.query([]) else { return found };
    while let Ok(Some(row)) = rows.next() {
        let values = (0..columns).map(|column| row.get::<_, Value>(column)).collect::<rusqlite::Result<Vec<_>>>();
        found.extend(values);
    }
    found
}
