//! Sealed runs as the register notes them: what each found, and what it says of breaks that were open before.

use rusqlite::{Transaction, TransactionBehavior, params};

use super::error::{failed_to, row};
use super::kept::{self, Kept, Mark};
use super::{Register, RegisterError};
use crate::domain::{Amount, Class, Currency, Period, Standing};

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
    /// What is to be kept of it for the runs after it; nothing of a recheck, nor where it is read back for its findings.
    pub kept: Option<Kept>,
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

impl Register {
    /// Notes a run that stands sealed in its folder, whole or not at all. One that is noted already changes nothing, but that
    /// what an earlier version did not keep is kept now, and that it stands sealed where that was not certain.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn note(&mut self, it: &Noted) -> Result<(), RegisterError> {
        self.enter(it, Mark::Sealed)
    }

    /// Records a run that is about to be sealed, with everything that it numbers and bills, before its folder gets its seal:
    /// so no kill loses a number that was given. What was recorded for the same place before and never sealed is given up.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn record(&mut self, it: &Noted) -> Result<(), RegisterError> {
        self.enter(it, Mark::Recorded)
    }

    fn enter(&mut self, it: &Noted, mark: Mark) -> Result<(), RegisterError> {
        let doing = failed_to(&self.path, "note a run");
        let tx = self.db.transaction_with_behavior(TransactionBehavior::Immediate).map_err(&doing)?;
        let written = (|| {
            if mark == Mark::Recorded {
                kept::give_up(&tx, it)?;
            }
            insert(&tx, it)?;
            kept::insert(&tx, it)?;
            kept::mark(&tx, &it.seal, mark)
        })();
        written.and_then(|()| tx.commit()).map_err(doing)
    }

    /// Every sealed run that is noted, by month, closes before rechecks, and place among them. Of runs of one name, because the
    /// folder was taken away and the month closed anew, the last that was noted.
    ///
    /// # Errors
    /// When the database refuses, or a row is not what it promises.
    pub fn noted(&self) -> Result<Vec<Noted>, RegisterError> {
        let doing = failed_to(&self.path, "read the runs");
        let sql = format!(
            "WITH stood AS (SELECT rowid AS place, * FROM runs WHERE {} IN ('sealed', 'forgotten'))
             SELECT seal, run, period, number, rechecks FROM stood AS own
             WHERE place = (SELECT max(place) FROM stood WHERE run = own.run)
             ORDER BY period, rechecks IS NOT NULL, number, seal",
            kept::LAST_MARK
        );
        let mut of_runs = self.db.prepare(&sql).map_err(&doing)?;
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
                kept: None,
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
}

/// Writes a run with what it found, where it is not there yet.
fn insert(tx: &Transaction<'_>, it: &Noted) -> rusqlite::Result<()> {
    let Noted { run, period, number, seal, of, sightings, outcomes, kept: _ } = it;
    let new = tx.execute(
        "INSERT INTO runs (seal, run, period, number, rechecks) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING",
        params![seal, run, period.to_string(), number, of],
    )?;
    if new == 0 {
        return Ok(());
    }
    let mut sql =
        tx.prepare("INSERT INTO sightings VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)")?;
    for it in sightings {
        let currency = it.currency.map(|it| it.code().to_owned());
        sql.execute(params![
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
            i64::try_from(it.age_days).unwrap_or(i64::MAX),
            it.first_run,
            it.explanation
        ])?;
    }
    let mut sql = tx.prepare("INSERT INTO outcomes VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?;
    for it in outcomes {
        let age = i64::try_from(it.age_days).unwrap_or(i64::MAX);
        sql.execute(params![seal, it.id, it.standing.word(), it.asked, it.by, it.why, age])?;
    }
    Ok(())
}
