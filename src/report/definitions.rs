//! What the words on the papers mean: every class of findings, every verdict, every word that a column is made of, and the
//! columns whose title does not say it all. A list of its own in the workbook; the same for every close.

use super::table::{Cell, Column, Table};
use crate::domain::{Class, Severity};

const COLUMNS: &[Column] = &[
    Column::words("kind", "Kind", 12),
    Column::words("place", "Where", 24),
    Column::words("word", "Word", 24),
    Column::words("severity", "Severity", 12),
    Column::words("meaning", "Meaning", 100),
];

/// The definitions, as the lists of a close use them: a column's by the titles that the lists print.
pub(super) fn table(tables: &[Table]) -> Table {
    let row = |kind: &str, place: &str, word: &str, severity: Option<Severity>, meaning: &str| {
        let severity = Cell::maybe_code(severity.map(Severity::word));
        vec![Cell::code(kind), Cell::code(place), Cell::code(word), severity, Cell::text(meaning)]
    };
    let classes = Class::ALL.iter().map(|class| {
        let family = format!("{:?}", class.family()).to_lowercase().replace("cutoff", "cut-off");
        row("class", &family, class.slug(), Some(class.severity()), class.meaning())
    });
    let words = WORDS.iter().map(|(place, word, meaning)| row("word", place, word, None, meaning));
    let columns = FIELDS.iter().filter_map(|(list, name, meaning)| {
        let table = tables.iter().find(|table| table.name == *list && !table.title.is_empty())?;
        Some(row("column", table.title, table.columns[table.column(name)?].title, None, meaning))
    });
    let severities = SEVERITIES.iter().map(|(it, meaning)| row("severity", "", it.word(), Some(*it), meaning));
    let rows = severities.chain(classes).chain(words).chain(columns).collect();
    Table { name: "definitions", title: "Definitions", columns: COLUMNS, rows }
}

/// What the sheet of a list holds.
pub(super) fn holds(list: &str) -> &'static str {
    match list {
        "tie_outs" => "The two books side by side, by account, currency and direction, and what lies between them",
        "bridge" => "The way from the master's figure to the customer's, step by step",
        "breaks" => "Every finding, with its effect on each tie-out it bears on",
        "carried" => "What earlier months left open, and what became of it",
        "proposals" => {
            "The smallest set of corrections that would explain each difference; nothing is corrected by itself"
        }
        "accounts" => "What each account did in the period",
        "wallets" => "Opening, credits and debits against the closing balance, for each wallet",
        "invoices" => "The invoices",
        "invoice_lines" => "What each invoice is made of",
        "notes" => "Credit and debit notes, each with the invoice that it corrects",
        "note_lines" => "What each note is made of",
        "recharges" => "What each wallet was funded with in the month and since, against what is billed",
        "held" => "Who has something to bill or to be given back, and why not yet",
        "walk" => "How each list was read, and what proves that it was read whole",
        "definitions" => "What the words mean",
        "figures" => "What the charts of this sheet show",
        _ => "",
    }
}

const SEVERITIES: [(Severity, &str); 4] = [
    (
        Severity::Incomplete,
        "The evidence is not whole: totals prove less than they should. The account is not invoiced.",
    ),
    (Severity::Break, "The books differ. The account is not invoiced until it is cleared or accepted."),
    (Severity::Timing, "Explained by the calendar: the other half stands in a neighbouring month."),
    (Severity::Notice, "Worth a look; changes no figure and holds nobody."),
];

