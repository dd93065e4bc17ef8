//! From month to month, as the papers tell it: where each break stands, how old it is, what was decided about it, and what
//! became of everything that was handed on. Prints what `reconcile` found; counts and sums, never judges.

use std::collections::BTreeMap;

use serde::Serialize;

use super::overview::{Block, count_of};
use super::table::{Cell, Column, Table, decimal_text, grouped};
use crate::domain::{Age, Aged, Amount, Break, Class, Currency, Decision, Severity, Standing};
use crate::reconcile::{CarriedBreak, History, Reconciliation};

/// The columns that each break has beside its own.
pub(super) const HISTORY: [Column; 9] = [
    Column::words("standing", "Standing", 11),
    Column::words("dated", "Dated", 12),
    Column::numbers("age_days", "Age in days", 10),
    Column::words("age", "Age", 9),
    Column::words("first_run", "First run", 12),
    Column::words("decision", "Decision", 11),
    Column::words("note", "Note", 30),
    Column::words("decided_by", "Decided by", 16),
    Column::words("until", "Until", 12),
];

/// What stands in them; nothing where a break has no history.
pub(super) fn history(it: Option<&History>, run: &str) -> Vec<Cell> {
    let Some(it) = it else { return vec![Cell::Empty; HISTORY.len()] };
    let first_run = it.first_run.as_deref().unwrap_or(run);
    let standing = Cell::maybe_code(it.standing.map(Standing::word));
    [vec![standing], aged(&it.aged), vec![Cell::code(first_run)], decision(it.decision.as_ref())].concat()
}

fn aged(it: &Aged) -> Vec<Cell> {
    vec![Cell::code(it.day.to_string()), Cell::Count(it.days), Cell::code(it.age().word())]
}

fn decision(it: Option<&Decision>) -> Vec<Cell> {
    let Some(it) = it else { return vec![Cell::Empty; 4] };
    vec![
        Cell::code(it.action.word()),
        Cell::text(&it.note),
        Cell::text(&it.by),
        Cell::maybe_code(it.until.map(|until| until.to_string())),
    ]
}

const CARRIED: &[Column] = &[
    Column::words("break_id", "Break", 21),
    Column::words("class", "Class", 21),
    Column::words("severity", "Severity", 11),
    Column::words("account", "Account", 14),
    Column::key("currency", "Currency", 10),
    Column::words("entry_id", "Entry", 20),
    Column::words("reference", "Reference", 18),
    Column::sum("effect", "Effect", 12),
    Column::sum("gross", "Gross", 12),
    Column::words("standing", "Standing", 11),
    Column::words("asked_again", "Asked again", 10),
    Column::words("by", "By", 21),
    Column::words("why", "Why", 42),
    Column::words("dated", "Dated", 12),
    Column::numbers("age_days", "Age in days", 10),
    Column::words("age", "Age", 9),
    Column::words("first_run", "First run", 12),
    Column::words("explanation", "Explanation", 42),
    Column::words("decision", "Decision", 11),
    Column::words("note", "Note", 30),
    Column::words("decided_by", "Decided by", 16),
    Column::words("until", "Until", 12),
];

/// Everything that was handed on, and what became of it.
pub(super) fn table(books: &Reconciliation) -> Table {
    let rows = books.carried.iter().map(carried).collect();
    Table { name: "carried", title: "Carried", columns: CARRIED, rows }
}

fn carried(it: &CarriedBreak) -> Vec<Cell> {
    let open = &it.open;
    let money = |amount| Cell::Amount(amount, decimals(open.currency));
    let own = vec![
        Cell::code(&open.id),
        Cell::code(open.class.slug()),
        Cell::code(open.class.severity().word()),
        Cell::maybe_code(open.account.as_deref()),
        Cell::maybe_code(open.currency.map(|currency| currency.code().to_owned())),
        Cell::text(open.entry_ids.join("; ")),
        open.reference.as_deref().map_or(Cell::Empty, Cell::text),
        money(open.effect),
        money(open.gross),
        Cell::code(it.standing.word()),
        Cell::code(if it.asked { "yes" } else { "no" }),
        Cell::maybe_code(it.by.as_deref()),
        Cell::text(&it.why),
    ];
    let first = vec![Cell::code(&open.first_run), Cell::text(&open.explanation)];
    [own, aged(&it.aged), first, decision(it.decision.as_ref())].concat()
}

