//! What comes out of the tables. Every text is checked on its way back, and every body against its digest.

use std::cell::RefCell;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use rusqlite::{Connection, OptionalExtension, Row, params};
use zstd::bulk::Decompressor;

use super::error::{ArchiveError, failed_to};
use super::evidence::{ListEvidence, PageRef};
use super::record::{FetchId, FetchPlan, ListOutcome, PageHeld};
use super::{BODY_BYTES_MAX, Held};
use crate::domain::{List, Period, Timestamp, sha256};

/// Bodies that may have taken a damaged one's place, one after the other.
const RENEWALS_MAX: u32 = 100;

/// The length of a page's body: of the one that took a damaged one's place last, else of the first.
const BYTES: &str =
    "coalesce((SELECT bytes FROM renewals r WHERE r.digest = e.digest ORDER BY renewal DESC LIMIT 1), b.bytes)";
const BODIES: &str = "LEFT JOIN bodies b ON b.digest = e.digest";

/// What a fetch is to read.
pub(super) fn plan(db: &Connection, fetch: FetchId) -> Result<FetchPlan, ArchiveError> {
    let columns = db
        .query_row("SELECT period, from_date, to_date, today FROM fetches WHERE fetch = ?1", [fetch.number()], |row| {
            Ok([row.get::<_, String>(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
        })
        .optional()
        .map_err(failed_to("read a fetch"))?;
    let [period, from, to, today] = columns.ok_or(ArchiveError::NoFetch(fetch))?;
    let wrong = |seen: &str, expected| ArchiveError::Row { table: "fetches", seen: seen.to_owned(), expected };
    let date = |text: &str| text.parse::<NaiveDate>().map_err(|_unreadable| wrong(text, "a date"));
    Ok(FetchPlan {
        period: period.parse().map_err(|_unreadable| wrong(&period, "a period"))?,
        from: date(&from)?,
        to: date(&to)?,
        today: date(&today)?,
    })
}

/// The durable pages of one list.
pub(super) fn pages_held(
    db: &Connection,
    fetch: FetchId,
    list: &List,
) -> Result<BTreeMap<(u32, u32), PageHeld>, ArchiveError> {
    let failed = failed_to("read the pages of a list");
    let mut query = db
        .prepare_cached(&format!(
            "SELECT walk, page, e.digest, {BYTES}, request, status FROM exchanges e {BODIES} \
             WHERE fetch = ?1 AND list = ?2 AND {BYTES} IS NOT NULL"
        ))
        .map_err(&failed)?;
    let rows = query.query_map(params![fetch.number(), list.to_string()], page_held).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// The durable pages of all lists.
pub(super) fn held(db: &Connection, fetch: FetchId) -> Result<Held, ArchiveError> {
    let failed = failed_to("read the pages of a fetch");
    let mut query = db
        .prepare_cached(&format!(
            "SELECT walk, page, e.digest, {BYTES}, request, status, list FROM exchanges e {BODIES} \
             WHERE fetch = ?1 AND {BYTES} IS NOT NULL"
        ))
        .map_err(&failed)?;
    let rows =
        query.query_map([fetch.number()], |row| Ok((row.get::<_, String>(6)?, page_held(row)?))).map_err(&failed)?;
    let mut held = Held::new();
    for row in rows {
        let (list, (at, page)) = row.map_err(&failed)?;
        held.entry(list_named("exchanges", &list)?).or_default().insert(at, page);
    }
    Ok(held)
}

/// A body whose bytes have their digest, and the same as it is kept.
pub(super) struct Sound {
    pub(super) body: Vec<u8>,
    pub(super) zstd: Vec<u8>,
    /// Whether it took a damaged one's place.
    pub(super) is_renewed: bool,
}

/// The body with a digest, checked against it: the first that was kept, or one that took its place where it is damaged.
pub(super) fn sound(db: &Connection, digest: &str) -> Result<Sound, ArchiveError> {
    let first = kept(db, "SELECT bytes, zstd FROM bodies WHERE digest = ?1 LIMIT ?2, 1", digest, 0);
    let damage = match first {
        Ok(Some(sound)) => return Ok(sound),
        Ok(None) => "no body".to_owned(),
        Err(seen) => seen,
    };
    let renewal = "SELECT bytes, zstd FROM renewals WHERE digest = ?1 ORDER BY renewal DESC LIMIT ?2, 1";
    let renewals = (0..RENEWALS_MAX).map_while(|place| kept(db, renewal, digest, place).transpose());
    let renewed = renewals.into_iter().find_map(Result::ok).map(|sound| Sound { is_renewed: true, ..sound });
    renewed.ok_or_else(|| damaged(db, digest, &damage))
}

/// One body as a question finds it; nothing where it finds none, else what is wrong with it.
fn kept(db: &Connection, question: &str, digest: &str, place: u32) -> Result<Option<Sound>, String> {
    let row = db.prepare_cached(question).and_then(|mut query| {
        query.query_row(params![digest, place], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))).optional()
    });
    let Some((bytes, zstd)) = row.map_err(|source| source.to_string())? else { return Ok(None) };
    proved(digest, bytes, zstd).map(Some)
}

/// A body as it is kept, unpacked and held against its digest; else what is wrong with it.
pub(super) fn proved(digest: &str, bytes: i64, zstd: Vec<u8>) -> Result<Sound, String> {
    let length = usize::try_from(bytes).ok().filter(|length| *length <= BODY_BYTES_MAX);
    let length = length.ok_or_else(|| format!("a length of {bytes} bytes"))?;
    let body = unpacked(&zstd, length).map_err(|source| format!("a body that does not unpack ({source})"))?;
    let seen = sha256(&body);
    if seen == digest && body.len() == length {
        Ok(Sound { body, zstd, is_renewed: false })
    } else {
        Err(format!("sha256 {seen}, {} bytes of {length}", body.len()))
    }
}

/// The pages of a fetch whose bodies are damaged or gone, of all its walks.
pub(super) fn damaged_in(db: &Connection, fetch: FetchId) -> Result<Vec<ArchiveError>, ArchiveError> {
    let failed = failed_to("read the pages of a fetch");
    let mut query = db.prepare_cached("SELECT DISTINCT digest FROM exchanges WHERE fetch = ?1").map_err(&failed)?;
    let digests = query.query_map([fetch.number()], |row| row.get::<_, String>(0)).map_err(&failed)?;
    let digests = digests.collect::<rusqlite::Result<Vec<_>>>().map_err(&failed)?;
    Ok(digests.iter().filter_map(|digest| sound(db, digest).err()).collect())
}

/// A compressed body of a length. What unpacking takes is made once a thread: a month is read from thousands of small pages.
fn unpacked(zstd: &[u8], length: usize) -> std::io::Result<Vec<u8>> {
    thread_local!(static UNPACKER: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) });
    UNPACKER.with_borrow_mut(|kept| {
        let mut unpacker = kept.take().map_or_else(Decompressor::new, Ok)?;
        let body = unpacker.decompress(zstd, length)?;
        *kept = Some(unpacker);
        Ok(body)
    })
}