/// Where a word stands, the word, what it means.
const WORDS: &[(&str, &str, &str)] = &[
    ("Verdict", "tied-out", "The two books agree to the last unit."),
    ("Verdict", "tied-out-with-timing", "They differ only by entries on different sides of the month's end."),
    ("Verdict", "breaks", "They differ, and named findings explain every unit of it."),
    ("Verdict", "incomplete", "The evidence is not whole, or something stays unexplained."),
    (
        "Proof of cash, verdict",
        "proved",
        "Opening and movements lead to the closing balance, and the opening is known.",
    ),
    (
        "Proof of cash, verdict",
        "implied",
        "The opening was worked back from the closing balance, which proves nothing.",
    ),
    (
        "Proof of cash, verdict",
        "differs",
        "Opening and movements do not lead to the closing balance, or the opening is another.",
    ),
    ("Proof of cash, verdict", "not-evidenced", "The wallet could not be proved; the reason stands beside it."),
    ("Proof of cash, from", "sealed", "The closing balance that the month before was sealed with."),
    ("Proof of cash, from", "rechecked", "The same, with what a recheck found to have changed since."),
    ("Proof of cash, from", "inception", "The sum of every entry since the first."),
    ("Walk, verdict", "proved", "The list was read whole: rows, totals and sums agree with its own."),
    ("Walk, verdict", "not-proved", "What was read does not agree with the list's own totals."),
    ("Walk, verdict", "missing", "The list could not be read."),
    ("Walk, reading", "settled", "The list's own sums count settled entries only."),
    ("Walk, reading", "all", "The list's own sums count every entry."),
    ("Walk, reading", "both", "Both readings agree."),
    ("Walk, reading", "none", "The list carries no sums, or neither reading agrees."),
    ("Walk, how", "walked", "Read from the first page to the last for this close."),
    ("Walk, how", "unmoved", "Taken over from an earlier fetch, because its totals had not moved."),
    ("Walk, how", "extended", "Taken over in part, and read where it had moved."),
    ("Direction", "credit", "Into the wallet."),
    ("Direction", "debit", "Out of the wallet."),
    ("Direction", "unclassified", "Of a direction that is not known: counted and valued, never dropped."),
    ("Standing", "new", "No earlier run left it open."),
    ("Standing", "persisting", "An earlier run left it open, and nothing shows it gone."),
    ("Standing", "resolved", "An earlier run left it open, and the evidence shows it gone."),
    ("Standing", "replaced", "An earlier run left it open, and the same entries are another finding now."),
    ("Decision", "accepted", "Accepted at its exact amount: it keeps its effect and weighs no more than a notice."),
    ("Decision", "explained", "Explained by somebody; no verdict changes."),
    ("Decision", "assigned", "Given to somebody to be cleared up; no verdict changes."),
    ("Proposals, verdict", "unique", "One smallest set of corrections explains the difference."),
    ("Proposals, verdict", "alternatives", "Several sets of the same size do."),
    ("Proposals, verdict", "none", "No set adds up to the difference."),
    ("Proposals, verdict", "search-bound-reached", "The search ended before it was decided."),
    ("Recharges, verdict", "covered", "Transfers and top-ups are at least what is billed, or nothing is billed."),
    ("Recharges, verdict", "uncovered", "They are less: the shortfall is still to be paid or transferred."),
    (
        "Recharges, verdict",
        "negative",
        "The prepaid wallet went below zero in the period, or is there now; the shortfall tells whether it is covered.",
    ),
    (
        "Recharges, verdict",
        "not-evidenced",
        "The ledger, or what came since, is not whole; the reason stands beside it.",
    ),
    ("Recharges, verdict", "not-billed", "Held for another reason, so that what will be billed is not known."),
    ("Recharges, verdict", "postpaid", "Billed after use: nothing has to be there beforehand."),
    ("Lines, kind", "usage", "Charges at cost, with the markup."),
    ("Lines, kind", "refund", "Refunds, which take away cost and markup."),
    ("Lines, kind", "fee", "A fixed fee of the rate card."),
    ("Lines, kind", "minimum", "What lacks to the agreed minimum."),
    ("Notes, kind", "credit", "Given back to the customer."),
    ("Notes, kind", "debit", "Charged to the customer beside the invoice."),
    ("Notes, reason", "refunds", "Refunds of the month."),
    ("Notes, reason", "held", "An earlier close had to give it back, and no invoice could take it then."),
    ("Notes, reason", "recheck", "A recheck of the invoice's month found that it would be another now."),
];

