//! What single requests are answered: refusals, filters, and the documented keys.

use std::collections::BTreeSet;

use serde_json::Value;
use tieout::simulator::Request;

use super::{body, get, request, walk, world};

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

/// The keys of an object, sorted.
fn keys(value: &Value) -> String {
    let keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.join(" ")
}

fn sorted(words: &str) -> String {
    let words: BTreeSet<&str> = words.split_whitespace().collect();
    words.into_iter().collect::<Vec<_>>().join(" ")
}

const ACCOUNT: &str = "name email phone description gstin gst_status tds_enabled tds_percentage business_type id \
    auth_id api_id account_type role postpaid address city state timezone country zip_code company billing_mode \
    auto_recharge \
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
