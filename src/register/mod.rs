//! The register: which runs of one partner are sealed, what each numbered and billed, what it found, and what people decided.
//!
//! Owns one SQLite file a partner, beside the archive, append-only by its own triggers. What money hangs on, seals, numbers and
//! bills, is written in the same act as the seal, and stays where a run's folder goes. Sightings come from sealed runs and
//! can be made anew from them; decisions are nowhere else, and none is ever changed or taken out: a later one stands beside
//! an earlier one. Never reads the clock, never writes a run folder, never asks the network.

mod error;
mod file;
mod kept;
mod listing;
mod noted;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rusqlite::{Connection, Row, params};

pub use error::RegisterError;
pub use kept::{Document, DocumentKind, Forgotten, Kept, Known, Mark};
pub use listing::Listed;
pub use noted::{Noted, Outcome, Sighting};

use crate::domain::{Action, Decision, Severity};
use error::{failed_to, row};

/// Characters of a note or a name, at most.
const TEXT_MAX: usize = 1000;

/// An open register.
#[derive(Debug)]
pub struct Register {
    path: PathBuf,
    partner: String,
    db: Connection,
}

impl Register {
    /// Opens a partner's register and makes it where there is none.
    ///
    /// # Errors
    /// When the file is no register, another partner's, of a newer schema, in use, or the disk refuses.
    pub fn open(path: &Path, partner: &str) -> Result<Self, RegisterError> {
        let register = Self::over(path, file::make(path, partner)?)?;
        if register.partner == partner {
            return Ok(register);
        }
        let (path, expected) = (path.to_owned(), partner.to_owned());
        Err(RegisterError::OtherPartner { path, seen: register.partner, expected })
    }

    /// Opens a register that is there, whoever's it is.
    ///
    /// # Errors
    /// When there is none, it is no register or of a newer schema, or the disk refuses.
    pub fn open_existing(path: &Path) -> Result<Self, RegisterError> {
        Self::over(path, file::find(path)?)
    }

    fn over(path: &Path, db: Connection) -> Result<Self, RegisterError> {
        let partner = db.query_row("SELECT auth_id FROM partner", [], |row| row.get(0));
        Ok(Self { path: path.to_owned(), partner: partner.map_err(failed_to(path, "read the partner"))?, db })
    }

    /// The partner whose register it is.
    #[must_use]
    pub fn partner(&self) -> &str {
        &self.partner
    }

    /// Takes decisions back that sealed runs carry and this file does not hold; tells how many they were.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn take_back(&mut self, sealed: &[Decision]) -> Result<usize, RegisterError> {
        let known = self.decisions(None)?;
        let mut of_break: BTreeMap<&str, Vec<&Decision>> = BTreeMap::new();
        for it in &known {
            of_break.entry(&it.break_id).or_default().push(it);
        }
        let is_known = |it: &Decision| of_break.get(it.break_id.as_str()).is_some_and(|all| all.contains(&it));
        let lost: Vec<&Decision> = sealed.iter().filter(|it| !is_known(it)).collect();
        lost.iter().try_for_each(|it| self.write(it))?;
        Ok(lost.len())
    }

    /// Writes a decision down. An acceptance must name the break's effect to the last digit, so that what changes comes back
    /// as new; and what is not whole can be accepted by nobody.
    ///
    /// # Errors
    /// When no sealed run reported the break, the amount is another, the break is a gap in the evidence, a text is blank or
    /// too long, or the database refuses.
    pub fn decide(&mut self, it: &Decision) -> Result<Listed, RegisterError> {
        for (what, text) in [("note", Some(&it.note)), ("name", Some(&it.by)), ("name", it.to.as_ref())] {
            text.map_or(Ok(()), |text| refuse_unfit(what, text))?;
        }
        let known = self.find(&it.break_id)?;
        let sighting = &known.sighting;
        if it.action == Action::Accept {
            if sighting.class.severity() == Severity::Incomplete {
                return Err(RegisterError::NotWhole { id: it.break_id.clone(), class: sighting.class });
            }
            if let Some(named) = it.amount.filter(|named| *named != sighting.effect) {
                let (id, effect) = (it.break_id.clone(), sighting.effect);
                return Err(RegisterError::OtherAmount { id, named, effect, currency: sighting.currency });
            }
        }
        self.write(it)?;
        self.find(&it.break_id)
    }

    fn write(&self, it: &Decision) -> Result<(), RegisterError> {
        let (action, amount) = (it.action.word(), it.amount.map(|amount| amount.to_text(2)));
        let until = it.until.map(|until| until.to_string());
        let sql = "INSERT INTO decisions (break_id, action, amount, assignee, note, decided_by, until, at)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let values = params![it.break_id, action, amount, it.to, it.note, it.by, until, it.at];
        self.db.execute(sql, values).map_err(failed_to(&self.path, "write the decision"))?;
        Ok(())
    }

    /// Every decision on a break, or on all of them, in the order in which they were made.
    ///
    /// # Errors
    /// When the database refuses, or a row is not what it promises.
    pub fn decisions(&self, id: Option<&str>) -> Result<Vec<Decision>, RegisterError> {
        let sql = "SELECT break_id, action, amount, assignee, note, decided_by, until, at FROM decisions
                   WHERE ?1 = '' OR break_id = ?1 ORDER BY decision";
        self.rows(sql, id.unwrap_or_default(), |it: &Row<'_>| {
            let (break_id, action, amount) = (it.get(0)?, it.get::<_, String>(1)?, it.get::<_, Option<String>>(2)?);
            let (to, note, by, until, at) =
                (it.get(3)?, it.get(4)?, it.get(5)?, it.get::<_, Option<String>>(6)?, it.get(7)?);
            Ok((|| {
                let known = Action::ALL.into_iter().find(|known| known.word() == action);
                Ok(Decision {
                    break_id,
                    action: known.ok_or(RegisterError::Row { table: "decisions", seen: action })?,
                    amount: amount.map(|text| row("decisions", &text)).transpose()?,
                    to,
                    note,
                    by,
                    until: until.map(|text| row("decisions", &text)).transpose()?,
                    at,
                })
            })())
        })
    }

    /// The decisions in force on a day, in the order in which they were made: of each action on each break the last one,
    /// where that has not expired. So an acceptance is taken back by another that has.
    ///
    /// # Errors
    /// As `decisions`.
    pub fn in_force(&self, today: NaiveDate) -> Result<Vec<Decision>, RegisterError> {
        Ok(listing::in_force(self.decisions(None)?, today))
    }

    fn rows<T>(
        &self,
        sql: &str,
        of: &str,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<Result<T, RegisterError>>,
    ) -> Result<Vec<T>, RegisterError> {
        let doing = failed_to(&self.path, "read");
        let mut statement = self.db.prepare(sql).map_err(&doing)?;
        let rows = statement.query_map([of], |it| read(it)).map_err(&doing)?;
        rows.map(|it| it.map_err(&doing)?).collect()
    }
}

/// Refuses a text of a person's that says nothing, too much, or more than one line.
fn refuse_unfit(what: &'static str, text: &str) -> Result<(), RegisterError> {
    if text.trim().is_empty() || text.chars().count() > TEXT_MAX {
        return Err(RegisterError::Text { what, characters: text.trim().chars().count(), max: TEXT_MAX });
    }
    if text.chars().any(char::is_control) {
        return Err(RegisterError::Control { what });
    }
    Ok(())
}
