//! Terms that name an account which the account list does not hold: named in the summary and by `check --online`, and
//! refused where the settings are strict.

use proptest::prelude::*;
use tieout::invoice::{ExportTerms, InvoiceTerms, RateCard, unmatched};

use crate::desk::{Desk, Partner};
use crate::killed::{BREAKS, CLOSE, RUN, SCENARIO};

/// The first customer, and the same as somebody typed it who took an O for a zero, or the other way round.
fn customer_and_slip(partner: &Partner) -> (String, String) {
    let account = partner.world.accounts()[0].auth_id.clone();
    let at = account.rfind('0').unwrap();
    let slip = format!("{}O{}", &account[..at], &account[at + 1..]);
    (account, slip)
}

/// Terms that name a slip in all the places that there are, and the right account beside it.
fn write_terms(desk: &Desk, account: &str, slip: &str, strict: &str) {
    desk.write(
        "tieout.toml",
        format!(
            "{strict}[fetch]\nrequests_per_second = 1000\n[invoice.customers.{slip}]\nname = \"Alpha\"\n\
             [export.customers]\n{slip} = \"Alpha\"\n{account} = \"Alpha\"\n"
        ),
    );
    desk.write(
        "rate-card.toml",
        format!(
            "[markup]\ndefault = \"20\"\n[markup.accounts.{slip}]\ndefault = \"5\"\n[[fees]]\nname = \"Fee\"\namount = \"10\"\n\
             accounts = [\"{account}\"]\n[[fees]]\nname = \"Line\"\namount = \"1\"\naccounts = [\"MA_GONE\"]\n"
        ),
    );
}

/// A text with the accounts, which chance has named, by what they are here.
fn shown(text: &str, account: &str, slip: &str) -> String {
    text.replace(slip, "MA_SLIP").replace(account, "MA_RIGHT")
}

#[test]
fn a_close_names_what_its_terms_name_and_nobody_has() {
    let partner = Partner::of(SCENARIO);
    let (account, slip) = customer_and_slip(&partner);
    let desk = Desk::at(&partner);
    write_terms(&desk, &account, &slip, "");
    let told = desk.ends(BREAKS, &CLOSE);
    let summary = String::from_utf8(desk.read(&format!("{RUN}/summary.txt"))).unwrap();
    assert!(told.stdout.contains(summary.lines().last().unwrap()));
    let summary = shown(&summary, &account, &slip).replace("\n  ", " ");
    let warning = summary.lines().skip_while(|line| !line.starts_with("Warning: ")).take(2).collect::<Vec<_>>();
    let listed: Vec<&str> =
        summary.lines().skip_while(|line| !line.starts_with("Terms that match no")).take(5).collect();
    insta::assert_snapshot!(format!("{}\n\n{}", warning.join("\n"), listed.join("\n")));
    let json: serde_json::Value = serde_json::from_slice(&desk.read(&format!("{RUN}/close.json"))).unwrap();
    let slips = &json["unmatched"].as_array().unwrap().iter().find(|it| it["account"] == slip.as_str()).unwrap();
    assert_eq!(slips["resembles"], account.as_str());
    assert_eq!(slips["named_by"].as_array().unwrap().len(), 3);
    let page = String::from_utf8(desk.read(&format!("{RUN}/close.html"))).unwrap();
    for part in ["Warning: the terms name", "<section id=\"unmatched\"", "href=\"#unmatched\""] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<section id=\"\""));
    desk.ends(0, &["verify", RUN]);
}

#[test]
fn strict_terms_refuse_a_close_until_they_are_right() {
    let partner = Partner::of(SCENARIO);
    let (account, slip) = customer_and_slip(&partner);
    let desk = Desk::at(&partner);
    write_terms(&desk, &account, &slip, "strict = true\n");
    let told = desk.ends(2, &CLOSE).stderr;
    let lines: Vec<String> = told.lines().map(|line| shown(line, &account, &slip)).collect();
    let (error, hint) =
        (lines.iter().find(|it| it.starts_with("error: ")), lines.iter().find(|it| it.starts_with("hint: ")));
    insta::assert_snapshot!(format!("{}\n{}", error.unwrap(), hint.unwrap()));
    assert!(!desk.path(&format!("{RUN}/SEAL")).exists());
    // The same command goes on from what is kept, once the terms are right, or no longer strict.
    desk.write("rate-card.toml", "[markup]\ndefault = \"20\"\n");
    desk.write("tieout.toml", "strict = true\n[fetch]\nrequests_per_second = 1000\n");
    let told = desk.ends(BREAKS, &CLOSE);
    assert!(!told.stdout.contains("Warning: the terms name"), "{}", told.stdout);
    let json = String::from_utf8(desk.read(&format!("{RUN}/close.json"))).unwrap();
    assert!(!json.contains("\"unmatched\""));
}

