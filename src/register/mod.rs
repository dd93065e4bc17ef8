//! The register of breaks: what the sealed runs of one partner found, and what people decided about it.
//!
//! Owns one SQLite file a partner, beside the archive, append-only by its own triggers. Sightings come from sealed runs and
//! can be made anew from them; decisions are nowhere else, and none is ever changed or taken out: a later one stands beside
//! an earlier one. Never reads the clock, never writes a run folder, never asks the network.

mod error;
mod file;
mod listing;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rusqlite::{Connection, Row, params};

pub use error::RegisterError;
pub use listing::Listed;

use crate::domain::{Action, Amount, Class, Currency, Decision, Period, Severity, Standing};
use error::{failed_to, row};

/// Characters of a note or a name, at most.
const TEXT_MAX: usize = 1000;

/// A sealed run, as the register notes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The run.
    pub run: String,
    /// Its month.
    pub period: Period,
    /// Its place among the runs of its month, from 1.
    pub number: u32,
    /// Its seal.
    pub seal: String,
    /// The seal of the run that it rechecks; nothing for a close.
    pub of: Option<String>,
    /// What it found, notices aside.
    pub sightings: Vec<Sighting>,
    /// What it says of breaks that earlier runs left open.
    pub outcomes: Vec<Outcome>,
}

/// A break in a sealed run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// The break.
    pub id: String,
    /// Its class.
    pub class: Class,
    /// The account it is reported under.
    pub account: Option<String>,
    /// The currency concerned.
    pub currency: Option<Currency>,
    /// Σ of its effects in its currency.
    pub effect: Amount,
    /// Σ |effect| in its currency.
    pub gross: Amount,
    /// The entries concerned, as the papers list them.
    pub entries: String,
    /// Where it stood.
    pub standing: Standing,
    /// The day of its youngest entry.
    pub dated: String,
    /// Days from there to the run's cut-off.
    pub age_days: u64,
    /// The first run that reported it.
    pub first_run: String,
    /// Its sentence.
    pub explanation: String,
}

