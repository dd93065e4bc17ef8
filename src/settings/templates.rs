//! The first settings and the first rate card, as texts: every key that there is, explained, with its default.
//!
//! Tables of keys in, text out: a key that a table lacks is found by `tests/it/init.rs`. A line that begins with `#` and
//! a blank explains; one that begins with `#` and a key shows what holds as long as it is not written, or an example
//! where nothing does. Never reaches the disk.

mod export;
mod fetch;
mod invoice;

use super::{GlobalLedger, RATE_CARD_FILE, Settings};
use crate::invoice::RateCard;

/// A key that is written, not only shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The key with its section, as in `partner.timezone`.
    pub key: &'static str,
    /// What stands there, as text between quotes.
    pub text: String,
}

/// A part of a file, below a heading of its own or none.
struct Section<T: 'static> {
    /// `[fetch]`; empty at the top.
    heading: &'static str,
    /// What it is for; empty where its keys say it all.
    about: &'static str,
    /// Whether it stands for something that is there or not, so that its heading alone would already say something.
    optional: bool,
    keys: &'static [Key<T>],
}

/// A key, what it means, and its default (or an example) as TOML.
type Key<T> = (&'static str, &'static str, fn(&T) -> String);

const SETTINGS: [Section<Settings>; 7] = [
    Section {
        heading: "",
        about: "",
        optional: false,
        keys: &[
            (
                "rate_card",
                "The rate card: what customers pay above cost. A path, like all here from the folder of this file.",
                |_| quoted(RATE_CARD_FILE),
            ),
            ("reports", "The folder that run folders go into, one a month.", |it| {
                quoted(&it.reports.display().to_string())
            }),
            (
                "archive",
                "The archive of what the partner sent. Not written: <partner>.archive.sqlite beside the runs.",
                |_| quoted("books.archive.sqlite"),
            ),
            (
                "strict",
                "true: a close refuses terms (markups, fees, particulars, names) of an account that the account list does not\n\
                 hold. Else such terms are named in its summary, and do nothing.",
                |it| it.strict.to_string(),
            ),
        ],
    },
    Section {
        heading: "[partner]",
        about: "",
        optional: false,
        keys: &[
            ("timezone", "Whose midnights bound a month: an IANA name.", |it| quoted(it.partner.timezone.name())),
            ("base_url", "Where the partner API is. HTTPS; plain HTTP to this machine alone.", |it| {
                quoted(it.partner.base_url.as_str())
            }),
            (
                "global_ledger",
                "Whether the partner has a master ledger: \"expected\", or \"none\" (its absence is no finding then).",
                |it| {
                    quoted(match it.partner.global_ledger {
                        GlobalLedger::Expected => "expected",
                        GlobalLedger::None => "none",
                    })
                },
            ),
            (
                "credentials_file",
                "A file with two lines, auth_id = \"PA_…\" and auth_token = \"…\", for when the environment holds no\n\
                 VOBIZ_AUTH_ID and VOBIZ_AUTH_TOKEN. Mode 600, or it is refused; no secret belongs into this file here.",
                |_| quoted("credentials.toml"),
            ),
        ],
    },
    fetch::FETCH,
    Section {
        heading: "[files]",
        about: "Archive, register, run folders, drafts and packs are made for their owner alone (modes 600 and 700).",
        optional: false,
        keys: &[("group_readable", "true: their group may read them, too (640 and 750).", |it| {
            it.files.group_readable.to_string()
        })],
    },
    Section {
        heading: "[reconcile]",
        about: "",
        optional: false,
        keys: &[("tolerance", "What a matched pair may differ by without a break. \"0\" means exact.", |it| {
            quoted(&it.reconcile.tolerance.to_decimal().normalize().to_string())
        })],
    },
    Section {
        heading: "[recharge]",
        about: "The check of prepaid wallets before billing, recharges.csv: it lists whom it finds, and holds whom these name.",
        optional: false,
        keys: &[
            ("hold_negative", "true: hold a customer whose wallet went below zero, or stands there now.", |it| {
                it.recharge.hold_negative.to_string()
            }),
            (
                "hold_uncovered",
                "true: hold a customer whose transfers and top-ups, in the month and since, are less than its invoice.",
                |it| it.recharge.hold_uncovered.to_string(),
            ),
            ("count_opening", "true: what the wallet held when the month began covers its invoice, too.", |it| {
                it.recharge.count_opening.to_string()
            }),
        ],
    },
    Section {
        heading: "[[classify]]",
        about: "Rules that name charge classes, before the built-in ones. The first one that holds names the class; every\n\
                condition that is written must hold. Upper and lower case are the same.",
        optional: true,
        keys: &[
            ("direction", "\"credit\" or \"debit\".", |_| quoted("debit")),
            ("type", "The partner's word in `type` or `reference_type`.", |_| quoted("cdr")),
            ("reference_prefix", "How the reference begins.", |_| quoted("wa:")),
            ("description_prefix", "How the description begins.", |_| quoted("WhatsApp")),
            ("description_contains", "What the description contains.", |_| quoted("message")),
            ("class", "The class: up to 32 of a-z, 0-9 and -.", |_| quoted("whatsapp")),
        ],
    },
];