/// Decimals of money in a currency, where one is concerned.
fn decimals(currency: Option<Currency>) -> u32 {
    currency.map_or(2, |currency| currency.minor_digits())
}

/// The standings by age; the columns of the ages are named as a command names them.
const STANDINGS: &[Column] = &[
    Column::words("standing", "Standing", 24),
    Column::numbers("findings", "Findings", 10),
    Column::numbers(Age::Fresh.slug(), "0 to 1 days", 11),
    Column::numbers(Age::Week.slug(), "2 to 7", 8),
    Column::numbers(Age::Month.slug(), "8 to 30", 8),
    Column::numbers(Age::Older.slug(), "Over 30", 9),
    Column::words("currency", "Currency", 10),
    Column::numbers("gross", "Gross", 15),
    Column::numbers("net", "Net effect", 15),
];

/// The findings of one standing: how many of each age, and what they come to by currency.
#[derive(Default)]
struct Tally {
    ages: [u64; 4],
    effects: BTreeMap<Currency, (Amount, Amount)>,
}

impl Tally {
    fn count(&mut self, age: Age) {
        for (at, of) in self.ages.iter_mut().zip(Age::ALL) {
            *at += u64::from(of == age);
        }
    }

    fn add(&mut self, currency: Currency, gross: Amount, net: Amount) {
        let sums = self.effects.entry(currency).or_default();
        *sums = (sums.0 + gross, sums.1 + net);
    }
}

/// Each matter once, and each standing in one list: what is new among this run's findings above a notice, everything else
/// as the list of what was handed on has it.
fn tallies(books: &Reconciliation) -> BTreeMap<Standing, Tally> {
    let mut tallies: BTreeMap<Standing, Tally> = BTreeMap::new();
    for found in &books.breaks {
        let new = |it: &&History| it.standing == Some(Standing::New);
        let Some(it) = books.histories.get(found.id()).filter(new) else { continue };
        let tally = tallies.entry(Standing::New).or_default();
        tally.count(it.aged.age());
        found.legs().iter().for_each(|leg| tally.add(leg.key.currency, leg.effect.abs(), leg.effect));
        if let (Some(currency), Some(effect)) = (found.currency(), found.on_wallet()) {
            tally.add(currency, effect.abs(), effect);
        }
    }
    for it in &books.carried {
        let tally = tallies.entry(it.standing).or_default();
        tally.count(it.aged.age());
        if let Some(currency) = it.open.currency {
            tally.add(currency, it.open.gross, it.open.effect);
        }
    }
    tallies
}

/// The block of the overview: how many findings are new, persist and are resolved, and how old they are.
pub(super) fn overview(books: &Reconciliation) -> Vec<Block> {
    let tallies = tallies(books);
    let (accepted, decided) = (accepted(books), books.histories.values().filter(|it| it.decision.is_some()).count());
    if tallies.is_empty() && accepted.is_empty() {
        return Vec::new();
    }
    let mut rows = Vec::new();
    for (standing, tally) in &tallies {
        let mut head = vec![Cell::code(standing.word()), Cell::Count(tally.ages.iter().sum())];
        head.extend(tally.ages.map(Cell::Count));
        let blank = vec![Cell::Empty; head.len()];
        if tally.effects.is_empty() {
            rows.push([head.clone(), vec![Cell::Empty; 3]].concat());
        }
        for (currency, (gross, net)) in &tally.effects {
            head.extend([Cell::code(currency.code()), Cell::money(*gross, *currency), Cell::money(*net, *currency)]);
            // The counts stand once, however many currencies the findings bear on.
            rows.push(std::mem::replace(&mut head, blank.clone()));
        }
    }
    let mut blocks = vec![Block::Heading("From month to month".to_owned())];
    if !rows.is_empty() {
        blocks.push(Block::Grid(Table { name: "", title: "", columns: STANDINGS, rows }));
    }
    let mut pairs = Vec::new();
    if !books.carried.is_empty() {
        let unasked = books.carried.iter().filter(|it| !it.asked).count();
        let told = |count: usize, what: &str| format!("{} {what}", grouped(&count.to_string()));
        pairs.push(("Handed on", told(books.carried.len(), "by the runs before; carried.csv has all")));
        pairs.push(("Not asked", told(unasked, "of them could not be asked again")));
    }
    let findings = |count: usize| count_of(count, "finding");
    if !accepted.is_empty() {
        let told = "in their tie-outs with their whole effect, and weighing no more than a notice";
        pairs.push(("Accepted", format!("{}: {told}", findings(accepted.len()))));
    }
    if decided > 0 {
        pairs.push(("Decided", format!("{} with a decision", findings(decided))));
    }
    if !pairs.is_empty() {
        blocks.push(Block::Pairs(pairs));
    }
    if decided > 0 {
        blocks.push(Block::Items(books.breaks.iter().filter_map(|found| decided_item(books, found)).collect()));
    }
    blocks
}

