//! The archive: the wall between the network and the close.
//!
//! Owns one SQLite file per partner, append-only, shared by the partner's closes: which pages were answered, their
//! bodies by SHA-256, how each list ended. Takes scrubbed pages in from `fetch`, gives `Evidence` and bodies out to
//! everything right of it. Never asks the network, never reads the clock, never changes or forgets what it holds, and
//! never takes a secret: `scrub` strikes them out before. A file may come from anywhere: nothing that stands in it runs, and
//! what it unpacks to is bounded by its length.

mod check;
mod error;
mod evidence;
mod file;
mod pack;
mod read;
mod record;
mod salvage;
mod scrub;
mod write;
mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

pub use check::{DamagedBody, PagePlace, Soundness};
pub use error::ArchiveError;
pub use evidence::{Evidence, ListEvidence, PageRef};
pub use record::{FetchId, FetchPlan, KeptPage, ListOutcome, PageHeld, Taken};
pub use scrub::{scrub, strike};

use crate::domain::{List, Period};
use file::{Allowance, Door};
use writer::Writer;

/// The longest body that is archived, in bytes.
pub const BODY_BYTES_MAX: usize = 256 << 20;

/// The pages of lists, by list, walk and page.
pub type Held = BTreeMap<List, BTreeMap<(u32, u32), PageHeld>>;

/// An open archive, shared by threads: one thread writes, any number read.
pub struct Archive {
    path: PathBuf,
    partner: String,
    door: Door,
    // Fields are dropped in this order: the writer can only tidy the file up when no reader is left.
    readers: Mutex<Vec<Connection>>,
    writer: Option<Writer>,
}

impl Archive {
    /// Opens a partner's archive for writing and creates it where there is none.
    ///
    /// # Errors
    /// When the file is no archive, another partner's, of a newer schema, holds what no archive has, is being written by
    /// another run, or when the disk refuses.
    pub fn open(path: &Path, partner: &str) -> Result<Self, ArchiveError> {
        let (db, lock) = file::open_for_writing(path, partner)?;
        Ok(Self {
            path: path.to_owned(),
            partner: partner.to_owned(),
            door: Door::Ordinary,
            readers: Mutex::default(),
            writer: Some(Writer::start(db, lock)),
        })
    }

    /// Opens an archive for reading, also a file or folder that cannot be written to, and leaves nothing beside it.
    ///
    /// # Errors
    /// When there is no file, it is no archive, of a newer schema or holds what no archive has, or the disk refuses.
    pub fn open_existing(path: &Path) -> Result<Self, ArchiveError> {
        let door = file::find_door(path)?;
        let db = file::connect(path, door)?;
        let partner = file::partner_of(&db)?;
        Ok(Self { path: path.to_owned(), partner, door, readers: Mutex::new(vec![db]), writer: None })
    }

    /// The partner whose archive it is, `PA_…`.
    #[must_use]
    pub fn partner(&self) -> &str {
        &self.partner
    }

    /// Begins a fetch, or goes on with the unfinished one of the same period and window that began today or yesterday,
    /// which keeps its `today`. An older one is left alone: what it has read is too old to stand beside new pages; and so
    /// is one that began before the month was over, once it is: what came later that day would be lacking; and one of whose
    /// pages a body is damaged.
    ///
    /// # Errors
    /// When the archive is read-only or the database refuses.
    pub fn begin(&self, plan: &FetchPlan) -> Result<FetchId, ArchiveError> {
        let plan = *plan;
        self.writer()?.wait(move |db| write::begin(db, &plan, false))
    }

    /// The same for a fetch ahead of a close, which is nobody's evidence yet: a close never goes on with it as its own, nor
    /// it with a close's.
    ///
    /// # Errors
    /// As `begin`.
    pub fn begin_ahead(&self, plan: &FetchPlan) -> Result<FetchId, ArchiveError> {
        let plan = *plan;
        self.writer()?.wait(move |db| write::begin(db, &plan, true))
    }