/// What a sealed run says of a break that an earlier one left open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The break.
    pub id: String,
    /// Where it stands.
    pub standing: Standing,
    /// Whether the run's evidence was able to tell.
    pub asked: bool,
    /// The break that clears it or takes its place.
    pub by: Option<String>,
    /// Why.
    pub why: String,
    /// Days from its youngest entry to the run's cut-off.
    pub age_days: u64,
}

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

    /// Whether a sealed run is noted already.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn knows(&self, seal: &str) -> Result<bool, RegisterError> {
        let count = self.db.query_row("SELECT count(*) FROM runs WHERE seal = ?1", [seal], |row| row.get::<_, i64>(0));
        Ok(count.map_err(failed_to(&self.path, "look for a run"))? > 0)
    }

    /// Notes a sealed run, whole or not at all; one that is noted already changes nothing.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn note(&mut self, it: &Noted) -> Result<(), RegisterError> {
        if self.knows(&it.seal)? {
            return Ok(());
        }
        let doing = failed_to(&self.path, "note a run");
        let tx = self.db.transaction().map_err(&doing)?;
        let Noted { run, period, number, seal, of, sightings, outcomes } = it;
        let written = tx.execute(
            "INSERT INTO runs VALUES (?1, ?2, ?3, ?4, ?5)",
            params![seal, run, period.to_string(), number, of],
        );
        written.map_err(&doing)?;
        for it in sightings {
            let (currency, age) =
                (it.currency.map(|it| it.code().to_owned()), i64::try_from(it.age_days).unwrap_or(i64::MAX));
            let values = params![
                seal,
                it.id,
                it.class.slug(),
                it.account,
                currency,
                it.effect.to_text(2),
                it.gross.to_text(2),
                it.entries,
                it.standing.word(),
                it.dated,
                age,
                it.first_run,
                it.explanation
            ];
            let sql = "INSERT INTO sightings VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)";
            tx.execute(sql, values).map_err(&doing)?;
        }
        for it in outcomes {
            let age = i64::try_from(it.age_days).unwrap_or(i64::MAX);
            let values = params![seal, it.id, it.standing.word(), it.asked, it.by, it.why, age];
            tx.execute("INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", values).map_err(&doing)?;
        }
        tx.commit().map_err(doing)
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

    /// Every sealed run that is noted, by month, closes before rechecks, and place among them. Of runs of one name, because the
    /// folder was taken away and the month closed anew, the last that was noted.
    ///
    /// # Errors
    /// When the database refuses, or a row is not what it promises.
    pub fn noted(&self) -> Result<Vec<Noted>, RegisterError> {
        let doing = failed_to(&self.path, "read the runs");
        let sql = "SELECT seal, run, period, number, rechecks FROM runs AS own
                   WHERE rowid = (SELECT max(rowid) FROM runs WHERE run = own.run)
                   ORDER BY period, rechecks IS NOT NULL, number, seal";
        let mut of_runs = self.db.prepare(sql).map_err(&doing)?;
        let runs = of_runs.query_map([], |it| {
            let (seal, run, period) = (it.get(0)?, it.get(1)?, it.get::<_, String>(2)?);
            let (number, of) = (it.get(3)?, it.get(4)?);
            Ok(row("runs", &period).map(|period| Noted {
                run,
                period,
                number,
                seal,
                of,
                sightings: Vec::new(),
                outcomes: Vec::new(),
            }))
        });
        let runs = runs.and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>).map_err(&doing)?;
        let noted = runs.into_iter().map(|noted| {
            let mut noted: Noted = noted?;
            (noted.sightings, noted.outcomes) = (self.sightings(&noted.seal)?, self.outcomes(&noted.seal)?);
            Ok(noted)
        });
        noted.collect()
    }

    fn sightings(&self, seal: &str) -> Result<Vec<Sighting>, RegisterError> {
        self.rows("SELECT * FROM sightings WHERE seal = ?1 ORDER BY break_id", seal, |it| {
            let text = |at: usize| it.get::<_, String>(at);
            let [class, effect, gross, standing] = [text(2)?, text(5)?, text(6)?, text(8)?];
            let (currency, age_days) = (it.get::<_, Option<String>>(4)?, it.get::<_, i64>(10)?);
            let (id, account, entries) = (text(1)?, it.get(3)?, text(7)?);
            let [dated, first_run, explanation] = [text(9)?, text(11)?, text(12)?];
            Ok((|| {
                Ok(Sighting {
                    id,
                    class: row("sightings", &class)?,
                    account,
                    currency: currency.map(|code| row("sightings", &code)).transpose()?,
                    effect: row("sightings", &effect)?,
                    gross: row("sightings", &gross)?,
                    entries,
                    standing: row("sightings", &standing)?,
                    dated,
                    age_days: u64::try_from(age_days).unwrap_or(0),
                    first_run,
                    explanation,
                })
            })())
        })
    }

    fn outcomes(&self, seal: &str) -> Result<Vec<Outcome>, RegisterError> {
        self.rows("SELECT * FROM outcomes WHERE seal = ?1 ORDER BY break_id", seal, |it| {
            let (id, standing, asked) = (it.get(1)?, it.get::<_, String>(2)?, it.get(3)?);
            let (by, why, age_days) = (it.get(4)?, it.get(5)?, it.get::<_, i64>(6)?);
            let age_days = u64::try_from(age_days).unwrap_or(0);
            Ok(row("outcomes", &standing).map(|standing| Outcome { id, standing, asked, by, why, age_days }))
        })
    }

    /// Writes a decision down. An acceptance must name the break's effect to the last digit, so that what changes comes back
    /// as new; and what is not whole can be accepted by nobody.
    ///
    /// # Errors
    /// When no sealed run reported the break, the amount is another, the break is a gap in the evidence, a text is blank or
    /// too long, or the database refuses.
    pub fn decide(&mut self, it: &Decision) -> Result<Listed, RegisterError> {
        for (what, text) in [("note", Some(&it.note)), ("name", Some(&it.by)), ("name", it.to.as_ref())] {
            if let Some(seen) = text.filter(|text| text.trim().is_empty() || text.chars().count() > TEXT_MAX) {
                return Err(RegisterError::Text { what, characters: seen.trim().chars().count(), max: TEXT_MAX });
            }
            if text.is_some_and(|text| text.chars().any(char::is_control)) {
                return Err(RegisterError::Control { what });
            }
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
