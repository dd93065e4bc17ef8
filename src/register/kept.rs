//! What is kept of each sealed run for the runs after it: its place, its inputs, its documents; and what has become of it.
//!
//! A run is recorded just before its folder gets its seal and marked as sealed just after. One that was recorded and never
//! sealed is given up when another is recorded for its place. One whose folder is lost is forgotten by a person: then nobody
//! asks for the folder any more, and everything that it numbered and billed stays.

use rusqlite::{OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::error::{failed_to, row};
use super::noted::Noted;
use super::{Register, RegisterError, refuse_unfit};
use crate::domain::{Amount, Period};

/// What is kept of a sealed close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its folder, as it is reached from the folder of the register.
    pub place: String,
    /// Its `run.json`, without what earlier runs handed on to it.
    pub inputs: String,
    /// What `close.json` hands on to later runs beside the documents, as an object.
    pub papers: String,
    /// The invoices and notes that it gave, in the order of `close.json`, each with what stands there.
    pub documents: Vec<(Document, String)>,
}

/// A numbered document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// What it is.
    pub kind: DocumentKind,
    /// Its number.
    pub number: String,
    /// The customer.
    pub account: String,
    /// The currency's code.
    pub currency: String,
    /// What it comes to: of a credit note what it adds to the invoice, below zero.
    pub total: Amount,
    /// The day it is dated, `YYYY-MM-DD`.
    pub dated: String,
    /// The number of the invoice that a note corrects.
    pub corrects: Option<String>,
}

/// What a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentKind {
    /// An invoice.
    Invoice,
    /// A credit note.
    CreditNote,
    /// A debit note.
    DebitNote,
}

/// What has become of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It was about to be sealed.
    Recorded,
    /// It stood sealed in its folder.
    Sealed,
    /// It was about to be sealed, and another run has its place since.
    NeverSealed,
    /// Its folder is declared lost.
    Forgotten,
}

/// A run that the register knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The run.
    pub run: String,
    /// Its month.
    pub period: Period,
    /// Its place among the runs of its month, or the rechecks of its run, from 1.
    pub number: u32,
    /// Its seal.
    pub seal: String,
    /// The seal of the run that it rechecks; nothing for a close.
    pub of: Option<String>,
    /// Its folder, as it is reached from the folder of the register; not known of rechecks, nor of runs that an earlier version
    /// noted and nobody has met since.
    pub place: Option<String>,
    /// What has become of it.
    pub mark: Mark,
    /// Its place in the order in which runs were noted.
    pub order: i64,
    /// Whether it was recorded in the act of its seal; else it was taken up from its folder later.
    pub in_the_act: bool,
    /// Who declared it lost, and why.
    pub forgotten: Option<Forgotten>,
}

/// A run's folder was declared lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forgotten {
    /// Why.
    pub because: String,
    /// By whom, where that was said.
    pub by: Option<String>,
    /// When, UTC.
    pub at: String,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Invoice, Self::CreditNote, Self::DebitNote];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit-note",
            Self::DebitNote => "debit-note",
        }
    }
}

impl Mark {
    const ALL: [Self; 4] = [Self::Recorded, Self::Sealed, Self::NeverSealed, Self::Forgotten];

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Recorded => "recorded",
            Self::Sealed => "sealed",
            Self::NeverSealed => "never-sealed",
            Self::Forgotten => "forgotten",
        }
    }

    fn of(word: &str) -> Result<Self, RegisterError> {
        let known = Self::ALL.into_iter().find(|it| it.word() == word);
        known.ok_or_else(|| RegisterError::Row { table: "marks", seen: word.to_owned() })
    }
}

/// The last mark of a run of the table `runs`; what an earlier version noted bears none, and was sealed.
pub(super) const LAST_MARK: &str =
    "coalesce((SELECT word FROM marks WHERE marks.seal = runs.seal ORDER BY mark DESC LIMIT 1), 'sealed')";

