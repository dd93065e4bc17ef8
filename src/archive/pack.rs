//! Packs: an archive of one fetch, with the papers of the run that rests on it, in one file for another machine.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, params};
use tempfile::NamedTempFile;

use super::error::{ArchiveError, failed_to};
use super::file::{self, Allowance};
use super::record::FetchId;
use super::{Archive, read, write};
use crate::database;
use crate::disk;

/// Exactly the pages that the evidence rests on: of each list the accepted walk.
const ACCEPTED: &str = "SELECT e.* FROM source.exchanges e JOIN source.outcomes o \
                        ON o.fetch = e.fetch AND o.list = e.list AND o.walk = e.walk WHERE e.fetch = ?1";

impl Archive {
    /// Writes a new archive that holds these finished fetches of this one, no page more than their evidence rests on, and
    /// the papers of a run. It stands at `target` whole, or not at all; a device or a pipe there is written through.
    ///
    /// # Errors
    /// When `target` exists or cannot be written, a body is damaged, or the database refuses.
    pub fn pack(&self, fetches: &[FetchId], papers: &[(String, Vec<u8>)], target: &Path) -> Result<(), ArchiveError> {
        let disk = |source| ArchiveError::Disk { path: target.to_owned(), source: Arc::new(source) };
        let (place, is_device) = (disk::followed(target), disk::is_device(target));
        if !is_device && place.try_exists().map_err(disk)? {
            let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
            return Err(disk(source));
        }
        // A database cannot be made in a device or a pipe: it is made in the system's temporary folder, and written through.
        let fresh = if is_device { NamedTempFile::new() } else { disk::beside(&place) }.map_err(disk)?;
        self.write_pack(fetches, papers, fresh.path())?;
        if is_device {
            return disk::pour(fresh.path(), target).map_err(disk);
        }
        fresh.as_file().sync_all().map_err(disk)?;
        fresh.persist_noclobber(&place).map_err(|refused| disk(refused.error))?;
        Ok(())
    }

    fn write_pack(&self, fetches: &[FetchId], papers: &[(String, Vec<u8>)], fresh: &Path) -> Result<(), ArchiveError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_URI;
        let db = database::open(fresh, flags).map_err(failed_to("create a pack"))?;
        file::create(&db, &self.partner)?;
        db.execute("ATTACH DATABASE ?1 AS source", [file::read_uri(&self.path, self.door)])
            .map_err(failed_to("open the archive for a pack"))?;
        db.execute_batch("BEGIN IMMEDIATE").map_err(failed_to("write a pack"))?;
        for fetch in fetches {
            self.copy(&db, *fetch)?;
        }
        keep(&db, papers)?;
        db.execute_batch("COMMIT; DETACH DATABASE source").map_err(failed_to("write a pack"))
    }

    /// Copies a finished fetch with its accepted pages and their bodies, each proved to be the bytes that were archived.
    fn copy(&self, db: &Connection, fetch: FetchId) -> Result<(), ArchiveError> {
        let failed = failed_to("copy a fetch into a pack");
        let of_fetch = params![fetch.number()];
        let copied = |sql: &str| db.execute(sql, of_fetch).map(drop).map_err(&failed);
        copied("INSERT INTO main.fetches SELECT * FROM source.fetches WHERE fetch = ?1")?;
        let digests = format!("SELECT DISTINCT digest FROM ({ACCEPTED}) ORDER BY digest");
        let mut digests = db.prepare(&digests).map_err(&failed)?;
        for digest in digests.query_map(of_fetch, |row| row.get::<_, String>(0)).map_err(&failed)? {
            let digest = digest.map_err(&failed)?;
            let read::Sound { body, zstd, .. } = self.read(|db| read::sound(db, &digest))?;
            write::keep_body(db, &digest, i64::try_from(body.len()).unwrap_or(i64::MAX), &zstd)?;
        }
        copied(&format!("INSERT INTO main.exchanges {ACCEPTED}"))?;
        copied("INSERT INTO main.outcomes SELECT * FROM source.outcomes WHERE fetch = ?1")?;
        copied("INSERT INTO main.finishes SELECT * FROM source.finishes WHERE fetch = ?1")
    }

    /// Hands on the papers in a pack one by one, sorted by name, and says how many they are; none in an ordinary archive. No more
    /// is unpacked than a file of this length can hold honestly.
    ///
    /// # Errors
    /// When the file's pages do not make up a database, a paper cannot be unpacked, all of them come to too much, the database
    /// refuses, or whoever takes a paper does.
    pub fn unpack<E: From<ArchiveError>>(
        &self,
        mut take: impl FnMut(&str, &[u8]) -> Result<(), E>,
    ) -> Result<usize, E> {
        self.read(|db| file::refuse_malformed(db, &self.path))?;
        let failed = failed_to("read the papers of a pack");
        let names = |db: &Connection| -> rusqlite::Result<Vec<String>> {
            db.prepare("SELECT name FROM papers ORDER BY name")?.query_map([], |row| row.get(0))?.collect()
        };
        let names = self.read(|db| names(db).map_err(&failed))?;
        let mut allowance = Allowance::of(&self.path)?;
        for name in &names {
            let question = "SELECT zstd FROM papers WHERE name = ?1";
            let zstd: Vec<u8> = self.read(|db| db.query_row(question, [name], |row| row.get(0)).map_err(&failed))?;
            let unreadable = |damage: std::io::Error| {
                let (path, name) = (self.path.clone(), name.clone());
                ArchiveError::Paper { path, name, seen: damage.to_string() }
            };
            let mut paper = Vec::new();
            let one_more = allowance.left().saturating_add(1);
            zstd::stream::read::Decoder::with_buffer(zstd.as_slice())
                .and_then(|unpacker| unpacker.take(one_more).read_to_end(&mut paper))
                .map_err(unreadable)?;
            allowance.spend("its papers", u64::try_from(paper.len()).unwrap_or(u64::MAX))?;
            take(name, &paper)?;
        }
        Ok(names.len())
    }
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
