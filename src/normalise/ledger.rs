//! The ledgers: pages into columns, several threads at once, in an order that no thread can change.

use std::thread;

use super::books::ListRecord;
use super::row::{self, Reading};
use super::walked::records;
use super::{NormaliseError, Rules};
use crate::archive::{Archive, Evidence, PageRef};
use crate::domain::{Calendar, Control, List, Origin, UnreadableRow};
use crate::frame::{LedgerColumns, LedgerFrame};
use crate::wire::{LedgerPage, object};

/// Every ledger, read.
pub(super) struct Ledgers {
    pub(super) master: LedgerFrame,
    pub(super) customers: LedgerFrame,
    pub(super) unreadable: Vec<UnreadableRow>,
    pub(super) records: Vec<ListRecord>,
}

/// One page to decode.
#[derive(Clone, Copy)]
pub(super) struct Task<'a> {
    pub(super) list: &'a List,
    pub(super) page: &'a PageRef,
}

/// What a page said beside its rows.
pub(super) struct PageRecord {
    pub(super) list: List,
    pub(super) page: u32,
    pub(super) control: Control,
    pub(super) rows: u64,
    pub(super) unreadable: u64,
    pub(super) refused: Option<String>,
}

/// What one thread made of its share of the pages.
pub(super) struct Share {
    master: LedgerFrame,
    pub(super) customers: LedgerFrame,
    unreadable: Vec<UnreadableRow>,
    pub(super) pages: Vec<PageRecord>,
}

/// Decodes every archived page of every ledger.
pub(super) fn ledgers(
    archive: &Archive,
    evidence: &Evidence,
    calendar: &Calendar,
    rules: &Rules,
) -> Result<Ledgers, NormaliseError> {
    let lists = evidence.lists.iter().filter(|found| found.list.is_ledger());
    let tasks: Vec<Task<'_>> =
        lists.flat_map(|found| found.pages.iter().map(|page| Task { list: &found.list, page })).collect();
    let reading = Reading { calendar, rules };
    let shares = decode(archive, &tasks, &reading)?;
    let (mut master, mut customers, mut unreadable, mut pages) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for share in shares {
        master.push(share.master);
        customers.push(share.customers);
        unreadable.extend(share.unreadable);
        pages.extend(share.pages);
    }
    let records = records(archive, evidence, pages)?;
    Ok(Ledgers {
        master: LedgerFrame::concat(master)?,
        customers: LedgerFrame::concat(customers)?,
        unreadable,
        records,
    })
}

/// Splits the pages into contiguous shares, so that joining the shares in order restores the order of the pages.
pub(super) fn decode(
    archive: &Archive,
    tasks: &[Task<'_>],
    reading: &Reading<'_>,
) -> Result<Vec<Share>, NormaliseError> {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = tasks.len().div_ceil(threads).max(1);
    thread::scope(|scope| {
        let workers: Vec<_> =
            tasks.chunks(share).map(|tasks| scope.spawn(move || decode_share(archive, tasks, reading))).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn decode_share(archive: &Archive, tasks: &[Task<'_>], reading: &Reading<'_>) -> Result<Share, NormaliseError> {
    let (mut master, mut customers) = (LedgerColumns::with_capacity(0), LedgerColumns::with_capacity(0));
    let (mut unreadable, mut pages) = (Vec::new(), Vec::new());
    for task in tasks {
        let body = archive.body(&task.page.digest)?;
        let columns = if *task.list == List::Master { &mut master } else { &mut customers };
        pages.push(decode_page(task, &body, reading, columns, &mut unreadable)?);
    }
    Ok(Share { master: master.finish()?, customers: customers.finish()?, unreadable, pages })
}

fn decode_page(
    task: &Task<'_>,
    body: &[u8],
    reading: &Reading<'_>,
    columns: &mut LedgerColumns,
    unreadable: &mut Vec<UnreadableRow>,
) -> Result<PageRecord, NormaliseError> {
    let list = task.list.clone();
    let page: LedgerPage<'_> = match object(body) {
        Ok(page) => page,
        Err(refused) => {
            let refused = Some(format!("page {}: {refused}", task.page.page));
            let control = Control::default();
            return Ok(PageRecord { list, page: task.page.page, control, rows: 0, unreadable: 0, refused });
        }
    };
    let mut record =
        PageRecord { list, page: task.page.page, control: page.control(), rows: 0, unreadable: 0, refused: None };
    for (raw, row) in page.transactions.into_iter().zip(1_u32..) {
        let origin = Origin { page: task.page.page, row };
        record.rows += 1;
        match row::entry(raw, task.list, origin, reading) {
            Ok(entry) => columns.push(&entry)?,
            Err(row) => {
                record.unreadable += 1;
                unreadable.push(*row);
            }
        }
    }
    Ok(record)
}
