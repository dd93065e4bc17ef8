//! The long lists as compact JSON, which the page's script reads: column by column, a column of few words as a dictionary
//! and the places in it. Money stands as the exact text of the neutral tables.

use std::collections::BTreeMap;

use crate::report::Provenance;
use crate::report::markup::{Html, json};
use crate::report::spread::{self, VERDICTS};
use crate::report::table::{Cell, Column, Table};

/// How a list stands on the page.
struct List {
    /// The neutral table.
    table: &'static str,
    /// Its title.
    title: &'static str,
    /// What one row of it is called in a link: `#break:B-…`.
    kind: &'static str,
    /// What it is called where people read of it; an `s` makes it several.
    noun: &'static str,
    /// The columns whose values make up that name.
    key: &'static [&'static str],
    /// What stands before the name where `explain` is asked for it; nothing for what it does not know.
    explained: Option<&'static str>,
    /// The columns shown in the list; the others stand with each row by itself.
    shown: &'static [&'static str],
    /// The columns that can be filtered.
    filters: &'static [&'static str],
}

const LISTS: [List; 13] = [
    List {
        table: "breaks",
        title: "Findings",
        kind: "break",
        noun: "finding",
        key: &["break_id"],
        explained: Some(""),
        shown: &["break_id", "class", "account", "name", "currency", "effect", "age_days", "standing", "explanation"],
        filters: &["class", "severity", "account", "currency", "direction", "age", "standing", "decision"],
    },
    List {
        table: "accounts",
        title: "Accounts",
        kind: "account",
        noun: "account",
        key: &["account"],
        explained: Some(""),
        shown: &["account", "name", "currency", "entries", "opening", "credits", "debits", "closing", "verdict"],
        filters: &["account", "currency", "verdict", SIZE.name],
    },
    List {
        table: "tie_outs",
        title: "Tie-outs",
        kind: "tie-out",
        noun: "tie-out",
        key: &["account", "currency", "direction"],
        explained: Some(""),
        shown: &[
            "account",
            "name",
            "currency",
            "direction",
            "master",
            "customer",
            "difference",
            "residual",
            "breaks",
            "verdict",
        ],
        filters: &["account", "currency", "direction", "verdict"],
    },
    List {
        table: "wallets",
        title: "Proof of cash",
        kind: "wallet",
        noun: "wallet",
        key: &["account"],
        explained: Some("wallet:"),
        shown: &["account", "name", "currency", "opening", "credits", "debits", "closing", "difference", "verdict"],
        filters: &["account", "currency", "opening_from", "verdict"],
    },
    List {
        table: "invoices",
        title: "Invoices",
        kind: "invoice",
        noun: "invoice",
        key: &["number"],
        explained: Some(""),
        shown: &["number", "account", "name", "currency", "cost_base", "markup", "fees", "tax", "total"],
        filters: &["account", "currency"],
    },
    List {
        table: "notes",
        title: "Credit and debit notes",
        kind: "note",
        noun: "note",
        key: &["number"],
        explained: Some(""),
        shown: &["number", "kind", "account", "name", "currency", "invoice", "reason", "taxable", "tax", "total"],
        filters: &["kind", "account", "currency", "reason"],
    },
    List {
        table: "recharges",
        title: "Recharges",
        kind: "recharge",
        noun: "recharge check",
        key: &["account", "currency"],
        explained: None,
        shown: &[
            "account",
            "name",
            "currency",
            "covering",
            "billed",
            "shortfall",
            "lowest",
            "verdict",
            "held",
            "reason",
        ],
        filters: &["account", "currency", "verdict", "held"],
    },
    List {
        table: "held",
        title: "Held",
        kind: "held",
        noun: "held account",
        key: &["account"],
        explained: Some(""),
        shown: &["account", "name", "currency", "cost_base", "reason"],
        filters: &["account", "currency"],
    },
    List {
        table: "carried",
        title: "Carried",
        kind: "carried",
        noun: "carried finding",
        key: &["break_id"],
        explained: None,
        shown: &["break_id", "class", "account", "currency", "effect", "standing", "asked_again", "age_days", "why"],
        filters: &["class", "account", "currency", "standing", "asked_again", "age", "decision"],
    },
    List {
        table: "proposals",
        title: "Proposals",
        kind: "proposal",
        noun: "proposal",
        key: &["account", "currency", "direction"],
        explained: Some(""),
        shown: &[
            "account",
            "currency",
            "direction",
            "difference",
            "verdict",
            "step",
            "correction",
            "effect",
            "break_id",
        ],
        filters: &["account", "currency", "direction", "verdict", "correction"],
    },
    List {
        table: "days",
        title: "Days",
        kind: "day",
        noun: "day",
        key: &["day"],
        explained: Some("day:"),
        shown: &["day", "wallets", "currency", "entries", "credits", "debits"],
        filters: &["wallets", "currency"],
    },
    List {
        table: "walk",
        title: "Walk",
        kind: "walked",
        noun: "list",
        key: &["list"],
        explained: None,
        shown: &["list", "received", "total", "debits_settled", "credits_settled", "how", "verdict"],
        filters: &["verdict", "reading", "how"],
    },
    List {
        table: "unreadable",
        title: "Unreadable",
        kind: "row",
        noun: "unreadable row",
        key: &["list", "page", "row"],
        explained: None,
        shown: &["list", "page", "row", "entry_id", "account", "reason"],
        filters: &["account"],
    },
];

