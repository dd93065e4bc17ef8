//! The simulator: the same scenario gives the same bytes, its lists are consistent in themselves, and its flaws are
//! where it says they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;
use serde_json::value::RawValue;
use tieout::domain::{Amount, Class, Severity, TransferReference, Verdict};
use tieout::simulator::{Answer, BASE_PATH, Fault, Request, Row, Scenario, ScenarioError, Weather, World, serve};
use tieout::wire::{LedgerPage, LedgerRow, Summary, decimal_text};

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

    #[test]
    fn weather_depends_on_seed_request_and_attempt_alone(seed: u64, page in 0_u32..500) {
        let plan = scenario("[weather]\nserver_errors = 400\nresets = 200\nfaults_max = 3\n").weather;
        let weather = Weather::new(plan.clone(), seed);
        let key = format!("GET /transactions?page={page}");
        for attempt in 1..=3 {
            prop_assert_eq!(weather.fault(&key, attempt), Weather::new(plan.clone(), seed).fault(&key, attempt));
        }
        prop_assert_eq!(weather.fault(&key, 4), Fault::None);
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
    World::build(&scenario(&middle)).map(|_world| String::new()).unwrap_or_else(|refused| refused.to_string())
}

#[test]
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
                class => assert!(!apart && mine.len() == 1, "{class}"),
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
        assert_eq!(summary.total_transactions.unwrap(), u64::try_from(rows.len()).unwrap());
        assert_eq!(page.total, summary.total_transactions);
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
fn credentials_and_paths_are_checked() {
    let world = world("");
    let right = request(&world, "/me");
    let status = |request: Request| world.answer(&request).status;
    assert_eq!(status(right.clone()), 200);
    assert_eq!(status(Request { auth_id: None, ..right.clone() }), 401);
    assert_eq!(status(Request { auth_token: Some("wrong".to_owned()), ..right.clone() }), 401);
    let customer = &world.accounts()[0];
    let (auth_id, auth_token) = (Some(customer.auth_id.clone()), Some(customer.token.clone()));
    assert_eq!(status(Request { auth_id, auth_token, ..right.clone() }), 403);
    assert_eq!(status(Request { method: "POST".to_owned(), ..right }), 405);
    for target in ["/nothing", "/accounts/MA_NOBODY/transactions", "/accounts/MA_NOBODY", "", "/me/more"] {
        assert_eq!(get(&world, target).status, 404, "{target}");
    }
}

#[test]
fn bad_parameters_are_refused_with_details() {
    let world = world("");
    let refused = [
        "/transactions?page=0",
        "/transactions?per_page=201",
        "/transactions?per_page=many",
        "/transactions?from_date=2026-02-30",
        "/transactions?from_date=2026-3-1",
        "/transactions?to_date=2026-03-01T00:00:00%2B05:30",
        "/transactions?transaction_type=adjustment",
        "/accounts?per_page=101",
        "/accounts?page=-1",
    ];
    for target in refused {
        let answer = get(&world, target);
        assert_eq!(answer.status, 422, "{target}");
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((&body["error"], &body["status_code"]), (&"ValidationError".into(), &422.into()));
        let name = target.split(['?', '=']).nth(1).unwrap();
        assert_eq!(body["details"][0]["loc"], serde_json::json!(["query", name]));
        assert_eq!(keys(&body["details"][0]), "ctx input loc msg type");
    }
    assert_eq!(get(&world, "/transactions?per_page=200&colour=blue").status, 200);
    let old = self::world("[world]\nper_page_max = 100\n");
    assert_eq!(get(&old, "/transactions?per_page=101").status, 422);
    assert_eq!(get(&old, "/transactions?per_page=100").status, 200);
}

#[test]
fn a_page_past_the_end_is_empty() {
    let world = world("");
    for target in ["/transactions?page=9999", "/transactions?page=18446744073709551615&per_page=200"] {
        assert_eq!(body(&world, target)["transactions"], serde_json::json!([]));
    }
    assert_eq!(body(&world, "/accounts?page=7")["accounts"], serde_json::json!([]));
}

