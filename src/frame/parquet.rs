//! Parquet parts: the frame as files that other programs can read, with the same bytes every time.

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
        let order = [holder(side), c::CREATED_AT, c::ID, c::LEDGER, c::PAGE, c::ROW];
        let sorted = self.frame().sort(order, SortMultipleOptions::new())?;
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
}