    /// Whether a fetch was made ahead of a close.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_ahead(&self, fetch: FetchId) -> Result<bool, ArchiveError> {
        self.read(|db| read::is_ahead(db, fetch))
    }

    /// Keeps one page; it is durable when this returns. The same page with the same body again changes nothing, unless that
    /// body is damaged: then this one takes its place.
    ///
    /// # Errors
    /// When the page is already held with another body, the fetch is finished or unknown, the archive is read-only, or
    /// the disk refuses.
    pub async fn keep(&self, page: KeptPage) -> Result<(), ArchiveError> {
        let packed = write::pack(page)?;
        self.written(move |db| write::keep(db, &packed)).await
    }

    /// Takes pages over from an earlier walk or fetch: the same request, body and moment, without asking again.
    ///
    /// # Errors
    /// When a page is not held there or is held with another body here, the fetch is finished or unknown, the archive
    /// is read-only, or the disk refuses.
    pub async fn take_over(&self, taken: Taken) -> Result<(), ArchiveError> {
        self.written(move |db| write::take_over(db, &taken)).await
    }

    /// Records how a list ended. The same outcome again changes nothing.
    ///
    /// # Errors
    /// When the list has another outcome already, the fetch is finished or unknown, the archive is read-only, or the
    /// database refuses.
    pub fn settle_list(&self, fetch: FetchId, list: &List, outcome: ListOutcome) -> Result<(), ArchiveError> {
        let list = list.clone();
        self.writer()?.wait(move |db| write::settle_list(db, fetch, &list, &outcome))
    }

    /// The same as `settle_list` without holding up the thread: what is settled at one time shares a commit.
    ///
    /// # Errors
    /// As `settle_list`.
    pub async fn settle_list_beside(
        &self,
        fetch: FetchId,
        list: &List,
        outcome: ListOutcome,
    ) -> Result<(), ArchiveError> {
        let list = list.clone();
        self.written(move |db| write::settle_list(db, fetch, &list, &outcome)).await
    }

    /// Declares a fetch finished: from now on it is evidence, and nothing can be added to it.
    ///
    /// # Errors
    /// When the fetch is unknown, the archive is read-only, or the database refuses.
    pub fn finish(&self, fetch: FetchId) -> Result<(), ArchiveError> {
        self.writer()?.wait(move |db| write::finish(db, fetch))
    }

    /// What a fetch is to read.
    ///
    /// # Errors
    /// When the archive holds no such fetch, or the database refuses.
    pub fn plan(&self, fetch: FetchId) -> Result<FetchPlan, ArchiveError> {
        self.read(|db| read::plan(db, fetch))
    }

    /// The durable pages of one list, by walk and page.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn pages_held(&self, fetch: FetchId, list: &List) -> Result<BTreeMap<(u32, u32), PageHeld>, ArchiveError> {
        self.read(|db| read::pages_held(db, fetch, list))
    }

    /// The durable pages of all lists.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn held(&self, fetch: FetchId) -> Result<Held, ArchiveError> {
        self.read(|db| read::held(db, fetch))
    }

    /// The body of a page, proved to be the bytes that were archived.
    ///
    /// # Errors
    /// When no such body is held or a bit of it has changed: names the list and page it belongs to.
    pub fn body(&self, digest: &str) -> Result<Vec<u8>, ArchiveError> {
        self.read(|db| read::sound(db, digest)).map(|sound| sound.body)
    }

    /// The pages of an evidence whose bodies are damaged or gone, in order.
    #[must_use]
    pub fn damaged(&self, evidence: &Evidence) -> Vec<ArchiveError> {
        let place = |list: &ListEvidence, page: &PageRef| match self.body(&page.digest) {
            Err(ArchiveError::Damaged { digest, seen, .. }) => {
                Some(ArchiveError::Damaged { list: list.list.to_string(), page: page.page, digest, seen })
            }
            found => found.err(),
        };
        evidence.lists.iter().flat_map(|list| list.pages.iter().filter_map(move |page| place(list, page))).collect()
    }

    /// Whether every page of a fetch has a body that is sound.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn is_sound(&self, fetch: FetchId) -> Result<bool, ArchiveError> {
        self.read(|db| read::damaged_in(db, fetch)).map(|damaged| damaged.is_empty())
    }

    /// How a list ended; nothing while it is being read.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn outcome(&self, fetch: FetchId, list: &List) -> Result<Option<ListOutcome>, ArchiveError> {
        self.read(|db| read::outcome(db, fetch, list))
    }

    /// The finished fetches of a period, in the order they began.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn finished(&self, period: Period) -> Result<Vec<FetchId>, ArchiveError> {
        self.read(|db| read::finished(db, period))
    }

    /// The last finished fetch of a period, if there is one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn latest(&self, period: Period) -> Result<Option<FetchId>, ArchiveError> {
        Ok(self.finished(period)?.pop())
    }

    /// The last finished fetch of the same period and window, if there is one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn earlier(&self, plan: &FetchPlan) -> Result<Option<FetchId>, ArchiveError> {
        self.read(|db| read::earlier(db, plan))
    }

    /// What a finished fetch proves.
    ///
    /// # Errors
    /// When the fetch is unknown or not finished, its pages come to more than a file of this length holds, or the database
    /// refuses.
    pub fn evidence(&self, fetch: FetchId) -> Result<Evidence, ArchiveError> {
        let (plan, lists) = self.read(|db| read::evidence(db, fetch))?;
        let pages = lists.iter().flat_map(|list| &list.pages);
        let bytes = pages.fold(0_u64, |sum, page| sum.saturating_add(page.bytes));
        Allowance::of(&self.path)?.spend("the pages of a fetch", bytes)?;
        Ok(Evidence { plan, partner: self.partner.clone(), lists })
    }

    fn writer(&self) -> Result<&Writer, ArchiveError> {
        self.writer.as_ref().ok_or(ArchiveError::ReadOnly)
    }

    /// Writes without holding up the thread.
    async fn written<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let (send, receive) = tokio::sync::oneshot::channel();
        self.writer()?.submit(work, move |done| {
            // Nobody listens any more only when the caller was cancelled; what was queued is durable all the same.
            let _ = send.send(done);
        })?;
        receive.await.map_err(|_closed| ArchiveError::Stopped)?
    }

    /// Reads through a connection of its own, so that threads do not wait for each other.
    fn read<T>(&self, question: impl FnOnce(&Connection) -> Result<T, ArchiveError>) -> Result<T, ArchiveError> {
        let pooled = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let db = match pooled {
            Some(db) => db,
            None => file::connect(&self.path, self.door)?,
        };
        let answer = question(&db);
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(db);
        answer
    }
}