#[test]
fn filters_part_the_ledger() {
    let world = world("[world]\nentries = 1500\n");
    let count = |more: &str| walk(&world, "/transactions", more, 200).1;
    let kinds = ["recharge", "refund", "transfer", "debit"].map(|kind| count(&format!("&transaction_type={kind}")));
    assert!(kinds.iter().all(|kind| *kind > 0), "{kinds:?}");
    assert_eq!(kinds.iter().sum::<u64>(), count(""));
    let account = world.accounts().iter().max_by_key(|account| world.ledger(&account.auth_id).unwrap().len()).unwrap();
    let (ids, _) = walk(&world, "/transactions", &format!("&account={}", account.auth_id), 200);
    let rows = world.ledger(&account.auth_id).unwrap();
    assert_eq!(ids, rows.iter().map(|row| row.id.to_string()).collect::<Vec<_>>());
    let streams = world.master().iter().filter(|row| row.description.starts_with("Stream session")).count();
    assert_eq!(count("&search=stream+SESSION"), u64::try_from(streams).unwrap());
    let found = body(&world, &format!("/accounts?search={}", account.name.replace(' ', "%20")));
    assert_eq!(found["accounts"][0]["auth_id"], account.auth_id.as_str());
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

/// The keys of an object, sorted.
fn keys(value: &Value) -> String {
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.join(" ")
}

fn sorted(words: &str) -> String {
    let words: BTreeSet<&str> = words.split_whitespace().collect();
    words.into_iter().collect::<Vec<_>>().join(" ")
}

const ACCOUNT: &str = "name email phone description gstin gst_status tds_enabled tds_percentage business_type id auth_id \
    api_id account_type role postpaid address city state timezone country zip_code company billing_mode auto_recharge \
    cash_credits cps_limit concurrent_calls_limit is_active is_verified is_trial_account enabled kyc_status created_at \
    updated_at last_login pricing_tier_id pricing_tier partner_id auto_recharge_config resource_uri auth_token";
const LISTED: &str = "base_cps_limit base_concurrent_calls_limit purchased_cps purchased_concurrent_calls google_id \
    referral_code referral_disabled custom_referrer_reward_amount custom_referee_reward_amount";
const TIER: &str = "id name currency rate_per_minute is_active is_default partner_id";
const LISTED_TIER: &str = "streaming_rate_per_minute recording_rate_per_minute whatsapp_voice_rate \
    transcription_rate_per_minute pii_redaction_rate_per_minute charge_non_connected_calls non_connected_call_fee \
    did_release_fee";
const ME: &str = "id account_id name slug company auth_id email phone billing_model is_active is_verified max_accounts \
    can_create_accounts can_create_pricing_tiers can_view_cdrs can_transfer_balance default_pricing_tier_id \
    account_count balance created_at updated_at";
const ROW: &str = "id account_id balance_id type amount currency description status processed_at created_at updated_at";

#[test]
fn answers_have_the_documented_keys() {
    let world = world("[world]\nentries = 1500\n");
    let id = &world.accounts().iter().find(|a| world.ledger(&a.auth_id).unwrap().len() > 100).unwrap().auth_id;
    assert_eq!(keys(&body(&world, "/me")), sorted(ME));
    let list = body(&world, "/accounts");
    assert_eq!(keys(&list), "accounts page size total");
    assert_eq!(keys(&list["accounts"][0]), sorted(&format!("{ACCOUNT} {LISTED}")));
    assert_eq!(keys(&list["accounts"][0]["pricing_tier"]), sorted(&format!("{TIER} {LISTED_TIER}")));
    let account = body(&world, &format!("/accounts/{id}"));
    assert_eq!((keys(&account), keys(&account["pricing_tier"])), (sorted(ACCOUNT), sorted(TIER)));
    assert_eq!(
        keys(&body(&world, &format!("/accounts/{id}/balance"))),
        "auth_id cash_credits currency name updated_at"
    );

    let ledger = body(&world, &format!("/accounts/{id}/transactions?per_page=200"));
    assert_eq!(keys(&ledger), "account_auth_id page per_page summary total total_pages transactions");
    assert_eq!(keys(&ledger["summary"]), "by_reference_type net_amount total_credit total_debit total_transactions");
    assert_eq!(keys(&ledger["summary"]["by_reference_type"][0]), "count reference_type total_credit total_debit");
    for row in ledger["transactions"].as_array().unwrap() {
        let reference = if row.get("reference").is_some() { "reference" } else { "" };
        assert_eq!(keys(row), sorted(&format!("{ROW} {reference}")));
        assert!(row["amount"].is_number());
    }
    assert!(ledger["transactions"].as_array().unwrap().iter().any(|row| row.get("reference").is_none()));

    let dashboard = body(&world, "/dashboard");
    assert_eq!(
        keys(&dashboard),
        sorted("partner period accounts total_balance currency calls traffic by_product time_series")
    );
    assert_eq!((keys(&dashboard["partner"]), &dashboard["partner"]["balance"]), (sorted(ME), &Value::Null));
    assert_eq!(keys(&dashboard["calls"]), "answered_calls total_calls total_cost total_minutes");
    assert_eq!(keys(&dashboard["accounts"]["customers"][0]), "auth_id created_at email is_active name phone");
    let day = &dashboard["time_series"][0];
    assert_eq!(keys(day), "answered_calls date inbound outbound total_calls total_cost total_minutes");
    let cost = dashboard["calls"]["total_cost"].as_str().unwrap();
    assert_eq!(cost.rsplit('.').next().unwrap().len(), 2, "{cost}");
}

#[test]
fn nasty_names_survive_the_json() {
    let world = world("[world]\nnames = 'nasty'\ncustomers = 14\n");
    let list = body(&world, "/accounts?per_page=100");
    let names: Vec<&str> = list["accounts"].as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
    assert_eq!(names, world.accounts().iter().map(|account| account.name.as_str()).collect::<Vec<_>>());
    assert!(names.contains(&"=1+1") && names.contains(&"<script>alert(1)</script>"));
}

/// One request over the socket: status and body, or nothing when the connection broke before the body was whole.
async fn over_the_socket(world: &World, at: std::net::SocketAddr, target: &str) -> Option<(u16, Vec<u8>)> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut line = tokio::net::TcpStream::connect(at).await.unwrap();
    let (id, token) = (&world.partner().auth_id, &world.partner().token);
    let head = format!(
        "GET {target} HTTP/1.1\r\nhost: test\r\nx-auth-id: {id}\r\nx-auth-token: {token}\r\nconnection: close\r\n\r\n"
    );
    line.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _broken = line.read_to_end(&mut bytes).await;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
    let body = bytes[end + 4..].to_vec();
    let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (body.len() == length).then_some((status, body))
}

