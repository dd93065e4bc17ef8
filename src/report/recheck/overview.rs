//! The overview of a recheck, in the order a finance person asks: is the month still what was sealed, what is not, what
//! does it do to the invoices, and what could not be looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::Recheck;
use super::tables::{note_status, side};
use crate::domain::{Amount, Break, Currency, Direction, Severity, Side};
use crate::invoice::{Note, NoteKind};
use crate::reconcile::HeldAccount;
use crate::reconcile::recheck::ControlLine;
use crate::report::notes::kind as note_kind;
use crate::report::overview::{Block, origin, told};
use crate::report::table::{Cell, Column, Table, decimal_text, grouped};
use crate::report::totals;

/// How many findings and notes are told in full; the lists hold all of them.
const TOLD_MAX: usize = 20;

/// The overview.
pub(super) fn overview(it: &Recheck<'_>) -> Vec<Block> {
    let provenance = it.provenance;
    let mut pairs = origin(provenance);
    pairs.push(("Sealed run", it.sealed.run.to_owned()));
    pairs.push(("Seal", it.sealed.seal.to_owned()));
    pairs.push(("Rests on", it.sealed.archive_digest.to_owned()));
    let title = format!("Recheck of {}, {}", provenance.period, provenance.partner_name);
    let mut blocks = vec![Block::Title(title), Block::Pairs(pairs)];
    blocks.extend(verdict(it));
    blocks.extend(findings(it));
    blocks.extend(control(&it.rechecked.control));
    blocks.extend(notes(it));
    blocks.extend(gaps(it));
    blocks
}

fn verdict(it: &Recheck<'_>) -> Vec<Block> {
    let (meaning, next) = match it.rechecked.verdict.0 {
        Severity::None | Severity::Notice | Severity::Timing => {
            let unchanged = "Every entry of the month is what it was when the month was sealed.";
            // Invoices of an earlier run of the month may differ from what this one was sealed with.
            let due =
                "send the notes proposed: invoices of earlier runs of the month are not what its charges come to.";
            (unchanged, if it.notes.is_empty() { "nothing is to be done." } else { due })
        }
        Severity::Break => (
            "The partner's books of the sealed month have changed. The sealed papers stand as they are.",
            "take the findings up with the platform, and send the notes proposed; the next close carries the findings.",
        ),
        Severity::Incomplete => (
            "Not everything that was sealed could be compared: what is listed below may not be all that has changed.",
            "look at the ledgers that were not compared, then recheck again.",
        ),
    };
    let both = |side: Side| it.rechecked.findings.iter().filter(|found| found.side == side).count();
    let found =
        format!("{} in the customers' ledgers, {} in the master ledger", both(Side::Customer), both(Side::Master));
    let of_notes: BTreeSet<(&str, Currency)> =
        it.notes.iter().map(|note| (note.account.as_str(), note.currency)).collect();
    let noted = |held: &&HeldAccount| !of_notes.contains(&(held.account.as_str(), held.currency));
    let without: BTreeSet<&str> =
        it.held_then.iter().filter(|held| !held.is_credit).filter(noted).map(|held| held.account.as_str()).collect();
    let without = without.len();
    let is_due = it.rechecked.verdict.ties_out() && it.notes.iter().any(|note| note.kind != NoteKind::Level);
    let due = if is_due { ", NOTES DUE" } else { "" };
    let pairs = vec![
        ("Findings", found),
        ("Notes", format!("{} proposed or waiting", it.notes.len())),
        ("Held then", format!("{without} customers held by the sealed run get no note")),
        ("Not whole", format!("{} ledgers could not be compared", it.rechecked.gaps.len())),
    ];
    vec![
        Block::Heading(format!("VERDICT: {}{due}", it.rechecked.word().to_uppercase())),
        Block::Prose(meaning.to_owned()),
        Block::Prose(format!("Next: {next}")),
        Block::Pairs(pairs),
    ]
}

const CLASSES: &[Column] = &[
    Column::words("class", "Class", 24),
    Column::words("side", "Side", 12),
    Column::numbers("findings", "Findings", 10),
    Column::words("currency", "Currency", 10),
    Column::numbers("gross", "Gross", 15),
    Column::numbers("net", "Net effect", 15),
];

