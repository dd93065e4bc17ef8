//! What goes into the tables, inside the writer's transaction.

use rusqlite::{Connection, OptionalExtension, params};

use super::BODY_BYTES_MAX;
use super::error::{ArchiveError, failed_to};
use super::read;
use super::record::{FetchId, FetchPlan, KeptPage, ListOutcome, Taken};
use crate::domain::{List, on_a_line, sha256};

/// A page with its body compressed and digested, ready for the table.
pub(super) struct PackedPage {
    page: KeptPage,
    digest: String,
    bytes: i64,
    zstd: Vec<u8>,
}

/// Finds the unfinished fetch of the same period, window and purpose that is a day old at most, or records a new one.
/// What was begun in the month itself is not gone on with once it is over: its ledgers end where it was cut off.
pub(super) fn begin(db: &Connection, plan: &FetchPlan, ahead: bool) -> Result<FetchId, ArchiveError> {
    let FetchPlan { period, from, to, today } = plan;
    let (period, from, to, today) = (period.to_string(), from.to_string(), to.to_string(), today.to_string());
    let yesterday = plan.today.pred_opt().unwrap_or(plan.today);
    let over = plan.period.day_after();
    let oldest = if plan.today >= over { yesterday.max(over) } else { yesterday }.to_string();
    let unfinished = db
        .query_row(
            "SELECT max(fetch) FROM fetches WHERE period = ?1 AND from_date = ?2 AND to_date = ?3 \
             AND today BETWEEN ?4 AND ?5 AND fetch NOT IN (SELECT fetch FROM finishes) \
             AND (fetch IN (SELECT fetch FROM aheads)) = ?6",
            params![&period, &from, &to, &oldest, &today, ahead],
            |row| row.get::<_, Option<i64>>(0),
        )
        .map_err(failed_to("look for an unfinished fetch"))?;
    // One of whose pages a body is damaged is left alone, too: the partner may answer with another today, and what is archived
    // stays as it is.
    if let Some(fetch) = unfinished.map(FetchId::new)
        && read::damaged_in(db, fetch)?.is_empty()
    {
        return Ok(fetch);
    }
    let fetch = begin_anew(db, plan)?;
    if ahead {
        db.execute("INSERT INTO aheads (fetch) VALUES (?1)", [fetch.number()])
            .map_err(failed_to("begin a fetch ahead of a close"))?;
    }
    Ok(fetch)
}

/// Records a new fetch.
pub(super) fn begin_anew(db: &Connection, plan: &FetchPlan) -> Result<FetchId, ArchiveError> {
    let FetchPlan { period, from, to, today } = plan;
    db.execute(
        "INSERT INTO fetches (period, from_date, to_date, today) VALUES (?1, ?2, ?3, ?4)",
        [period.to_string(), from.to_string(), to.to_string(), today.to_string()],
    )
    .map_err(failed_to("begin a fetch"))?;
    Ok(FetchId::new(db.last_insert_rowid()))
}

/// Compresses and digests a page, on the caller's thread, so that the writer has only the disk to wait for.
pub(super) fn pack(page: KeptPage) -> Result<PackedPage, ArchiveError> {
    let length = page.body.len();
    let oversized = || ArchiveError::Oversized {
        list: page.list.clone(),
        page: page.page,
        bytes: length,
        bytes_max: BODY_BYTES_MAX,
    };
    let bytes = i64::try_from(length).ok().filter(|_| length <= BODY_BYTES_MAX).ok_or_else(oversized)?;
    let zstd = compressed(&page.body)?;
    Ok(PackedPage { digest: sha256(&page.body), bytes, zstd, page })
}

/// A body as it is kept.
pub(super) fn compressed(body: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    zstd::bulk::compress(body, 0)
        .map_err(|source| failed_to("compress a body")(rusqlite::Error::ToSqlConversionFailure(source.into())))
}

