//! The proposals on the papers: a table with a row a step, the same for `close.json`, and a short block of the overview.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::overview::{Block, told};
use super::table::{Cell, Column, Table, decimal_text, grouped, place_of};
use crate::domain::{Amount, Currency, TieOut, TieOutKey};
use crate::reconcile::{Answer, Candidate, Proposed, Reconciliation};

/// How many proposals the overview tells; the list holds all of them.
const TOLD_MAX: usize = 5;

/// The list, a row for each step; a tie-out without a set to propose has one row that says why.
pub(super) fn table(books: &Reconciliation) -> Table {
    let rows = books.proposals.iter().flat_map(rows).collect();
    Table { name: "proposals", title: "Proposals", columns: COLUMNS, rows }
}

const COLUMNS: &[Column] = &[
    Column::words("account", "Account", 16),
    Column::words("currency", "Currency", 10),
    Column::words("direction", "Direction", 10),
    Column::numbers("difference", "Difference", 15),
    Column::words("verdict", "Verdict", 20),
    Column::numbers("alternatives", "Alternatives", 13),
    Column::words("step", "Step", 8),
    Column::words("correction", "Correction", 24),
    Column::words("entry_id", "Entry", 20),
    Column::numbers("effect", "Effect", 12),
    Column::words("explanation", "Explanation", 42),
    Column::words("break_id", "Break", 21),
];

fn rows(it: &Proposed) -> Vec<Vec<Cell>> {
    let steps = &it.proposal.steps;
    if steps.is_empty() {
        let nothing = [Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty, Cell::text(it.statement()), Cell::Empty];
        return vec![head(it).into_iter().chain(nothing).collect()];
    }
    let row = |(number, step): (usize, &Candidate)| {
        let of_step = [
            place_of(number, steps.len()),
            Cell::code(step.correction.slug()),
            Cell::text(step.entry_ids.join("; ")),
            Cell::money(step.effect, it.key.currency),
            Cell::text(&step.explanation),
            Cell::maybe_code(step.break_id.as_deref()),
        ];
        head(it).into_iter().chain(of_step).collect()
    };
    (1..).zip(steps).map(row).collect()
}

fn head(it: &Proposed) -> [Cell; 6] {
    [
        Cell::code(&it.key.account),
        Cell::code(it.key.currency.code()),
        Cell::code(it.key.direction.word()),
        Cell::money(it.difference, it.key.currency),
        Cell::code(it.proposal.answer.word()),
        Cell::Count(it.proposal.alternatives),
    ]
}

/// A proposal in `close.json`.
#[derive(Serialize)]
pub(super) struct ProposalJson<'a> {
    account: &'a str,
    currency: Currency,
    direction: &'static str,
    difference: String,
    verdict: &'static str,
    alternatives: u64,
    alternatives_exact: bool,
    amount_patterns: u64,
    candidates: usize,
    sizes_ruled_out: usize,
    statement: String,
    steps: Vec<StepJson<'a>>,
}

#[derive(Serialize)]
struct StepJson<'a> {
    correction: &'static str,
    entry_ids: &'a [String],
    effect: String,
    explanation: &'a str,
    break_id: Option<&'a str>,
}

/// A proposal for `close.json`.
pub(super) fn as_json(it: &Proposed) -> ProposalJson<'_> {
    let proposal = &it.proposal;
    ProposalJson {
        account: &it.key.account,
        currency: it.key.currency,
        direction: it.key.direction.word(),
        difference: decimal_text(it.difference, it.key.currency.minor_digits()),
        verdict: proposal.answer.word(),
        alternatives: proposal.alternatives,
        alternatives_exact: proposal.alternatives < u64::MAX,
        amount_patterns: proposal.patterns,
        candidates: proposal.candidates,
        sizes_ruled_out: proposal.ruled_out,
        statement: it.statement(),
        steps: proposal.steps.iter().map(|step| step_json(step, it.key.currency)).collect(),
    }
}

fn step_json(step: &Candidate, currency: Currency) -> StepJson<'_> {
    StepJson {
        correction: step.correction.slug(),
        entry_ids: &step.entry_ids,
        effect: decimal_text(step.effect, currency.minor_digits()),
        explanation: &step.explanation,
        break_id: step.break_id.as_deref(),
    }
}

/// The block of the overview: of what does not tie out, the largest differences first. Nothing where all ties out.
pub(super) fn overview(books: &Reconciliation) -> Vec<Block> {
    let open = books.tie_outs.iter().filter(|tie_out| !tie_out.verdict().ties_out());
    let open: BTreeSet<&TieOutKey> = open.map(TieOut::key).collect();
    let mut shown: Vec<&Proposed> = books.proposals.iter().filter(|it| open.contains(&it.key)).collect();
    if shown.is_empty() {
        return Vec::new();
    }
    shown.sort_by_key(|it| std::cmp::Reverse(it.difference.abs()));
    let mut answers: BTreeMap<Answer, usize> = BTreeMap::new();
    for it in &shown {
        *answers.entry(it.proposal.answer).or_default() += 1;
    }
    let count = |(answer, count): (Answer, usize)| format!("{} {}", answer.word(), grouped(&count.to_string()));
    let answers: Vec<String> = answers.into_iter().map(count).collect();
    vec![
        Block::Heading(told("Proposed corrections", shown.len(), TOLD_MAX, "proposals.csv")),
        Block::Prose(format!(
            "The smallest set of corrections for each difference: {}. They are proposed; nothing is posted.",
            answers.join(", ")
        )),
        Block::Items(shown.into_iter().take(TOLD_MAX).map(item).collect()),
    ]
}

fn item(it: &Proposed) -> (String, String) {
    let TieOutKey { account, currency, direction } = &it.key;
    let amount = |amount: Amount| grouped(&decimal_text(amount, currency.minor_digits()));
    let (direction, answer) = (direction.word(), it.proposal.answer.word());
    let head = format!("{account}/{currency}/{direction}  {currency} {}: {answer}", amount(it.difference));
    let step = match it.proposal.steps.as_slice() {
        [] => String::new(),
        [step] => format!("; {}", step.explanation),
        [step, ..] => format!("; step 1 of {}: {}", it.proposal.steps.len(), step.explanation),
    };
    (head, format!("{}{step}", it.statement()))
}
