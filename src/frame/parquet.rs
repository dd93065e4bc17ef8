//! Parquet parts: the frame as files that other programs can read, with the same bytes every time.

use std::collections::{BTreeMap, BTreeSet};

use polars::prelude::*;
use polars_io::parquet::write::ParquetWriter;
use polars_io::prelude::ParquetCompression;

use super::columns as c;
use super::ledger::{FrameError, LedgerFrame, holder};
use crate::domain::Side;

/// Entries in one part.
const PART_ENTRIES: usize = 250_000;

/// One Parquet file.
pub struct Part {
    /// Its number, from 1.
    pub number: usize,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl LedgerFrame {
    /// The frame as Parquet parts of at most 250,000 entries, sorted by account, time, id and origin; one empty part
    /// for an empty frame, so that a reader always finds the columns.
    ///
    /// # Errors
    /// When polars refuses.
    pub fn to_parquet(&self, side: Side) -> Result<Vec<Part>, FrameError> {
        let sorted = self.frame().take(&self.order(side)?)?;
        let parts = sorted.height().div_ceil(PART_ENTRIES).max(1);
        (0..parts)
            .map(|part| {
                let first = i64::try_from(part * PART_ENTRIES).unwrap_or(i64::MAX);
                let mut piece = sorted.slice(first, PART_ENTRIES);
                piece.rechunk_mut();
                let mut bytes = Vec::new();
                let writer = ParquetWriter::new(&mut bytes).with_compression(ParquetCompression::Zstd(None));
                writer.with_row_group_size(Some(PART_ENTRIES)).finish(&mut piece)?;
                Ok(Part { number: part + 1, bytes })
            })
            .collect()
    }

    /// The places of the entries by account, time, id and origin. Accounts are compared by their rank, so that most
    /// comparisons are of two numbers: sorting by the texts takes several times as long.
    fn order(&self, side: Side) -> Result<IdxCa, FrameError> {
        let frame = self.frame();
        let (holders, ids) = (frame.column(holder(side))?.str()?, frame.column(c::ID)?.str()?);
        let (times, pages) = (frame.column(c::CREATED_AT)?.i64()?, frame.column(c::PAGE)?.i64()?);
        let rows = frame.column(c::ROW)?.i64()?;
        let accounts: BTreeSet<&str> = holders.iter().flatten().collect();
        let ranks: BTreeMap<&str, usize> = accounts.into_iter().zip(0..).collect();
        let mut keys: Vec<(usize, i64, IdxSize)> = (0..)
            .zip(holders.iter().zip(times.iter()))
            .map(|(place, (holder, time))| {
                (
                    holder.and_then(|holder| ranks.get(holder)).copied().unwrap_or_default(),
                    time.unwrap_or_default(),
                    place,
                )
            })
            .collect();
        let rest = |place: IdxSize| {
            let place = usize::try_from(place).unwrap_or(usize::MAX);
            (ids.get(place), pages.get(place), rows.get(place))
        };
        keys.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| rest(a.2).cmp(&rest(b.2))));
        Ok(IdxCa::from_vec("place".into(), keys.into_iter().map(|(_, _, place)| place).collect()))
    }
}
