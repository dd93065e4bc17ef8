//! The simulator: the same scenario gives the same bytes, its lists are consistent in themselves, and its flaws are
//! where it says they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;
use tieout::domain::{Amount, Class, Severity, TransferReference, Verdict};
use tieout::simulator::{Answer, Request, Row, Scenario, ScenarioError, World};
use tieout::wire::{LedgerPage, LedgerRow, Summary, decimal_text};

mod answers;
mod line;

const HEAD: &str = "name = 'test'\nprose = 'a test'\nseed = 11\n";
const TAIL: &str = "\n[expected]\nverdict = 'tied-out'\n";

fn scenario(middle: &str) -> Scenario {
    Scenario::read(&format!("{HEAD}{middle}{TAIL}")).unwrap()
}

fn world(middle: &str) -> World {
    World::build(&scenario(middle)).unwrap()
}

fn refusal(middle: &str) -> String {
    let read = Scenario::read(&format!("{HEAD}{middle}{TAIL}"));
    read.and_then(|scenario| World::build(&scenario).map(|_world| ())).unwrap_err().to_string()
}

fn request(world: &World, target: &str) -> Request {
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    Request {
        method: "GET".to_owned(),
        path: path.to_owned(),
        query: query.map(ToOwned::to_owned),
        auth_id: Some(world.partner().auth_id.clone()),
        auth_token: Some(world.partner().token.clone()),
    }
}

fn get(world: &World, target: &str) -> Answer {
    world.answer(&request(world, target))
}

fn body(world: &World, target: &str) -> Value {
    let answer = get(world, target);
    assert_eq!(answer.status, 200, "{target}: {}", String::from_utf8_lossy(&answer.body));
    serde_json::from_slice(&answer.body).unwrap()
}

/// Every row of a ledger, page by page, with the totals that the pages claim.
fn walk(world: &World, path: &str, more: &str, per_page: u64) -> (Vec<String>, u64) {
    let (mut ids, mut total) = (Vec::new(), 0);
    for page in 1.. {
        let answer = get(world, &format!("{path}?page={page}&per_page={per_page}{more}"));
        let read: LedgerPage<'_> = serde_json::from_slice(&answer.body).unwrap();
        total = read.total.unwrap();
        assert_eq!(read.total_pages.unwrap(), total.div_ceil(per_page));
        if read.transactions.is_empty() {
            break;
        }
        assert!(read.transactions.len() <= usize::try_from(per_page).unwrap());
        ids.extend(read.transactions.iter().map(|raw| id_of(raw)));
    }
    (ids, total)
}

fn id_of(raw: &RawValue) -> String {
    let row: LedgerRow<'_> = serde_json::from_str(raw.get()).unwrap();
    row.id.into_owned()
}

fn amount(raw: Option<&RawValue>) -> Amount {
    decimal_text(raw.unwrap()).unwrap().parse().unwrap()
}

fn files(below: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios").join(below);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    found.sort();
    found
}

fn sum<'a>(rows: impl Iterator<Item = &'a Row>, kind: &str) -> Amount {
    rows.filter(|row| row.kind == kind && row.is_settled()).map(|row| row.amount.parse::<Amount>().unwrap()).sum()
}