fn findings(it: &Recheck<'_>) -> Vec<Block> {
    let all = &it.rechecked.findings;
    if all.is_empty() {
        return vec![Block::Heading("Findings: 0".to_owned()), Block::Prose("None were found.".to_owned())];
    }
    let mut rows = Vec::new();
    for one in [Side::Customer, Side::Master] {
        let breaks: Vec<Break> = all.iter().filter(|it| it.side == one).map(|it| it.found.clone()).collect();
        for (class, total) in totals::by_class(&breaks) {
            let mut head = vec![Cell::code(class.slug()), Cell::code(side(one)), Cell::Count(total.breaks)];
            if total.effects.is_empty() {
                rows.push([head.clone(), vec![Cell::Empty; 3]].concat());
            }
            for (currency, (gross, net)) in &total.effects {
                head.extend([
                    Cell::code(currency.code()),
                    Cell::money(*gross, *currency),
                    Cell::money(*net, *currency),
                ]);
                rows.push(std::mem::replace(&mut head, vec![Cell::Empty; 3]));
            }
        }
    }
    let item = |(finding, bearing): (&crate::reconcile::recheck::Finding, &str)| {
        let found = &finding.found;
        let account = found.account().unwrap_or_default();
        let head = format!("{}  {}  {account}, {}", found.id(), found.class(), side(finding.side));
        (head, format!("{}; {bearing}", found.explanation()))
    };
    vec![
        Block::Heading(told("Findings", all.len(), TOLD_MAX, "findings.csv")),
        Block::Grid(Table { name: "", title: "", columns: CLASSES, rows }),
        Block::Items(it.findings().take(TOLD_MAX).map(item).collect()),
    ]
}

const CONTROL: &[Column] = &[
    Column::words("what", "", 24),
    Column::numbers("sealed", "As sealed", 18),
    Column::numbers("findings", "Findings", 10),
    Column::numbers("gross", "Gross", 15),
    Column::numbers("effect", "Effect", 15),
    Column::numbers("now", "Now", 18),
    Column::numbers("residual", "Residual", 13),
];

/// The control over all accounts: as sealed, the effects, now.
fn control(lines: &[ControlLine]) -> Vec<Block> {
    let mut sums: BTreeMap<(Side, Currency, Direction), (u64, [Amount; 5])> = BTreeMap::new();
    for it in lines {
        let (findings, sum) = sums.entry((it.side, it.key.currency, it.key.direction)).or_default();
        *findings += it.findings;
        // A residual on one account is not to hide behind one of the other sign.
        let figures = [it.sealed, it.gross, it.effect, it.now, it.residual().abs()];
        sum.iter_mut().zip(figures).for_each(|(sum, figure)| *sum += figure);
    }
    let row = |((of, currency, direction), (findings, sum)): ((Side, Currency, Direction), (u64, [Amount; 5]))| {
        let [sealed, gross, effect, now, residual] = sum.map(|amount| Cell::money(amount, currency));
        let label = Cell::Text(format!("{} {currency} {}", side(of), direction.word()));
        vec![label, sealed, Cell::Count(findings), gross, effect, now, residual]
    };
    let rows: Vec<Vec<Cell>> = sums.into_iter().map(row).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    vec![
        Block::Heading("Control: as sealed, and the effects, is now".to_owned()),
        Block::Grid(Table { name: "", title: "", columns: CONTROL, rows }),
    ]
}

fn notes(it: &Recheck<'_>) -> Vec<Block> {
    if it.notes.is_empty() {
        return vec![
            Block::Heading("Notes: 0".to_owned()),
            Block::Prose("No invoice would be another now.".to_owned()),
        ];
    }
    let money = |amount: Amount, note: &Note| grouped(&decimal_text(amount, note.currency.minor_digits()));
    let item = |note: &Note| {
        let [amount, invoiced, due] = [note.amount().abs(), note.invoiced, note.due].map(|sum| money(sum, note));
        let head = format!("{}  {} {amount} {}  {}", note.id, note_kind(note.kind), note.currency, note.account);
        let on = note.invoice.as_ref().map_or_else(|| "no invoice".to_owned(), |(number, _)| number.clone());
        let status = note_status(note.status);
        let beyond = if note.beyond.is_zero() {
            String::new()
        } else {
            let more = money(note.beyond, note);
            format!(
                "; {more} of it is more than is left of that invoice, and goes on others of the customer or is held"
            )
        };
        let reason = if note.reason.is_empty() { String::new() } else { format!(" ({})", note.reason) };
        (head, format!("{status}{reason}: {on}, invoiced {invoiced}, due now {due} {}{beyond}", note.currency))
    };
    vec![
        Block::Heading(told("Notes", it.notes.len(), TOLD_MAX, "notes.csv")),
        Block::Items(it.notes.iter().take(TOLD_MAX).map(item).collect()),
    ]
}

fn gaps(it: &Recheck<'_>) -> Vec<Block> {
    if it.rechecked.gaps.is_empty() {
        return Vec::new();
    }
    let item = |gap: &crate::reconcile::recheck::Gap| {
        (format!("{}  {}, {} rows", gap.ledger, gap.kind.word(), gap.rows), gap.reason.clone())
    };
    vec![
        Block::Heading(told("Not compared", it.rechecked.gaps.len(), TOLD_MAX, "gaps.csv")),
        Block::Items(it.rechecked.gaps.iter().take(TOLD_MAX).map(item).collect()),
    ]
}