impl Register {
    /// Marks a run as sealed whose folder has got its seal.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn stands(&mut self, seal: &str) -> Result<(), RegisterError> {
        let doing = failed_to(&self.path, "mark a run as sealed");
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&doing)?;
        mark(&tx, seal, Mark::Sealed).and_then(|()| tx.commit()).map_err(doing)
    }

    /// Writes down that a run's folder is lost: nobody asks for it any more, and what it numbered and billed stays.
    ///
    /// # Errors
    /// When a text is blank, too long or of several lines, or the database refuses.
    pub fn forget(&mut self, seal: &str, why: &Forgotten) -> Result<(), RegisterError> {
        refuse_unfit("reason", &why.because)?;
        why.by.as_ref().map_or(Ok(()), |by| refuse_unfit("name", by))?;
        let sql = "INSERT INTO marks (seal, word, because, marked_by, at) VALUES (?1, 'forgotten', ?2, ?3, ?4)";
        let values = params![seal, why.because, why.by, why.at];
        self.db.execute(sql, values).map_err(failed_to(&self.path, "write down that a run is lost"))?;
        Ok(())
    }

    /// Every run that the register knows, rechecks too, by month and in the order in which they were noted; without those that
    /// were never sealed.
    ///
    /// # Errors
    /// When the database refuses, or a row is not what it promises.
    pub fn known(&self) -> Result<Vec<Known>, RegisterError> {
        let sql = format!(
            "SELECT runs.seal, run, period, number, rechecks, place, {LAST_MARK},
                    EXISTS (SELECT 1 FROM marks WHERE marks.seal = runs.seal AND word = 'recorded'),
                    runs.rowid
             FROM runs LEFT JOIN kept ON kept.seal = runs.seal WHERE ?1 = '' ORDER BY period, runs.rowid"
        );
        let known = self.rows(&sql, "", |it: &Row<'_>| {
            let (seal, run, period) = (it.get(0)?, it.get(1)?, it.get::<_, String>(2)?);
            let (number, of, place) = (it.get(3)?, it.get(4)?, it.get(5)?);
            let (word, in_the_act, order) = (it.get::<_, String>(6)?, it.get(7)?, it.get(8)?);
            Ok((|| {
                let (period, mark) = (row("runs", &period)?, Mark::of(&word)?);
                Ok(Known { run, period, number, seal, of, place, mark, order, in_the_act, forgotten: None })
            })())
        })?;
        let mut known: Vec<Known> = known.into_iter().filter(|it| it.mark != Mark::NeverSealed).collect();
        for it in known.iter_mut().filter(|it| it.mark == Mark::Forgotten) {
            it.forgotten = self.forgotten(&it.seal)?;
        }
        Ok(known)
    }

    fn forgotten(&self, seal: &str) -> Result<Option<Forgotten>, RegisterError> {
        let sql = "SELECT because, marked_by, at FROM marks WHERE seal = ?1 AND word = 'forgotten' ORDER BY mark DESC";
        let all = self.rows(sql, seal, |it| {
            let (because, by, at) = (it.get(0)?, it.get(1)?, it.get::<_, Option<String>>(2)?.unwrap_or_default());
            Ok(Ok(Forgotten { because, by, at }))
        })?;
        Ok(all.into_iter().next())
    }

    /// What is kept of a run; nothing of a recheck, nor of a run that an earlier version noted and nobody has met since.
    ///
    /// # Errors
    /// When the database refuses, or a row is not what it promises.
    pub fn kept(&self, seal: &str) -> Result<Option<Kept>, RegisterError> {
        let sql = "SELECT place, inputs, papers FROM kept WHERE seal = ?1";
        let found = self.db.query_row(sql, [seal], |it| Ok((it.get(0)?, it.get(1)?, it.get(2)?))).optional();
        let found = found.map_err(failed_to(&self.path, "read what is kept of a run"))?;
        let Some((place, inputs, papers)) = found else { return Ok(None) };
        let sql = "SELECT text FROM documents WHERE seal = ?1 ORDER BY place";
        let texts: Vec<String> = self.rows(sql, seal, |it| Ok(Ok(it.get(0)?)))?;
        let documents = self.documents(seal)?.into_iter().zip(texts).collect();
        Ok(Some(Kept { place, inputs, papers, documents }))
    }

    /// The documents that a run gave, in the order of its papers.
    ///
    /// # Errors
    /// When the database refuses, or a row is not what it promises.
    pub fn documents(&self, seal: &str) -> Result<Vec<Document>, RegisterError> {
        let sql = "SELECT kind, number, account, currency, total, dated, corrects FROM documents
                   WHERE seal = ?1 ORDER BY place";
        self.rows(sql, seal, |it| {
            let (kind, total) = (it.get::<_, String>(0)?, it.get::<_, String>(4)?);
            let (number, account, currency) = (it.get(1)?, it.get(2)?, it.get(3)?);
            let (dated, corrects) = (it.get(5)?, it.get(6)?);
            Ok((|| {
                let known = DocumentKind::ALL.into_iter().find(|known| known.word() == kind);
                let kind = known.ok_or(RegisterError::Row { table: "documents", seen: kind })?;
                let total = row("documents", &total)?;
                Ok(Document { kind, number, account, currency, total, dated, corrects })
            })())
        })
    }

    /// A number that grows with everything that is noted, recorded or marked here.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn version(&self) -> Result<i64, RegisterError> {
        let last = self.db.query_row("SELECT coalesce(max(mark), 0) FROM marks", [], |it| it.get(0));
        last.map_err(failed_to(&self.path, "read the last mark"))
    }
}

