//! The one thread that writes. It takes what is queued, commits it in one transaction, and only then acknowledges:
//! one wait for the disk serves every page that came in while it waited for the disk before.

use std::fs::File;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;

use super::error::{ArchiveError, failed_to};

/// The most that one transaction takes.
const BATCH_MAX: usize = 256;

/// Work inside the transaction; gives back how to acknowledge it once the transaction's fate is known.
type Job = Box<dyn FnOnce(Result<&Connection, ArchiveError>) -> Acknowledge + Send>;
type Acknowledge = Box<dyn FnOnce(Result<(), ArchiveError>) + Send>;

/// The handle of the writing thread. Dropping it waits until everything queued is on disk.
pub(super) struct Writer {
    queue: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread; it owns the connection and the lock.
    pub(super) fn start(db: Connection, lock: File) -> Self {
        let (queue, jobs) = channel();
        let thread = std::thread::spawn(move || {
            write_until_closed(&db, &jobs);
            drop(db);
            drop(lock);
        });
        Self { queue: Some(queue), thread: Some(thread) }
    }

    /// Queues work; `reply` gets its result after the commit, or is dropped uncalled when the thread has stopped.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, ArchiveError> + Send + 'static,
        reply: impl FnOnce(Result<T, ArchiveError>) + Send + 'static,
    ) -> Result<(), ArchiveError> {
        let job: Job = Box::new(move |db| {
            let done = db.and_then(work);
            Box::new(move |committed| reply(committed.and(done)))
        });
        let queue = self.queue.as_ref().ok_or(ArchiveError::Stopped)?;
        queue.send(job).map_err(|_unsent| ArchiveError::Stopped)
    }

    /// Queues work and waits for its commit.
    pub(super) fn wait<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, ArchiveError> + Send + 'static,
    ) -> Result<T, ArchiveError> {
        let (send, receive) = channel();
        self.submit(work, move |done| {
            // Nobody listens any more only when the caller is gone.
            let _ = send.send(done);
        })?;
        receive.recv().map_err(|_closed| ArchiveError::Stopped)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the thread has already failed every write that it could concern.
            let _ = thread.join();
        }
    }
}

fn write_until_closed(db: &Connection, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let batch: Vec<Job> = std::iter::once(first).chain(jobs.try_iter().take(BATCH_MAX - 1)).collect();
        let begun = db.execute_batch("BEGIN IMMEDIATE").map(|()| db).map_err(failed_to("begin to write"));
        let acknowledgements: Vec<Acknowledge> = batch.into_iter().map(|job| job(begun.clone())).collect();
        let committed = begun.and_then(|db| db.execute_batch("COMMIT").map_err(failed_to("make pages durable")));
        if committed.is_err() {
            // After a failed commit the transaction may still be open; what it held is reported as lost either way.
            let _ = db.execute_batch("ROLLBACK");
        }
        for acknowledge in acknowledgements {
            acknowledge(committed.clone());
        }
    }
    // At rest the file is one file: readers need no side files, also on a medium that nobody can write to. Where
    // another process still reads, the log stays, and is read.
    let _ = db.busy_timeout(Duration::from_millis(200));
    let _ = db.execute_batch("PRAGMA journal_mode = DELETE");
}