fn accepted(books: &Reconciliation) -> Vec<&Break> {
    books.breaks.iter().filter(|found| found.accepted()).collect()
}

fn decided_item(books: &Reconciliation, found: &Break) -> Option<(String, String)> {
    let it = books.histories.get(found.id())?.decision.as_ref()?;
    let money = |currency: Currency| format!(", {currency} {}", decimal_text(found.effect(), currency.minor_digits()));
    let amount = found.currency().map(money).unwrap_or_default();
    let to = it.to.as_deref().map(|to| format!(" to {to}")).unwrap_or_default();
    let until = it.until.map(|until| format!(", until {until}")).unwrap_or_default();
    let head = format!("{}  {}{amount}: {}{to} by {}{until}", found.id(), found.class(), it.action.word(), it.by);
    Some((head, it.note.clone()))
}

/// What the verdict would be without acceptances, where that is another one: a sentence for the overview.
pub(super) fn without_acceptances(books: &Reconciliation) -> Option<String> {
    let worst = books.breaks.iter().map(|found| found.class().severity()).max().unwrap_or(Severity::None);
    let count = accepted(books).len();
    (worst > books.verdict.0 && count > 0).then(|| {
        format!(
            "The ledgers differ by {count} accepted finding{}: the sums are as they are, the verdict would be `{}` without \
             the acceptance.",
            if count == 1 { "" } else { "s" },
            crate::domain::Verdict(worst)
        )
    })
}

/// Where a break stands, in `close.json`.
#[derive(Serialize)]
pub(super) struct HistoryJson<'a> {
    standing: Option<&'static str>,
    dated: String,
    age_days: u64,
    age: &'static str,
    first_run: &'a str,
    accepted: bool,
    decision: Option<&'a Decision>,
    open: bool,
}

/// The same of one break; nothing where it has no history.
pub(super) fn history_json<'a>(books: &'a Reconciliation, found: &Break, run: &'a str) -> Option<HistoryJson<'a>> {
    let it = books.histories.get(found.id())?;
    Some(HistoryJson {
        standing: it.standing.map(Standing::word),
        dated: crate::domain::Calendar::instant(it.aged.dated),
        age_days: it.aged.days,
        age: it.aged.age().word(),
        first_run: it.first_run.as_deref().unwrap_or(run),
        accepted: found.accepted(),
        decision: it.decision.as_ref(),
        open: it.open,
    })
}

/// What became of a carried break, in `close.json`.
#[derive(Serialize)]
pub(super) struct CarriedJson<'a> {
    break_id: &'a str,
    class: Class,
    account: Option<&'a str>,
    currency: Option<Currency>,
    effect: String,
    standing: &'static str,
    asked_again: bool,
    by: Option<&'a str>,
    why: &'a str,
    age_days: u64,
    age: &'static str,
    first_run: &'a str,
}

/// The same of one.
pub(super) fn carried_json(it: &CarriedBreak) -> CarriedJson<'_> {
    CarriedJson {
        break_id: &it.open.id,
        class: it.open.class,
        account: it.open.account.as_deref(),
        currency: it.open.currency,
        effect: decimal_text(it.open.effect, decimals(it.open.currency)),
        standing: it.standing.word(),
        asked_again: it.asked,
        by: it.by.as_deref(),
        why: &it.why,
        age_days: it.aged.days,
        age: it.aged.age().word(),
        first_run: &it.open.first_run,
    }
}