/// Serves a world while a check runs.
async fn served<T>(scenario: &Scenario, check: impl AsyncFnOnce(&World, std::net::SocketAddr) -> T) -> T {
    let world = Arc::new(World::build(scenario).unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let weather = Weather::new(scenario.weather.clone(), scenario.seed);
    let serving = tokio::spawn(serve(Arc::clone(&world), weather, listener, async move {
        let _gone = stopped.await;
    }));
    let found = check(&world, at).await;
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    found
}

#[tokio::test]
async fn the_socket_serves_the_same_bytes() {
    served(&scenario(""), async |world, at| {
        for target in ["/me", "/accounts?per_page=100", "/transactions?per_page=200&page=2", "/transactions?page=0"] {
            let (status, body) = over_the_socket(world, at, &format!("{BASE_PATH}{target}")).await.unwrap();
            let answer = get(world, target);
            assert_eq!((status, body), (answer.status, answer.body), "{target}");
        }
        assert_eq!(over_the_socket(world, at, "/elsewhere").await.unwrap().0, 404);
    })
    .await;
}

#[tokio::test]
async fn bad_weather_strikes_and_heals() {
    let target = format!("{BASE_PATH}/transactions?per_page=200");
    for (share, expected) in
        [("too_many_requests", Some(429)), ("html_errors", Some(502)), ("truncated", Some(200)), ("resets", None)]
    {
        let scenario = scenario(&format!("[weather]\n{share} = 1000\nfaults_max = 1\n"));
        served(&scenario, async |world, at| {
            let first = over_the_socket(world, at, &target).await;
            assert_eq!(first.as_ref().map(|(status, _)| *status), expected, "{share}");
            if let Some((200, body)) = first {
                assert!(serde_json::from_slice::<Value>(&body).is_err(), "a cut body");
            }
            let (status, body) = over_the_socket(world, at, &target).await.unwrap();
            assert_eq!((status, body), (200, get(world, "/transactions?per_page=200").body), "{share}");
        })
        .await;
    }
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