/// When a page was asked for.
pub(super) fn asked_at(
    db: &Connection,
    fetch: FetchId,
    list: &List,
    walk: u32,
    page: u32,
) -> Result<Timestamp, ArchiveError> {
    db.query_row(
        "SELECT asked_at_us FROM exchanges WHERE fetch = ?1 AND list = ?2 AND walk = ?3 AND page = ?4",
        params![fetch.number(), list.to_string(), walk, page],
        |row| row.get(0),
    )
    .map_err(failed_to("read when a page was asked for"))
}

/// How a list ended.
pub(super) fn outcome(db: &Connection, fetch: FetchId, list: &List) -> Result<Option<ListOutcome>, ArchiveError> {
    let row = db
        .prepare_cached("SELECT list, outcome, walk, reason FROM outcomes WHERE fetch = ?1 AND list = ?2")
        .and_then(|mut query| query.query_row(params![fetch.number(), list.to_string()], outcome_columns).optional())
        .map_err(failed_to("read how a list ended"))?;
    row.map(|columns| recorded(columns).map(|(_list, outcome)| outcome)).transpose()
}

/// The finished fetches of a period, in the order they began.
pub(super) fn finished(db: &Connection, period: Period) -> Result<Vec<FetchId>, ArchiveError> {
    let failed = failed_to("look for finished fetches");
    let mut query = db
        .prepare_cached("SELECT fetch FROM fetches JOIN finishes USING (fetch) WHERE period = ?1 ORDER BY fetch")
        .map_err(&failed)?;
    let rows = query.query_map([period.to_string()], |row| row.get(0).map(FetchId::new)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Every finished fetch, in the order they began.
pub(super) fn all_finished(db: &Connection) -> Result<Vec<FetchId>, ArchiveError> {
    let failed = failed_to("look for finished fetches");
    let mut query = db.prepare_cached("SELECT fetch FROM finishes ORDER BY fetch").map_err(&failed)?;
    let rows = query.query_map([], |row| row.get(0).map(FetchId::new)).map_err(&failed)?;
    rows.collect::<Result<_, _>>().map_err(&failed)
}

/// Whether a fetch was made ahead of a close.
pub(super) fn is_ahead(db: &Connection, fetch: FetchId) -> Result<bool, ArchiveError> {
    db.query_row("SELECT EXISTS (SELECT 1 FROM aheads WHERE fetch = ?1)", [fetch.number()], |row| row.get(0))
        .map_err(failed_to("look for a fetch ahead of a close"))
}

/// The last finished fetch of a period and window.
pub(super) fn earlier(db: &Connection, plan: &FetchPlan) -> Result<Option<FetchId>, ArchiveError> {
    let FetchPlan { period, from, to, .. } = plan;
    db.query_row(
        "SELECT max(fetch) FROM fetches JOIN finishes USING (fetch) \
         WHERE period = ?1 AND from_date = ?2 AND to_date = ?3",
        [period.to_string(), from.to_string(), to.to_string()],
        |row| Ok(row.get::<_, Option<i64>>(0)?.map(FetchId::new)),
    )
    .map_err(failed_to("look for an earlier fetch"))
}

/// The plan of a finished fetch and the evidence of each of its lists.
pub(super) fn evidence(db: &Connection, fetch: FetchId) -> Result<(FetchPlan, Vec<ListEvidence>), ArchiveError> {
    let plan = plan(db, fetch)?;
    if !finished(db, plan.period)?.contains(&fetch) {
        return Err(ArchiveError::Unfinished(fetch));
    }
    let mut held = held(db, fetch)?;
    let lists = outcomes(db, fetch)?.into_iter().map(|(list, outcome)| {
        let pages = held.remove(&list).unwrap_or_default();
        let accepted = |((walk, page), held): ((u32, u32), PageHeld)| {
            let PageHeld { digest, bytes, request, status } = held;
            (outcome.walk() == Some(walk)).then_some(PageRef { page, digest, bytes, request, status })
        };
        let pages = pages.into_iter().filter_map(accepted).collect();
        ListEvidence { list, outcome, pages }
    });
    let lists = lists.collect();
    Ok((plan, lists))
}

fn outcomes(db: &Connection, fetch: FetchId) -> Result<BTreeMap<List, ListOutcome>, ArchiveError> {
    let failed = failed_to("read how the lists ended");
    let mut query =
        db.prepare_cached("SELECT list, outcome, walk, reason FROM outcomes WHERE fetch = ?1").map_err(&failed)?;
    let rows = query.query_map([fetch.number()], outcome_columns).map_err(&failed)?;
    rows.map(|row| recorded(row.map_err(&failed)?)).collect()
}

type OutcomeColumns = (String, String, Option<u32>, Option<String>);

fn outcome_columns(row: &Row<'_>) -> rusqlite::Result<OutcomeColumns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}

fn recorded((list, word, walk, reason): OutcomeColumns) -> Result<(List, ListOutcome), ArchiveError> {
    let list = list_named("outcomes", &list)?;
    let outcome = ListOutcome::recorded(&word, walk, reason);
    let wrong = || ArchiveError::Row { table: "outcomes", seen: word, expected: "an outcome with its walk or reason" };
    Ok((list, outcome.ok_or_else(wrong)?))
}

fn list_named(table: &'static str, text: &str) -> Result<List, ArchiveError> {
    text.parse().map_err(|_unreadable| ArchiveError::Row { table, seen: text.to_owned(), expected: "a list" })
}

fn page_held(row: &Row<'_>) -> rusqlite::Result<((u32, u32), PageHeld)> {
    let at = (row.get(0)?, row.get(1)?);
    let bytes = u64::try_from(row.get::<_, i64>(3)?).unwrap_or_default();
    Ok((at, PageHeld { digest: row.get(2)?, bytes, request: row.get(4)?, status: row.get(5)? }))
}

/// Names the page that a broken body belongs to, as far as the tables still know it.
fn damaged(db: &Connection, digest: &str, seen: &str) -> ArchiveError {
    let (list, page) = db
        .query_row(
            "SELECT list, page FROM exchanges WHERE digest = ?1 ORDER BY fetch, list, walk, page",
            [digest],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap_or_else(|_unknown| ("an unknown list".to_owned(), 0));
    ArchiveError::Damaged { list, page, digest: digest.to_owned(), seen: seen.to_owned() }
}
