//! Packs: an archive of one fetch, with the papers of the run that rests on it, in one file for another machine.

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, params};
use tempfile::NamedTempFile;

use super::Archive;
use super::error::{ArchiveError, failed_to};
use super::file;
use super::record::FetchId;
use crate::disk;

/// The most that a paper in a pack may unpack to, in bytes.
const PAPER_BYTES_MAX: usize = 1 << 30;

/// Exactly the pages that the evidence rests on: of each list the accepted walk.
const ACCEPTED: &str = "SELECT e.* FROM source.exchanges e JOIN source.outcomes o \
                        ON o.fetch = e.fetch AND o.list = e.list AND o.walk = e.walk WHERE e.fetch = ?1";

impl Archive {
    /// Writes a new archive that holds these finished fetches of this one, no page more than their evidence rests on, and
    /// the papers of a run. It stands at `target` whole, or not at all; a device or a pipe there is written through.
    ///
    /// # Errors
    /// When `target` exists or cannot be written, or the database refuses.
    pub fn pack(&self, fetches: &[FetchId], papers: &[(String, Vec<u8>)], target: &Path) -> Result<(), ArchiveError> {
        let disk = |source| ArchiveError::Disk { path: target.to_owned(), source: Arc::new(source) };
        let (place, is_device) = (disk::followed(target), disk::is_device(target));
        if !is_device && place.try_exists().map_err(disk)? {
            let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(disk(source));
        }
        // A database cannot be made in a device or a pipe: it is made in the system's temporary folder, and written through.
        let fresh = if is_device { NamedTempFile::new() } else { disk::beside(&place) }.map_err(disk)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
        let db = Connection::open_with_flags(fresh.path(), flags).map_err(failed_to("create a pack"))?;
        file::create(&db, &self.partner)?;
        let source = file::read_uri(&self.path, self.door);
        for fetch in fetches {
            copy(&db, &source, *fetch).map_err(failed_to("copy a fetch into a pack"))?;
        }
        keep(&db, papers)?;
        drop(db);
        if is_device {
            return disk::pour(fresh.path(), target).map_err(disk);
        }
        fresh.as_file().sync_all().map_err(disk)?;
        fresh.persist_noclobber(&place).map_err(|refused| disk(refused.error))?;
        Ok(())
    }

    /// The papers in a pack, sorted by name; none in an ordinary archive.
    ///
    /// # Errors
    /// When the database refuses or a paper cannot be unpacked.
    pub fn papers(&self) -> Result<Vec<(String, Vec<u8>)>, ArchiveError> {
        let failed = failed_to("read the papers of a pack");
        let unpack = |(name, zstd): (String, Vec<u8>)| {
            let unreadable = |_damage| ArchiveError::Row {
                table: "papers",
                seen: name.clone(),
                expected: "a paper that can be unpacked",
            };
            let bytes = zstd::stream::decode_all(zstd.as_slice()).map_err(unreadable)?;
            if bytes.len() > PAPER_BYTES_MAX {
                return Err(unreadable(std::io::ErrorKind::InvalidData.into()));
            }
            Ok((name, bytes))
        };
        self.read(|db| {
            let mut query = db.prepare("SELECT name, zstd FROM papers ORDER BY name").map_err(&failed)?;
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(&failed)?;
            rows.map(|row| row.map_err(&failed).and_then(unpack)).collect()
        })
    }
}

/// Copies a finished fetch with its accepted pages and their bodies.
fn copy(db: &Connection, source: &str, fetch: FetchId) -> rusqlite::Result<()> {
    let fetch = params![fetch.number()];
    db.execute("ATTACH DATABASE ?1 AS source", [source])?;
    db.execute_batch("BEGIN IMMEDIATE")?;
    db.execute("INSERT INTO main.fetches SELECT * FROM source.fetches WHERE fetch = ?1", fetch)?;
    db.execute(
        &format!(
            "INSERT INTO main.bodies SELECT * FROM source.bodies WHERE digest IN (SELECT digest FROM ({ACCEPTED})) \
             AND digest NOT IN (SELECT digest FROM main.bodies) ORDER BY digest"
        ),
        fetch,
    )?;
    db.execute(&format!("INSERT INTO main.exchanges {ACCEPTED}"), fetch)?;
    db.execute("INSERT INTO main.outcomes SELECT * FROM source.outcomes WHERE fetch = ?1", fetch)?;
    db.execute("INSERT INTO main.finishes SELECT * FROM source.finishes WHERE fetch = ?1", fetch)?;
    db.execute_batch("COMMIT; DETACH DATABASE source")
}

fn keep(db: &Connection, papers: &[(String, Vec<u8>)]) -> Result<(), ArchiveError> {
    let failed = failed_to("keep the papers in a pack");
    for (name, bytes) in papers {
        let zstd = zstd::bulk::compress(bytes, 0)
            .map_err(|source| failed(rusqlite::Error::ToSqlConversionFailure(source.into())))?;
        db.execute("INSERT INTO papers (name, zstd) VALUES (?1, ?2)", params![name, zstd]).map_err(&failed)?;
    }
    Ok(())
}
