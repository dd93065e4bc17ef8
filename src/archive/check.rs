//! How sound an archive is: every body held against its digest, every record against what belongs there; and sound bodies put
//! in the place of damaged ones.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use super::error::{ArchiveError, failed_to};
use super::record::FetchId;
use super::{Archive, read, write};
use crate::domain::{Period, sha256};

/// Faults of the file that are told, at most.
const FAULTS_MAX: u32 = 20;

/// What was found in an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Soundness {
    /// Bodies that were looked at.
    pub bodies: usize,
    /// Those among them that were damaged, and in whose place a sound one stands.
    pub renewed: usize,
    /// Those that are damaged or gone, by digest.
    pub damaged: Vec<DamagedBody>,
    /// What is wrong with the file itself and with its records.
    pub faults: Vec<String>,
    /// Whether the file itself is torn: what can be read of it belongs into a new one.
    pub is_torn: bool,
}

/// A body that is not the bytes that were archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedBody {
    /// The SHA-256 that it was archived under.
    pub digest: String,
    /// What was found instead.
    pub seen: String,
    /// The pages that it is the body of.
    pub pages: Vec<PagePlace>,
}

/// Where a page stands in an archive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PagePlace {
    /// The fetch.
    pub fetch: FetchId,
    /// Its month, as the archive has it.
    pub period: String,
    /// The list, as the archive has it.
    pub list: String,
    /// The walk of that list.
    pub walk: u32,
    /// The page, from 1.
    pub page: u32,
}

impl Soundness {
    /// Whether nothing is wrong.
    #[must_use]
    pub const fn is_sound(&self) -> bool {
        self.damaged.is_empty() && self.faults.is_empty()
    }
}

impl Archive {
    /// Looks at everything that the archive holds.
    ///
    /// # Errors
    /// When the file cannot be read at all; damage is no error.
    pub fn check(&self) -> Result<Soundness, ArchiveError> {
        let mut found = Soundness::default();
        // Where the file itself is damaged, a question may be refused: that is told, and the others are asked all the same.
        let asked: [Result<(), ArchiveError>; 3] = [
            self.read(file_faults).map(|told| {
                found.is_torn = !told.is_empty();
                found.faults.extend(told);
            }),
            self.read(|db| check_bodies(db, &mut found)),
            self.check_records(&mut found),
        ];
        for refused in asked.into_iter().filter_map(Result::err) {
            if !refused.is_damage() {
                return Err(refused);
            }
            found.is_torn |= matches!(refused, ArchiveError::Sqlite { .. });
            found.faults.push(refused.to_string());
        }
        Ok(found)
    }

    /// Reads every finished fetch as a close would.
    fn check_records(&self, found: &mut Soundness) -> Result<(), ArchiveError> {
        for fetch in self.read(read::all_finished)? {
            match self.evidence(fetch) {
                Err(refused) if refused.is_damage() || matches!(refused, ArchiveError::NoFetch(_)) => {
                    found.faults.push(format!("fetch {fetch}: {refused}"));
                }
                evidence => drop(evidence?),
            }
        }
        Ok(())
    }

    /// Puts a body in the place of the damaged one of the same digest, for good when this returns. Where that is sound, nothing
    /// changes.
    ///
    /// # Errors
    /// When the archive is read-only, or the disk refuses.
    pub fn renew(&self, body: &[u8]) -> Result<(), ArchiveError> {
        let (digest, zstd) = (sha256(body), write::compressed(body)?);
        let bytes = i64::try_from(body.len()).unwrap_or(i64::MAX);
        self.writer()?.wait(move |db| write::keep_body(db, &digest, bytes, &zstd))
    }
}

/// What the database itself finds wrong with its file.
fn file_faults(db: &Connection) -> Result<Vec<String>, ArchiveError> {
    let failed = failed_to("check the file");
    let mut query = db.prepare(&format!("PRAGMA integrity_check({FAULTS_MAX})")).map_err(&failed)?;
    let told = query.query_map([], |row| row.get::<_, String>(0)).map_err(&failed)?;
    let told = told.collect::<rusqlite::Result<Vec<_>>>().map_err(&failed)?;
    Ok(told.into_iter().filter(|it| it != "ok").map(|it| format!("the file is damaged: {it}")).collect())
}

/// Holds every body against its digest.
fn check_bodies(db: &Connection, found: &mut Soundness) -> Result<(), ArchiveError> {
    let failed = failed_to("read the digests of bodies");
    let digests = |sql: &str| -> rusqlite::Result<BTreeSet<String>> {
        db.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
    };
    let mut all = digests("SELECT digest FROM exchanges").map_err(&failed)?;
    all.extend(digests("SELECT digest FROM bodies").map_err(&failed)?);
    found.bodies = all.len();
    for digest in all {
        match read::sound(db, &digest) {
            Ok(sound) => found.renewed += usize::from(sound.is_renewed),
            Err(ArchiveError::Damaged { seen, .. }) => {
                let pages = pages_of(db, &digest)?;
                found.damaged.push(DamagedBody { digest, seen, pages });
            }
            Err(refused) => return Err(refused),
        }
    }
    Ok(())
}

fn pages_of(db: &Connection, digest: &str) -> Result<Vec<PagePlace>, ArchiveError> {
    let failed = failed_to("read the pages of a body");
    let sql = "SELECT fetch, period, list, walk, page FROM exchanges JOIN fetches USING (fetch) WHERE digest = ?1 \
               ORDER BY fetch, list, walk, page";
    let mut query = db.prepare_cached(sql).map_err(&failed)?;
    let place = |row: &rusqlite::Row<'_>| {
        let (fetch, period) = (FetchId::new(row.get(0)?), row.get(1)?);
        Ok(PagePlace { fetch, period, list: row.get(2)?, walk: row.get(3)?, page: row.get(4)? })
    };
    query.query_map(params![digest], place).map_err(&failed)?.collect::<Result<_, _>>().map_err(&failed)
}

impl PagePlace {
    /// The month, where the archive names one.
    #[must_use]
    pub fn month(&self) -> Option<Period> {
        self.period.parse().ok()
    }
}