fn counted(world: &World) -> BTreeMap<Class, usize> {
    world.planted().iter().fold(BTreeMap::new(), |mut counts, planted| {
        *counts.entry(planted.class).or_default() += 1;
        counts
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn paging_adds_up_to_the_whole(seed in 0_u64..1000, per_page in 1_u64..=200, entries in 0_usize..500) {
        let text = format!("name = 'n'\nprose = 'p'\nseed = {seed}\n[world]\nentries = {entries}\n{TAIL}");
        let world = World::build(&Scenario::read(&text).unwrap()).unwrap();
        let (ids, total) = walk(&world, "/transactions", "", per_page);
        let master: Vec<String> = world.master().iter().map(|row| row.id.to_string()).collect();
        prop_assert_eq!(u64::try_from(ids.len()).unwrap(), total);
        prop_assert_eq!(&ids, &master);
        for account in world.accounts() {
            let (ids, _) = walk(&world, &format!("/accounts/{}/transactions", account.auth_id), "", per_page);
            let rows = world.ledger(&account.auth_id).unwrap();
            prop_assert_eq!(ids, rows.iter().map(|row| row.id.to_string()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn sound_books_agree_in_every_row(seed in 0_u64..1000, customers in 0_usize..20) {
        let text = format!("name = 'n'\nprose = 'p'\nseed = {seed}\n[world]\ncustomers = {customers}\n{TAIL}");
        let world = World::build(&Scenario::read(&text).unwrap()).unwrap();
        let customers = world.accounts().iter().flat_map(|account| world.ledger(&account.auth_id).unwrap());
        let mine: BTreeMap<&str, &Row> = customers.map(|row| (&*row.id, row)).collect();
        let partner = world.partner().auth_id.as_str();
        let theirs = world.master().iter().filter(|row| &*row.account_id != partner);
        let theirs: BTreeMap<&str, &Row> = theirs.map(|row| (&*row.id, row)).collect();
        prop_assert_eq!(mine, theirs);
    }

    #[test]
    fn a_day_window_is_the_rows_of_its_utc_days(first in 1_u32..=31, days in 0_u32..6, ascending: bool) {
        let order = if ascending { "ascending" } else { "descending" };
        let world = world(&format!("[world]\norder = '{order}'\n"));
        let last = (first + days).min(31);
        let window = format!("&from_date=2026-03-{first:02}&to_date=2026-03-{last:02}");
        let (ids, _) = walk(&world, "/transactions", &window, 200);
        let day = |row: &Row| (row.created_at - 1_772_323_200_000_000).div_euclid(86_400_000_000) + 1;
        let wanted = i64::from(first)..=i64::from(last);
        let expected = world.master().iter().filter(|row| wanted.contains(&day(row)));
        prop_assert_eq!(ids, expected.map(|row| row.id.to_string()).collect::<Vec<_>>());
    }
}

#[test]
fn the_same_scenario_gives_the_same_bytes() {
    let text = std::fs::read_to_string(&files("")[1]).unwrap();
    let scenario = Scenario::read(&text).unwrap();
    let (one, two) = (World::build(&scenario).unwrap(), World::build(&scenario).unwrap());
    assert_eq!(one.planted(), two.planted());
    let first = one.accounts()[0].auth_id.clone();
    for target in ["/me", "/dashboard", "/accounts?per_page=100", "/transactions?per_page=200&page=7"] {
        assert_eq!(get(&one, target), get(&two, target), "{target}");
        assert_eq!(get(&one, target), get(&one, target), "{target}");
    }
    let ledger = format!("/accounts/{first}/transactions?per_page=200");
    assert_eq!(get(&one, &ledger), get(&two, &ledger));
}

#[test]
fn another_flaw_leaves_the_rest_of_the_world_alone() {
    let (sound, flawed) =
        (world("[world]\nunsettled = 0\n"), world("[world]\nunsettled = 0\n[[flaws]]\nclass = 'amount-differs'\n"));
    let differing = sound.master().iter().zip(flawed.master()).filter(|(a, b)| a != b).count();
    assert_eq!((sound.master().len(), differing), (flawed.master().len(), 1));
}

#[test]
fn every_scenario_expects_what_is_planted() {
    let paths: Vec<PathBuf> = ["", "breaks", "worlds"].into_iter().flat_map(files).collect();
    assert!(paths.len() > 40, "{} scenarios", paths.len());
    for path in paths {
        let scenario = Scenario::read(&std::fs::read_to_string(&path).unwrap());
        let scenario = scenario.unwrap_or_else(|refused| panic!("{}: {refused}", path.display()));
        let world = World::build(&scenario).unwrap_or_else(|refused| panic!("{}: {refused}", path.display()));
        assert_eq!(scenario.name, path.file_stem().unwrap().to_str().unwrap());
        assert_eq!(counted(&world), scenario.expected.breaks, "{}", path.display());
        let worst = world.planted().iter().map(|planted| planted.class.severity()).max().unwrap_or(Severity::None);
        assert_eq!(scenario.expected.verdict, Verdict(worst).word(), "{}", path.display());
    }
}

#[test]
fn every_plantable_class_has_its_scenario() {
    let named = files("breaks").iter().map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    let plantable = Class::ALL.iter().filter(|class| !refusal_of(**class).ends_with("cannot be planted"));
    assert_eq!(plantable.map(|class| class.slug().to_owned()).collect::<BTreeSet<_>>(), named);
}

fn refusal_of(class: Class) -> String {
    let middle = format!("[world]\nentries = 1500\n[close]\ntolerance = '0.001'\n[[flaws]]\nclass = '{class}'\n");
    World::build(&scenario(&middle)).map_or_else(|refused| refused.to_string(), |_world| String::new())
}

#[test]
#[expect(clippy::wildcard_enum_match_arm, reason = "every other flaw leaves both copies alike")]
fn a_flaw_stands_in_the_rows_it_names() {
    for path in files("breaks") {
        let scenario = Scenario::read(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let world = World::build(&scenario).unwrap();
        for planted in world.planted().iter().filter(|planted| planted.entry_id.is_some()) {
            let (id, account) = (planted.entry_id.as_deref().unwrap(), planted.account.as_deref().unwrap());
            let copies = |rows: &[Row]| rows.iter().filter(|row| &*row.id == id).cloned().collect::<Vec<_>>();
            let (mine, theirs) = (copies(world.ledger(account).unwrap_or_default()), copies(world.master()));
            let apart = mine != theirs;
            match planted.class {
                Class::MissingFromCustomer | Class::UnknownAccount | Class::UnpairedDebit => {
                    assert_eq!((mine.len(), theirs.len()), (0, 1), "{}", planted.class);
                }
                Class::MissingFromMaster => assert_eq!((mine.len(), theirs.len()), (1, 0)),
                Class::DuplicateEntry | Class::ConflictingEntry => {
                    assert_eq!((mine.len(), theirs.len()), (2, 1));
                    assert_eq!(mine[0] == mine[1], planted.class == Class::DuplicateEntry);
                }
                class if class.family() == tieout::domain::Family::Valuation => assert!(apart, "{class}"),
                Class::UnreadableEntry | Class::Timing => assert!(apart, "{}", planted.class),
                _ => assert!(!apart && mine.len() == 1, "{}", planted.class),
            }
        }
    }
}

#[test]
fn summaries_agree_with_the_rows_of_their_window() {
    for totals in ["settled", "all"] {
        let world = world(&format!("[world]\nentries = 1500\nunsettled = 9\ntotals = '{totals}'\n"));
        let answer = get(&world, "/transactions?per_page=1&from_date=2026-03-01&to_date=2026-03-31");
        let page: LedgerPage<'_> = serde_json::from_slice(&answer.body).unwrap();
        let summary: Summary<'_> = serde_json::from_str(page.summary.unwrap().get()).unwrap();
        let march = 1_772_323_200_000_000..1_775_001_600_000_000;
        let rows: Vec<&Row> = world.master().iter().filter(|row| march.contains(&row.created_at)).collect();
        let open: Amount =
            rows.iter().filter(|row| !row.is_settled()).map(|row| row.amount.parse::<Amount>().unwrap()).sum();
        let every = |kind: &str| {
            rows.iter().filter(|row| row.kind == kind).map(|row| row.amount.parse::<Amount>().unwrap()).sum::<Amount>()
        };
        let expected = |kind: &str| if totals == "all" { every(kind) } else { sum(rows.iter().copied(), kind) };
        let counted = tieout::wire::count(summary.total_transactions).known();
        assert_eq!(counted, u64::try_from(rows.len()).ok());
        assert_eq!(page.total, counted);
        assert_eq!(amount(summary.total_debit), expected("debit"));
        assert_eq!(amount(summary.total_credit), expected("credit"));
        assert_eq!(amount(summary.net_amount), expected("credit") - expected("debit"));
        assert!(!open.is_zero(), "an open entry must make the two readings differ");
    }
}

#[test]
fn wallets_agree_with_ledgers_and_the_dashboard_with_wallets() {
    let world = world("[world]\ncustomers = 20\nentries = 3000\n");
    let mut total = Amount::ZERO;
    for account in world.accounts() {
        let rows = world.ledger(&account.auth_id).unwrap();
        assert_eq!(account.wallet, account.opening + sum(rows.iter(), "credit") - sum(rows.iter(), "debit"));
        let balance = body(&world, &format!("/accounts/{}/balance", account.auth_id));
        assert_eq!(balance["cash_credits"], account.wallet.to_text(5));
        let mut running = account.opening;
        for row in rows.iter().rev() {
            running += sum(std::iter::once(row), "credit") - sum(std::iter::once(row), "debit");
            assert!(!running.is_negative());
        }
        total += account.wallet;
    }
    assert_eq!(body(&world, "/dashboard")["total_balance"], total.to_text(5));
}

#[test]
fn transfers_have_two_legs_of_one_second_and_some_share_a_reference() {
    let world = world("[world]\nentries = 1500\nunsettled = 0\n");
    let mut legs: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in world.master().iter().filter(|row| row.is_transfer()) {
        legs.entry(row.reference.as_deref().unwrap()).or_default().push(row);
    }
    for (reference, rows) in &legs {
        let read = TransferReference::parse(reference).unwrap();
        assert_eq!(read.partner, world.partner().uuid);
        assert!(rows.iter().all(|row| row.created_at.div_euclid(1_000_000) == read.unix_seconds));
        assert_eq!(sum(rows.iter().copied(), "credit"), sum(rows.iter().copied(), "debit"));
    }
    assert!(legs.values().any(|rows| rows.len() == 4), "two transfers in one second");
}

#[test]
fn nothing_natural_happens_near_a_month_boundary() {
    let world = world("[world]\nentries = 3000\n");
    let (start, end) = (1_772_303_400_000_000_i64, 1_774_981_800_000_000_i64);
    let utc = 19_800_000_000_i64;
    let hours = 8 * 3_600_000_000_i64;
    for row in world.master() {
        for boundary in [start, end, start + utc, end + utc] {
            assert!((row.created_at - boundary).abs() >= hours, "{row:?}");
        }
        assert!(row.created_at < end + 48 * 3_600_000_000, "nothing after today");
    }
    assert!(world.master().iter().any(|row| row.created_at < start));
    assert!(world.master().iter().any(|row| row.created_at > end));
}

#[test]
fn lists_tell_the_lies_they_were_given() {
    let lie = |class: &str| {
        let world = world(&format!("[world]\nentries = 1500\n[[flaws]]\nclass = '{class}'\n"));
        let path = format!("/accounts/{}/transactions", world.planted()[0].account.as_ref().unwrap());
        (world, path)
    };
    let summary = |(world, path): &(World, String)| body(world, &format!("{path}?per_page=1"))["summary"].clone();
    let figure = |summary: &Value, key: &str| summary[key].to_string().parse::<Amount>().unwrap();

    let degraded = summary(&lie("degraded-summary"));
    assert_eq!((&degraded["total_transactions"], &degraded["total_debit"]), (&0.into(), &0.into()));

    let (world, path) = lie("control-total");
    let rows = world.ledger(path.split('/').nth(2).unwrap()).unwrap();
    let claimed = summary(&(world_of("control-total"), path.clone()));
    let cent = Amount::from_units(1_000_000);
    assert_eq!(figure(&claimed, "total_debit"), sum(rows.iter(), "debit") + cent);
    assert_eq!(figure(&claimed, "net_amount"), figure(&claimed, "total_credit") - figure(&claimed, "total_debit"));

    let crossed = summary(&lie("cross-foot"));
    let net = figure(&crossed, "total_credit") - figure(&crossed, "total_debit");
    assert_eq!(figure(&crossed, "net_amount"), net + Amount::from_units(100_000_000));

    let (world, path) = lie("unstable-walk");
    let total = |page: u32| body(&world, &format!("{path}?per_page=200&page={page}"))["total"].as_u64().unwrap();
    assert_eq!((total(2), total(2)), (total(1) + 1, total(1) + 1));

    let (world, path) = lie("missing-ledger");
    assert_eq!(get(&world, &path).status, 404);
}

fn world_of(class: &str) -> World {
    world(&format!("[world]\nentries = 1500\n[[flaws]]\nclass = '{class}'\n"))
}

#[test]
fn odd_scenarios_are_refused_with_their_place() {
    let cases = [
        ("[world]\ncolour = 'blue'\n", "line 5, column 1: unknown field `colour`"),
        ("[world]\ntoday = '2026-03-15'\n", "world.today: found 2026-03-15, expected 2026-04-01 or later"),
        ("[world]\nper_page_max = 500\n", "world.per_page_max: found 500, expected 100 or 200"),
        ("[world]\ncurrencies = []\n", "world.currencies: found none, expected at least one"),
        ("[weather]\nresets = 700\nslow = 301\n", "weather: found shares of 1001 per mille"),
        ("[[flaws]]\nclass = 'nonsense'\n", "line 5, column 9: \"nonsense\" is not a class of breaks"),
        ("[[flaws]]\nclass = 'late-entry'\n", "flaw late-entry: cannot be planted"),
        ("[[flaws]]\nclass = 'timing'\nside = 'left'\n", "\"left\" is not a side (`master` or `customer`)"),
        ("[[flaws]]\nclass = 'adjustment'\nside = 'master'\n", "flaw adjustment: found no place, expected no `side`"),
        ("[[flaws]]\nclass = 'rounding-differs'\n", "flaw rounding-differs: found no place"),
        ("[world]\nempty_month = true\n[[flaws]]\nclass = 'timing'\n", "flaw timing: found no place"),
        ("[world]\nown_rows = false\n[[flaws]]\nclass = 'unpaired-debit'\n", "flaw unpaired-debit: found no place"),
        ("[world]\ntimezone = 'UTC'\n[[flaws]]\nclass = 'zone-straddle'\n", "flaw zone-straddle: found no place"),
        ("[[flaws]]\nclass = 'amount-differs'\naccount = 'nobody'\n", "flaw amount-differs: found no place"),
    ];
    for (middle, expected) in cases {
        let seen = refusal(middle);
        assert!(seen.contains(expected), "{middle}\n  seen     {seen}\n  expected {expected}");
    }
    let verdict = Scenario::read(&format!("{HEAD}[expected]\nverdict = 'fine'\n")).unwrap_err();
    assert!(matches!(verdict, ScenarioError::OutOfRange { field: "expected.verdict", .. }));
}

#[test]
fn a_large_world_is_built_and_paged_within_seconds() {
    let world = world("[world]\ncustomers = 1000\nentries = 100_000\n");
    let rows: usize = world.accounts().iter().map(|account| world.ledger(&account.auth_id).unwrap().len()).sum();
    assert!((90_000..=110_000).contains(&rows), "{rows}");
    let (ids, _) = walk(&world, "/transactions", "", 200);
    assert_eq!(ids.len(), world.master().len());
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
}
