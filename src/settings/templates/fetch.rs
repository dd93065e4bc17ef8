//! How the API is walked, and every bound there is: those with a key of their own, and those without.

use super::Section;
use crate::settings::Settings;

/// The keys of `[fetch]`.
pub(super) const FETCH: Section<Settings> = Section {
    heading: "[fetch]",
    about: "Nothing that a partner or a file can make long is without a bound. What meets a bound that has a key is told with\n\
            the name of the key. These bounds have none: a message of the partner is quoted up to 200 characters, and read for\n\
            that up to 64 KiB; waits between attempts begin with 0.25 s, double, and stop at 30 s; an account id has at most 64\n\
            characters, an amount 60 digits; 999 runs of a month, 999 rechecks of a run; a note in the register has at most\n\
            1000 characters; a paper in a pack unpacks to 1 GiB at most; the first 100 faults of a file are told; a summary\n\
            shows 20 breaks of a list (the CSV files hold all); a search for corrections forms at most 2097152 sums, and\n\
            16777216 in one close.",
    optional: false,
    keys: &[
        ("requests_per_second", "Requests in any second, at most: 1 to 1000.", |it| {
            it.fetch.requests_per_second.to_string()
        }),
        ("concurrency", "Requests under way at once, at most: 1 to 256.", |it| it.fetch.concurrency.to_string()),
        ("attempts_max", "Attempts at one request: 1 to 20.", |it| it.fetch.attempts_max.to_string()),
        (
            "throttles_max",
            "Answers \"too many requests\" (429) to one request, beside its attempts, at most: 0 to 1000.",
            |it| it.fetch.throttles_max.to_string(),
        ),
        ("timeout_seconds", "Seconds until an answer is given up: 1 to 600.", |it| {
            it.fetch.timeout_seconds.to_string()
        }),
        (
            "retry_after_seconds_max",
            "Seconds that the partner may ask to be left alone for; a longer wait ends the fetch, to be gone on with\n\
             later: 0 to 86400.",
            |it| it.fetch.retry_after_seconds_max.to_string(),
        ),
        (
            "pad_days",
            "Days walked before and after the month, as the zone of the partner's dates is unknown: 1 to 15.",
            |it| it.fetch.pad_days.to_string(),
        ),
        ("walks_max", "Walks of a list that shifts while it is read, at most: 1 to 10.", |it| {
            it.fetch.walks_max.to_string()
        }),
        (
            "wallet_rounds_max",
            "Rounds in which a wallet that moves is read around its newest entries, at most: 1 to 20.",
            |it| it.fetch.wallet_rounds_max.to_string(),
        ),
        (
            "accounts_max",
            "Customers, at most: 1 to 100000000. More are refused at the first page of the account list.",
            |it| it.fetch.accounts_max.to_string(),
        ),
        (
            "pages_max",
            "Pages of one list, at most (100 customers or 200 entries each): 1 to 100000000. A longer list is refused at\n\
             its first page.",
            |it| it.fetch.pages_max.to_string(),
        ),
        (
            "overrun_pages_max",
            "Pages of one list beyond those that its own first page promises, at most: 0 to 100000000. A list that goes\n\
             on is given up.",
            |it| it.fetch.overrun_pages_max.to_string(),
        ),
        ("rows_max", "Rows of one page, at most, whatever was asked for: 200 to 1000000.", |it| {
            it.fetch.rows_max.to_string()
        }),
        ("answer_mib_max", "Size of one answer in MiB (1048576 bytes), unpacked, at most: 1 to 256.", |it| {
            it.fetch.answer_mib_max.to_string()
        }),
        ("full_walk", "true: walk every ledger, also where its totals have not moved since the last fetch.", |it| {
            it.fetch.full_walk.to_string()
        }),
        (
            "type_counts",
            "Whether each ledger's entries are counted by the partner's type filters: four small requests each.",
            |it| it.fetch.type_counts.to_string(),
        ),
        (
            "from_inception",
            "true: walk every ledger from its first entry ever, so that the wallets' openings are proved.",
            |it| it.fetch.from_inception.to_string(),
        ),
    ],
};