/// The list, the column, what stands in it.
const FIELDS: &[(&str, &str, &str)] = &[
    ("tie_outs", "master", "The sum of the master ledger's entries. Empty where it could not be read."),
    ("tie_outs", "customer", "The sum of the customer's own ledger. Empty where it could not be read."),
    ("tie_outs", "difference", "Master less customer."),
    ("tie_outs", "explained", "The sum of the findings' effects."),
    ("tie_outs", "gross", "The same without signs: effects that cancel out do not hide in it."),
    ("tie_outs", "residual", "Difference less explained. Anything but zero makes the close incomplete."),
    ("tie_outs", "breaks", "How many findings bear on it."),
    (
        "tie_outs",
        "verdict",
        "The gravest of what bears on it: findings with an effect here, and those of the account that name no direction, \
         which bear on each.",
    ),
    ("tie_outs", "bridge", "The classes between the two figures, each with count, gross and effect."),
    ("bridge", "step", "0 is the master's figure; the last is the customer's."),
    ("bridge", "balance", "The figure reached after this step."),
    ("breaks", "break_id", "The same facts have the same id in every run."),
    ("breaks", "effect", "What it adds to the difference, signed. They add up to the tie-outs' differences."),
    ("breaks", "origin", "The archived page and row from which the entry was read."),
    ("breaks", "leg", "2 of 3 is the second of three tie-outs that it bears on."),
    ("breaks", "dated", "The day of its youngest entry."),
    ("breaks", "age_days", "Days from that day to the cut-off."),
    ("breaks", "first_run", "The first run that reported it."),
    ("breaks", "until", "The last day of an acceptance."),
    ("carried", "asked_again", "Whether this run's evidence could show what became of it."),
    ("carried", "by", "The finding that cleared or replaced it."),
    ("proposals", "alternatives", "How many sets of the same size there are."),
    ("proposals", "correction", "What would have to be done. Proposed, never done."),
    ("accounts", "entries", "Settled entries of the period."),
    ("accounts", "unsettled", "Entries that are not completed, outside every total."),
    ("accounts", "accepted", "Findings that somebody has accepted."),
    ("wallets", "expected", "Opening + credits - debits."),
    ("wallets", "closing", "What the wallet held when it was read, less what came after the cut-off."),
    ("wallets", "difference", "Closing less expected."),
    ("wallets", "opening_from", "How the opening is known."),
    ("wallets", "sealed", "What it was sealed with last, with the entries of the months sealed since."),
    ("wallets", "opening_difference", "Opening less last sealed."),
    ("wallets", "before", "What the wallet held before the ledgers were read."),
    ("wallets", "after", "What it held afterwards."),
    ("wallets", "live", "What it held when its entries were read."),
    ("wallets", "net_after_cut_off", "Credits less debits after the cut-off."),
    ("wallets", "lowest", "The lowest balance within the period."),
    ("invoices", "cost_base", "What the platform charged."),
    ("invoices", "markup", "What the rate card adds to it, refunds taken off."),
    (
        "invoices",
        "tds_percent",
        "What the customer deducts at source when it pays, in percent; empty where it deducts nothing.",
    ),
    ("invoices", "tds", "That share of the taxable value, for information: the total stays as it is."),
    ("invoice_lines", "markup_percent", "The markup of this class in the rate card."),
    ("notes", "invoice", "The invoice that it corrects."),
    ("notes", "total", "What is given back by a credit note, or charged by a debit note."),
    ("notes", "proposal", "The recheck's proposal."),
    ("notes", "part_of", "The credit that it is a part of, where one invoice could not take it as it is due."),
    ("notes", "held_since", "The first run that had to hold what the note gives."),
    ("recharges", "opening", "What the wallet held when the period began, by its proof of cash."),
    ("recharges", "topped_up", "What the customer paid in at the platform in the period."),
    ("recharges", "transferred", "What was moved there from the partner's wallet in the period."),
    ("recharges", "taken_back", "What was moved back from it in the period."),
    ("recharges", "other_credits", "Corrections by hand, and credits that no rule names: they cover nothing."),
    ("recharges", "usage", "The debits of the period at the platform's price, without what was taken back."),
    ("recharges", "closing", "Opening + all credits - taken back - usage, but for a difference that has a finding."),
    ("recharges", "transferred_since", "The same after the cut-off, up to the day on which the ledgers were read."),
    ("recharges", "live", "What the wallet held when its entries were read."),
    ("recharges", "lowest", "The lowest balance within the period."),
    ("recharges", "invoice", "The invoice; empty where the customer is held."),
    (
        "recharges",
        "billed",
        "What the invoice comes to, less a credit note for refunds, or would come to for whom this check holds; tax included.",
    ),
    (
        "recharges",
        "covering",
        "Topped up + transferred - taken back, in the period and since; with the opening where the settings count it.",
    ),
    ("recharges", "shortfall", "Billed less covered by, where that is more than zero."),
    ("held", "cost_base", "What the platform charged, without markup; below zero what it gave back."),
    ("held", "hint", "What ends it."),
    ("walk", "received", "Rows received, readable or not."),
    ("walk", "total", "The list's own count."),
    ("walk", "distinct", "Different ids among the rows."),
    ("walk", "reading", "Which entries the list's own sums count."),
    ("walk", "summary_net", "The list's own net."),
    ("walk", "type_debit", "How many entries the partner's own filter selects; so for the other types."),
    ("walk", "walks", "How often the list was walked until it stood still."),
];

#[cfg(test)]
mod tests {
    //! Every definition is of something that is there.

    use super::*;

    #[test]
    fn no_word_is_defined_twice() {
        let mut seen: Vec<_> = WORDS.iter().map(|(place, word, _)| (*place, *word)).collect();
        seen.extend(FIELDS.iter().map(|(list, column, _)| (*list, *column)));
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
    }
}