#[test]
fn check_asks_the_partner_for_the_list_and_tells_the_place() {
    let partner = Partner::of(SCENARIO);
    let (account, slip) = customer_and_slip(&partner);
    let desk = Desk::at(&partner);
    write_terms(&desk, &account, &slip, "");
    let offline = desk.ends(0, &["check"]).stdout;
    assert!(!offline.contains("account list"), "{offline}");
    let told = shown(&desk.ends(0, &["check", "--online"]).stdout, &account, &slip);
    let named: Vec<&str> = told.lines().filter(|line| line.contains("account list")).collect();
    insta::assert_snapshot!(named.join("\n"));
    write_terms(&desk, &account, &slip, "strict = true\n");
    let told = desk.ends(2, &["check", "--online"]).stdout;
    assert!(told.contains("error: ") && told.contains("hint: `strict = false`"), "{told}");
    let json = desk.ends(2, &["--json", "check", "--online"]).json();
    let at: Vec<&serde_json::Value> =
        json["problems"].as_array().unwrap().iter().filter(|it| it["severity"] == "error").collect();
    assert!(at.len() == 4 && at.iter().all(|it| it["line"].is_u64()), "{json}");
    // Terms that name nobody cost no question.
    desk.write("tieout.toml", "strict = true\n[fetch]\nrequests_per_second = 1000\n");
    desk.write("rate-card.toml", "[markup]\ndefault = \"20\"\n");
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let desk = desk.with(&partner);
    desk.ends(0, &["check", "--online"]);
    assert_eq!(patience.answered(), ["/me"]);
}

#[test]
fn an_account_that_reads_alike_is_told() {
    let meant = |typed: &str| {
        let card = RateCard::parse(&format!("[markup.accounts.{typed}]\ndefault = \"5\"\n")).unwrap();
        let listed = ["MA_ONE", "MA_1L2", "MA_TWO"].into_iter();
        let found = unmatched((&card, &InvoiceTerms::default(), &ExportTerms::default()), listed);
        found.first().map(|it| it.resembles.clone())
    };
    let some = |account: &str| Some(Some(account.to_owned()));
    assert_eq!(["MA_0NE", "ma_one", "MAONE", "MA-ONE"].map(meant), [(); 4].map(|()| some("MA_ONE")));
    assert_eq!((meant("MA_lIZ"), meant("MA_FOUR"), meant("MA_TWO")), (some("MA_1L2"), Some(None), None));
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(9), failure_persistence: None, ..ProptestConfig::default() })]

    /// Every account that any of the terms names is either in the list or told, once, with every place that names it.
    #[test]
    fn nothing_that_is_named_is_dropped(
        markups in prop::collection::btree_set("MA_[A-D]", 0..4),
        fees in prop::collection::btree_set("MA_[A-D]", 0..4),
        particulars in prop::collection::btree_set("MA_[A-D]", 0..4),
        names in prop::collection::btree_set("MA_[A-D]", 0..4),
        listed in prop::collection::btree_set("MA_[A-D]", 0..4),
    ) {
        let section = |of: &std::collections::BTreeSet<String>, form: &dyn Fn(&String) -> String| of.iter().map(form).collect::<String>();
        let accounts = fees.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(", ");
        let card = section(&markups, &|it| format!("[markup.accounts.{it}]\ndefault = '5'\n"))
            + &format!("[[fees]]\nname = 'Fee'\namount = '1'\naccounts = [{accounts}]\n");
        let invoicing = section(&particulars, &|it| format!("[customers.{it}]\nname = 'N'\n"));
        let export = format!("[customers]\n{}", section(&names, &|it| format!("{it} = 'N'\n")));
        let terms = (RateCard::parse(&card).unwrap(), InvoiceTerms::parse(&invoicing).unwrap(), ExportTerms::parse(&export).unwrap());
        let found = unmatched((&terms.0, &terms.1, &terms.2), listed.iter().map(String::as_str));
        let named = [&markups, &fees, &particulars, &names];
        let all: std::collections::BTreeSet<&String> = named.iter().flat_map(|of| of.iter()).collect();
        let expected: Vec<(&str, usize)> = all
            .into_iter()
            .filter(|it| !listed.contains(*it))
            .map(|it| (it.as_str(), named.iter().filter(|of| of.contains(it)).count()))
            .collect();
        let told: Vec<(&str, usize)> = found.iter().map(|it| (it.account.as_str(), it.places.len())).collect();
        prop_assert_eq!(told, expected);
    }
}