/// Keeps a body, once for each digest. Where the one that is kept is damaged, this one takes its place: beside it, for nothing
/// archived is changed.
pub(super) fn keep_body(db: &Connection, digest: &str, bytes: i64, zstd: &[u8]) -> Result<(), ArchiveError> {
    let failed = failed_to("keep a body");
    let inserted = db
        .prepare_cached("INSERT INTO bodies (digest, bytes, zstd) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
        .and_then(|mut insert| insert.execute(params![digest, bytes, zstd]))
        .map_err(&failed)?;
    if inserted == 0 && read::sound(db, digest).is_err() {
        db.execute("INSERT INTO renewals (digest, bytes, zstd) VALUES (?1, ?2, ?3)", params![digest, bytes, zstd])
            .map_err(failed_to("renew a body"))?;
    }
    Ok(())
}

/// Records a page and, once for each digest, its body.
pub(super) fn keep(db: &Connection, packed: &PackedPage) -> Result<(), ArchiveError> {
    let PackedPage { page, digest, bytes, zstd } = packed;
    let failed = failed_to("keep a page");
    let list = page.list.to_string();
    keep_body(db, digest, *bytes, zstd)?;
    let inserted = db
        .prepare_cached(
            "INSERT INTO exchanges (fetch, list, walk, page, request, status, asked_at_us, digest) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        )
        .and_then(|mut insert| {
            let KeptPage { fetch, walk, page, request, status, asked_at_us, .. } = page;
            insert.execute(params![fetch.number(), list, walk, page, request, status, asked_at_us, digest])
        })
        .map_err(&failed)?;
    if inserted == 1 {
        return Ok(());
    }
    let held: String = db
        .query_row(
            "SELECT digest FROM exchanges WHERE fetch = ?1 AND list = ?2 AND walk = ?3 AND page = ?4",
            params![page.fetch.number(), list, page.walk, page.page],
            |row| row.get(0),
        )
        .map_err(&failed)?;
    if held == *digest { Ok(()) } else { Err(ArchiveError::AlreadyKept { list: page.list.clone(), page: page.page }) }
}

/// Copies the records of pages into another walk or fetch; their bodies are there already.
pub(super) fn take_over(db: &Connection, taken: &Taken) -> Result<(), ArchiveError> {
    let Taken { list, from, from_walk, to, to_walk, pages } = taken;
    let (name, failed) = (list.to_string(), failed_to("take a page over"));
    let mut copy = db
        .prepare_cached(
            "INSERT INTO exchanges (fetch, list, walk, page, request, status, asked_at_us, digest) \
             SELECT ?4, list, ?5, page, request, status, asked_at_us, digest FROM exchanges \
             WHERE fetch = ?1 AND list = ?2 AND walk = ?3 AND page = ?6 ON CONFLICT DO NOTHING",
        )
        .map_err(&failed)?;
    let mut same = db
        .prepare_cached(
            "SELECT count(DISTINCT digest) FROM exchanges WHERE list = ?2 AND page = ?6 \
             AND ((fetch = ?1 AND walk = ?3) OR (fetch = ?4 AND walk = ?5))",
        )
        .map_err(&failed)?;
    for page in pages {
        let places = params![from.number(), name, from_walk, to.number(), to_walk, page];
        copy.execute(places).map_err(&failed)?;
        let digests: i64 = same.query_row(places, |row| row.get(0)).map_err(&failed)?;
        if digests != 1 {
            return Err(ArchiveError::AlreadyKept { list: list.clone(), page: *page });
        }
    }
    Ok(())
}

/// Records how a list ended.
pub(super) fn settle_list(
    db: &Connection,
    fetch: FetchId,
    list: &List,
    outcome: &ListOutcome,
) -> Result<(), ArchiveError> {
    // One line, so that the manifest stays a table.
    let reason = outcome.reason().map(|reason| on_a_line(&reason.replace(char::is_control, " ")));
    let recorded = ListOutcome::recorded(outcome.word(), outcome.walk(), reason.clone());
    if read::outcome(db, fetch, list)?.is_none() {
        db.execute(
            "INSERT INTO outcomes (fetch, list, outcome, walk, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![fetch.number(), list.to_string(), outcome.word(), outcome.walk(), reason],
        )
        .map_err(failed_to("settle a list"))?;
    }
    if read::outcome(db, fetch, list)? == recorded {
        Ok(())
    } else {
        Err(ArchiveError::AlreadySettled { list: list.clone() })
    }
}

/// Records that a fetch is finished.
pub(super) fn finish(db: &Connection, fetch: FetchId) -> Result<(), ArchiveError> {
    let known: Option<i64> = db
        .query_row("SELECT fetch FROM fetches WHERE fetch = ?1", [fetch.number()], |row| row.get(0))
        .optional()
        .map_err(failed_to("finish a fetch"))?;
    let number = known.ok_or(ArchiveError::NoFetch(fetch))?;
    db.execute("INSERT INTO finishes (fetch) VALUES (?1) ON CONFLICT DO NOTHING", [number])
        .map_err(failed_to("finish a fetch"))?;
    Ok(())
}