/// Writes what is kept of a run, where that is not there yet.
pub(super) fn insert(tx: &Transaction<'_>, it: &Noted) -> rusqlite::Result<()> {
    let Some(Kept { place, inputs, papers, documents }) = &it.kept else { return Ok(()) };
    let values = params![it.seal, place, inputs, papers];
    if tx.execute("INSERT INTO kept VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING", values)? == 0 {
        return Ok(());
    }
    let mut sql = tx.prepare("INSERT INTO documents VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?;
    for (at, (document, text)) in (1_i64..).zip(documents) {
        let Document { kind, number, account, currency, total, dated, corrects } = document;
        let (kind, total) = (kind.word(), total.to_text(2));
        sql.execute(params![it.seal, at, kind, number, account, currency, total, dated, corrects, text])?;
    }
    Ok(())
}

/// Marks a run, where that says something new of it: what stands sealed is not about to be.
pub(super) fn mark(tx: &Transaction<'_>, seal: &str, mark: Mark) -> rusqlite::Result<()> {
    let sql = "SELECT word FROM marks WHERE seal = ?1 ORDER BY mark DESC LIMIT 1";
    let last: Option<String> = tx.query_row(sql, [seal], |it| it.get(0)).optional()?;
    let says = |it: Mark| last.as_deref() == Some(it.word());
    if says(mark) || (mark == Mark::Recorded && says(Mark::Sealed)) {
        return Ok(());
    }
    tx.execute("INSERT INTO marks (seal, word) VALUES (?1, ?2)", [seal, mark.word()])?;
    Ok(())
}

/// Gives up what was recorded for the place of a run and never sealed.
pub(super) fn give_up(tx: &Transaction<'_>, it: &Noted) -> rusqlite::Result<()> {
    let Some(Kept { place, .. }) = &it.kept else { return Ok(()) };
    let sql = format!(
        "INSERT INTO marks (seal, word) SELECT runs.seal, 'never-sealed' FROM runs JOIN kept ON kept.seal = runs.seal
         WHERE place = ?1 AND runs.seal != ?2 AND {LAST_MARK} = 'recorded'"
    );
    tx.execute(&sql, [place, &it.seal])?;
    Ok(())
}