/// A customer's size, which the page alone has: the list of accounts is filtered by it.
const SIZE: Column = Column::words("size", "Size", 16);

/// The name of a table's rows in a link; nothing for a table that is no list of the page.
pub(super) fn kind_of(table: &str) -> Option<(&'static str, &'static [&'static str])> {
    LISTS.iter().find(|list| list.table == table).map(|list| (list.kind, list.key))
}

/// Every list, each in an element of its own, and one element that says which there are.
pub(super) fn print(html: &mut Html, provenance: &Provenance, tables: &[Table]) {
    let found = |list: &'static List| Some((list, tables.iter().find(|table| table.name == list.table)?));
    let lists: Vec<(&List, &Table)> = LISTS.iter().filter_map(found).collect();
    let told: Vec<String> = lists.iter().map(|(list, table)| told(list, table)).collect();
    let page = format!(
        "{{\"run\":{},\"partner\":{},\"verdicts\":{},\"lists\":[{}]}}",
        json(&provenance.run),
        json(&provenance.partner),
        words(&VERDICTS),
        told.join(",\n")
    );
    element(html, "page", &page);
    for (list, table) in lists {
        element(html, list.table, &columns(table));
    }
}

fn element(html: &mut Html, name: &str, data: &str) {
    let id = format!("data-{name}");
    html.wrap("script", &[("type", "application/json"), ("id", &id)], |html| html.raw(data));
}

fn told(list: &List, table: &Table) -> String {
    format!(
        "{{\"name\":{},\"title\":{},\"kind\":{},\"noun\":{},\"explained\":{},\"key\":{},\"shown\":{},\"filters\":{},\"rows\":{}}}",
        json(list.table),
        json(list.title),
        json(list.kind),
        json(list.noun),
        list.explained.map_or_else(|| "null".to_owned(), json),
        words(list.key),
        words(list.shown),
        words(list.filters),
        table.rows.len()
    )
}

fn words(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| json(word)).collect();
    format!("[{}]", words.join(","))
}

/// Columns of a list that the page has in another one: they would make it larger and say nothing new.
const ELSEWHERE: [(&str, &[&str]); 1] =
    [("recharges", &["opening", "closing", "live", "lowest_at", "lowest_entry", "taxable"])];

/// A table, column by column.
fn columns(table: &Table) -> String {
    let elsewhere = |it: &Column| ELSEWHERE.iter().any(|(list, names)| *list == table.name && names.contains(&it.name));
    let own = |(place, it): (usize, &Column)| {
        let values: Vec<String> =
            table.rows.iter().map(|row| row.get(place).map(Cell::plain).unwrap_or_default()).collect();
        column(it, &values)
    };
    let here = table.columns.iter().enumerate().filter(|(_, it)| !elsewhere(it));
    let mut columns: Vec<String> = here.map(own).collect();
    columns.extend(sizes(table));
    format!("[{}]", columns.join(",\n"))
}

/// The sizes of the customers, where the table is theirs.
fn sizes(table: &Table) -> Option<String> {
    let debits =
        table.columns.iter().position(|column| column.name == "debits").filter(|_| table.name == "accounts")?;
    let size = |row: &Vec<Cell>| match row.get(debits) {
        Some(Cell::Amount(debits, _)) => spread::size_named(spread::size_of(*debits)),
        Some(Cell::Empty | Cell::Text(_) | Cell::Code(_) | Cell::Count(_) | Cell::Percent(_)) | None => String::new(),
    };
    Some(column(&SIZE, &table.rows.iter().map(size).collect::<Vec<_>>()))
}

/// A column: all its values, or its different ones (`d`) and the place of each row's among them (`i`).
fn column(column: &Column, values: &[String]) -> String {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut different: Vec<String> = Vec::new();
    let mut rows = Vec::with_capacity(values.len());
    for value in values {
        let place = *places.entry(value).or_insert_with(|| {
            different.push(json(value));
            different.len() - 1
        });
        rows.push(place);
    }
    let values = if different.len() * 2 <= values.len().max(1) {
        let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
        format!("\"d\":[{}],\"i\":[{}]", different.join(","), rows.join(","))
    } else {
        let values: Vec<String> = values.iter().map(|value| json(value)).collect();
        format!("\"v\":[{}]", values.join(","))
    };
    let numeric = if column.numeric { ",\"numeric\":true" } else { "" };
    format!("{{\"name\":{},\"title\":{}{numeric},{values}}}", json(column.name), json(column.title))
}