const RATE_CARD: [Section<RateCard>; 9] = [
    Section {
        heading: "",
        about: "",
        optional: false,
        keys: &[
            ("name", "The card's name, for the papers.", |_| quoted("standard")),
            ("currency", "The currency of fees and minimum; invoices in other currencies have neither.", |it| {
                quoted(it.currency().code())
            }),
            (
                "rounding",
                "How a line is brought to the minor unit: \"half-up\", \"half-even\", \"up\" or \"down\".",
                |it| quoted(it.rounding().name()),
            ),
        ],
    },
    Section {
        heading: "[markup]",
        about: "What is charged above cost, in percent, as text: \"12.5\", above -100, at most 1000, up to 4 decimals. -100 would\n\
                give usage away and is refused. An account's own class wins over its default, that over the card's class,\n\
                that over the card's default.",
        optional: false,
        keys: &[("default", "For every class that is not named below.", |it| quoted(&it.markup("", "").to_string()))],
    },
    Section {
        heading: "[markup.classes]",
        about: "By charge class. Built in are call, daily-usage, streaming, recording, transcription, number-rental,\n\
                number-setup, adjustment, refund and other; `classify` in the settings makes more.",
        optional: true,
        keys: &[("call", "", |_| quoted("25")), ("number-setup", "", |_| quoted("0"))],
    },
    Section {
        heading: "[markup.accounts.MA_EXAMPLE]",
        about: "What was agreed with one account: a default, and classes below it.",
        optional: true,
        keys: &[("default", "", |_| quoted("15")), ("classes", "", |_| "{ call = \"18\" }".to_owned())],
    },
    Section {
        heading: "[[fees]]",
        about: "A fixed fee a month, as often as there are fees; the same one twice for an account is refused.",
        optional: true,
        keys: &[
            ("name", "What the customer reads.", |_| quoted("Platform fee")),
            ("amount", "Above zero, in whole minor units of the currency.", |_| quoted("199")),
            ("accounts", "Who pays it. Not written: everyone who is billed in the card's currency.", |_| {
                "[\"MA_EXAMPLE\"]".to_owned()
            }),
        ],
    },
    Section {
        heading: "[minimum]",
        about: "The least that a customer with usage is charged, refunds taken off; not where they exceed the charges.",
        optional: true,
        keys: &[("amount", "", |_| quoted("250"))],
    },
    Section {
        heading: "[series]",
        about: "Invoice numbers: at most 16 of A-Z, 0-9, / and - (CGST rule 46), never used twice.",
        optional: false,
        keys: &[
            ("prefix", "What every number begins with.", |it| quoted(&it.series().prefix)),
            ("width", "Digits of the count, at least.", |it| it.series().width.to_string()),
            ("first", "The count of the very first invoice; later closes go on after the last one sealed.", |it| {
                it.series().first.to_string()
            }),
        ],
    },
    Section {
        heading: "[credit_notes]",
        about: "Numbers of credit notes, in the same way; no number may be one of an invoice or a debit note.",
        optional: true,
        keys: &[
            ("prefix", "", |it| quoted(&it.credit_notes().prefix)),
            ("width", "", |it| it.credit_notes().width.to_string()),
            ("first", "", |it| it.credit_notes().first.to_string()),
        ],
    },
    Section {
        heading: "[debit_notes]",
        about: "The same for debit notes.",
        optional: true,
        keys: &[
            ("prefix", "", |it| quoted(&it.debit_notes().prefix)),
            ("width", "", |it| it.debit_notes().width.to_string()),
            ("first", "", |it| it.debit_notes().first.to_string()),
        ],
    },
];

/// The text of `tieout.toml`: the answers written, everything else shown with its default.
#[must_use]
pub fn settings_text(answers: &[Answer]) -> String {
    let sections: Vec<&Section<Settings>> = SETTINGS.iter().chain(&invoice::INVOICE).chain(&export::EXPORT).collect();
    text("Settings of tieout: every key there is.", &sections, &Settings::default(), answers)
}

/// The text of a rate card, in the same way.
#[must_use]
pub fn rate_card_text(answers: &[Answer]) -> String {
    let sections: Vec<&Section<RateCard>> = RATE_CARD.iter().collect();
    text("The rate card: what customers pay above cost.", &sections, &RateCard::default(), answers)
}

fn text<T>(title: &str, sections: &[&Section<T>], defaults: &T, answers: &[Answer]) -> String {
    let mut lines = vec![
        format!("# {title} A line like this one explains; `#key = …` shows the default, or an example"),
        "# where there is none: take the # away to change it. `tieout check` tells what is wrong, with line and column.".to_owned(),
    ];
    for section in sections {
        let within = section.heading.trim_matches(['[', ']']);
        let answer = |key: &str| {
            let path = if within.is_empty() { key.to_owned() } else { format!("{within}.{key}") };
            answers.iter().find(|answer| answer.key == path)
        };
        lines.push(String::new());
        lines.extend(explained(section.about));
        let shown = section.optional && section.keys.iter().all(|(key, _, _)| answer(key).is_none());
        if !section.heading.is_empty() {
            lines.push(format!("{}{}", if shown { "#" } else { "" }, section.heading));
        }
        for (key, about, default) in section.keys {
            lines.extend(explained(about));
            lines.push(match answer(key) {
                Some(answer) => format!("{key} = {}", quoted(&answer.text)),
                None => format!("#{key} = {}", default(defaults)),
            });
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// An explanation as comment lines.
fn explained(about: &str) -> impl Iterator<Item = String> {
    about.lines().map(|line| format!("# {line}"))
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
