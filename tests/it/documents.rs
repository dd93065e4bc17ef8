//! The invoices' own pages and JSON files: complete, adding up, closed against every text of others, and silent about what
//! the partner pays.

use std::collections::BTreeMap;

use serde_json::Value;
use tieout::archive::Archive;
use tieout::domain::{Amount, sha256};
use tieout::invoice::{InvoiceTerms, TaxHead};
use tieout::run::{Earlier, Inputs, Settled, derive};
use tieout::simulator::{Scenario, World};
use tieout::watch::Nobody;

use crate::desk::{Desk, Partner};
use crate::killed::{CLOSE, RUN, SCENARIO};
use crate::support::{archive, terms};

pub(crate) const GST: &str = include_str!("../../fixtures/invoicing/demo.toml");

/// A month of customers in several States and abroad, whose names a page might obey, with an allowance of both rounding and
/// a refund.
const WORLD: &str = "name = 'n'\nprose = 'p'\nseed = 11\n[expected]\nverdict = 'tied-out'\n[world]\ncustomers = 14\nentries = 900\nnames = 'nasty'\ncurrencies = ['INR', 'INR', 'INR', 'USD']\n";

pub(crate) struct Books {
    scenario: Scenario,
    archive: Archive,
    _folder: tempfile::TempDir,
}

impl Books {
    pub(crate) fn new() -> Self {
        Self::of(WORLD)
    }

    fn of(world: &str) -> Self {
        let scenario = Scenario::read(world).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let archive = archive(&scenario, &World::build(&scenario).unwrap(), &folder.path().join("a.sqlite"));
        Self { scenario, archive, _folder: folder }
    }

    pub(crate) fn settled(&self, invoicing: &str) -> Settled {
        let (period, partner) = (self.scenario.world.period, self.archive.partner().to_owned());
        let fetch = self.archive.latest(period).unwrap().unwrap();
        let evidence = sha256(self.archive.evidence(fetch).unwrap().manifest().as_bytes());
        let earlier = Earlier { numbers_from: 1, ..Earlier::default() };
        let terms = tieout::run::Terms { invoice: InvoiceTerms::parse(invoicing).unwrap(), ..terms(&self.scenario) };
        let inputs = Inputs::new(period.to_string(), period, partner, evidence, &terms, earlier);
        derive(&self.archive, inputs, &Nobody).unwrap()
    }
}

fn files(settled: &Settled, end: &str) -> BTreeMap<String, String> {
    let own = settled.papers.iter().filter(|paper| paper.name.starts_with("invoices/") && paper.name.contains(end));
    own.map(|paper| (paper.name.clone(), String::from_utf8(paper.bytes.clone()).unwrap())).collect()
}

fn money(value: &Value) -> Amount {
    value.as_str().unwrap_or_else(|| panic!("money: {value}")).parse().unwrap()
}

fn sum<'a>(values: impl Iterator<Item = &'a Value>) -> Amount {
    values.map(money).sum()
}

#[test]
fn each_invoice_is_a_file_that_adds_up_and_the_files_are_the_invoices() {
    let settled = Books::new().settled(GST);
    let (files, pages) = (files(&settled, ".json"), files(&settled, ".html"));
    assert_eq!((files.len(), pages.len()), (settled.billing.invoices.len(), settled.billing.invoices.len()));
    assert!(files.len() >= 10, "{}", files.len());
    let mut kinds = BTreeMap::<String, u32>::new();
    for invoice in &settled.billing.invoices {
        let text = &files[&format!("invoices/{}.json", invoice.number.replace('/', "-"))];
        let it: Value = serde_json::from_str(text).unwrap();
        let lines = it["lines"].as_array().unwrap();
        let heads = || lines.iter().flat_map(|line| line["heads"].as_array().unwrap());
        let (taxable, tax) = (sum(lines.iter().map(|line| &line["taxable"])), sum(heads().map(|head| &head["amount"])));
        assert_eq!((taxable, tax), (money(&it["taxable"]), money(&it["tax"])), "{text}");
        assert_eq!(taxable + tax + money(&it["round_off"]), money(&it["total"]), "{text}");
        assert_eq!(sum(lines.iter().map(|line| &line["total"])), taxable + tax, "{text}");
        assert_eq!(money(&it["total"]), invoice.total);
        assert_eq!(invoice.taxable() + invoice.tax + invoice.round_off, invoice.total);
        if it["currency"] == "INR" {
            assert!(it["total"].as_str().unwrap().ends_with(".00"), "rounded to the rupee: {text}");
        }
        // Central and State tax are equal on every line; where there is one of them there is no integrated tax.
        assert_eq!(invoice.owed(TaxHead::Cgst), invoice.owed(TaxHead::Sgst) + invoice.owed(TaxHead::Utgst));
        assert!(invoice.owed(TaxHead::Cgst).is_zero() || invoice.owed(TaxHead::Igst).is_zero());
        // The annex is the wallet's side of the usage and refund lines.
        let annex = sum(it["annex"].as_array().unwrap().iter().map(|day| &day["charged"]));
        let behind = invoice.lines.iter().map(|line| line.cost_base).sum::<Amount>();
        assert_eq!(annex, behind, "{text}");
        // What the partner pays and earns is none of the customer's business.
        for word in ["cost_base", "markup", "\"fees\""] {
            assert!(!text.contains(word), "{word}: {text}");
        }
        *kinds.entry(it["supply"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert!(["within-state", "between-states", "export"].iter().all(|kind| kinds.contains_key(*kind)), "{kinds:?}");
}

#[test]
fn a_page_states_every_particular_and_no_text_of_others_becomes_markup() {
    let settled = Books::new().settled(GST);
    for (invoice, (name, page)) in settled.billing.invoices.iter().zip(files(&settled, ".html")) {
        for said in [
            "Tax invoice",
            "Sagar Voice Private Limited",
            "GSTIN 29AAFCS4821K1Z1",
            invoice.number.as_str(),
            "Place of supply",
            "Reverse charge",
            "998412",
            "2026-04-",
            "Total in words",
            "authorised signatory or digital signature",
        ] {
            assert!(page.contains(said), "{name}: {said}");
        }
        let registered = invoice.supply.gstin.as_ref().map_or("Unregistered".to_owned(), |it| format!("GSTIN {it}"));
        assert!(page.contains(&registered), "{name}");
        assert!(!page.contains("DRAFT") && !page.contains("<script"), "{name}");
        // Nothing but this program's own tags, and no address but the empty icon.
        assert_eq!(page.matches("<style").count(), 1);
        for at in ["http:", "https:", "src=", "javascript:", "onerror", " style=", "markup", "Cost"] {
            assert!(!page.contains(at), "{name}: {at}");
        }
        let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
        let hash = crate::page::base64(&<sha2::Sha256 as sha2::Digest>::digest(style.as_bytes()));
        assert!(page.contains(&format!("sha256-{hash}")), "{name}: the policy lets this style in");
    }
    assert!(files(&settled, ".html").values().any(|page| page.contains("&lt;script&gt;alert(1)&lt;/script&gt;")));
}

#[test]
fn a_page_reads_like_this() {
    let settled = Books::new().settled(&format!("annex = 'none'\n{GST}"));
    let of = |kind: &str| {
        let json = files(&settled, ".json");
        let name = json.iter().find(|(_, text)| text.contains(&format!("\"supply\": \"{kind}\""))).unwrap().0;
        files(&settled, ".html")[&name.replace(".json", ".html")].clone()
    };
    let body = |page: String| page.split("<body>").nth(1).unwrap().to_owned();
    insta::assert_snapshot!(body(of("within-state")));
    insta::assert_snapshot!(body(of("export")));
}

#[test]
fn an_annex_lists_days_entries_or_nothing() {
    let books = Books::new();
    let annexes = |annex: &str| {
        let settled = books.settled(&format!("annex = '{annex}'\n{GST}"));
        let rows = |text: &String| serde_json::from_str::<Value>(text).unwrap()["annex"].as_array().unwrap().len();
        let count: usize = files(&settled, ".json").values().map(rows).sum();
        let entries: u64 = settled.billing.invoices.iter().flat_map(|it| &it.lines).map(|line| line.entries).sum();
        (count, usize::try_from(entries).unwrap())
    };
    // What it comes to stands below it, and whose it is above it, on each page that it goes on to.
    let settled = books.settled(GST);
    for invoice in &settled.billing.invoices {
        let page = &files(&settled, ".html")[&format!("invoices/{}.html", invoice.number.replace('/', "-"))];
        let Some((_, annex)) = page.split_once("class=\"annex\"") else { continue };
        let above = format!(">Tax invoice {}, annex</td>", invoice.number);
        let charged = format!("Charged, {}", invoice.currency.code());
        let (head, rows) = annex.split_once("<tbody>").unwrap();
        assert!(head.contains(&above) && head.contains(&charged), "{annex}");
        let below = rows.split("Charged in all</th><td class=\"figure\">").nth(1).unwrap().split('<').next().unwrap();
        assert_eq!(below.replace(',', "").parse::<Amount>().unwrap(), invoice.cost_base, "{annex}");
    }
    let (days, all) = annexes("days");
    assert!(days > 50 && days < all, "{days} of {all}");
    assert_eq!(annexes("entries"), (all, all));
    assert_eq!(annexes("none").0, 0);
}

#[test]
fn other_regimes_have_their_own_words() {
    let books = Books::new();
    let plain = "regime = 'plain'\ntax_name = 'VAT'\nrates = [{ from = '2020-01-01', percent = '20' }]\n[supplier]\nname = 'Voice Ltd'\ncountry = 'GB'\n";
    let settled = books.settled(plain);
    let page = files(&settled, ".html").into_values().next().unwrap();
    assert!(page.contains("VAT") && page.contains("Tax invoice") && !page.contains("GSTIN"), "{page}");
    let total: Amount = settled.billing.invoices.iter().map(|it| it.tax).sum();
    assert!(!total.is_zero());
    let settled = books.settled("");
    let page = files(&settled, ".html").into_values().next().unwrap();
    assert!(page.contains("<h1>Invoice</h1>") && !page.contains("Taxable"), "{page}");
    assert!(settled.billing.invoices.iter().all(|it| it.tax.is_zero() && it.round_off.is_zero()));
}

#[test]
fn what_a_customer_deducts_at_source_is_told_and_changes_nothing() {
    let books = Books::new();
    let settled = books.settled(GST);
    let deducts = |it: &tieout::invoice::Invoice| it.supply.buyer.gstin.starts_with("27");
    let (told, silent): (Vec<_>, Vec<_>) = settled.billing.invoices.iter().partition(|it| deducts(it));
    assert!(!told.is_empty() && !silent.is_empty());
    let json = |settled: &Settled, number: &str| -> Value {
        serde_json::from_str(&files(settled, ".json")[&format!("invoices/{}.json", number.replace('/', "-"))]).unwrap()
    };
    for it in &told {
        let hundredths = it.taxable().units() * 2 / 100;
        // Half a paisa and more is one.
        let paisa = (hundredths + 500_000) / 1_000_000;
        let of = json(&settled, &it.number);
        assert_eq!((of["tds"]["percent"].as_str(), money(&of["tds"]["base"])), (Some("2"), it.taxable()), "{of}");
        assert_eq!(money(&of["tds"]["amount"]).units(), paisa * 1_000_000, "{of}");
        let page = &files(&settled, ".html")[&format!("invoices/{}.html", it.number.replace('/', "-"))];
        assert!(page.contains("For information: tax deducted at source at 2 % of the value of INR "), "{page}");
    }
    for it in silent {
        assert!(json(&settled, &it.number)["tds"].is_null(), "{}", it.number);
    }
    // The settings know better; what is deducted moves no other figure.
    let somebody = told[0].account.clone();
    let with = |percent: &str| books.settled(&format!("{GST}\n[customers.{somebody}]\ntds_percent = '{percent}'\n"));
    let of = |settled: &Settled| settled.billing.invoices.iter().find(|it| it.account == somebody).unwrap().clone();
    assert_eq!(of(&with("none")).deduction(), None);
    let tenth = of(&with("10"));
    assert_eq!(tenth.deduction().unwrap().percent.to_string(), "10");
    assert_eq!((tenth.total, &tenth.lines), (told[0].total, &told[0].lines));
    assert_eq!(tenth.turned().deduction(), None, "nothing is deducted from what is given back");
    for (wrong, said) in [
        ("[customers.MA_1]\ntds_percent = '0'", "invoice.customers.MA_1.tds_percent: \"0\", expected a percentage"),
        ("[customers.MA_1]\ntds_percent = '101'", "\"101\", expected a percentage above 0 and at most 100"),
        ("[customers.MA_1]\ntds_percent = '2 %'", "\"2 %\", expected a percentage"),
        ("[supplier]\nname = 'A'\ntds_percent = '2'", "invoice.supplier.tds_percent: \"2\", expected nothing"),
    ] {
        let refused = InvoiceTerms::parse(wrong).unwrap_err().to_string();
        assert!(refused.contains(said), "{refused}");
    }
}

#[test]
fn an_invoice_that_is_dated_late_says_so_to_who_made_it() {
    let late = |today: &str| {
        let settled = Books::of(&format!("{WORLD}today = '{today}'\n")).settled(GST);
        let said = |it: &tieout::invoice::Invoice| it.supply.remarks.iter().any(|it| it.contains("within 30 days"));
        let all = settled.billing.invoices.len();
        (settled.billing.invoices.iter().filter(|it| said(it)).count(), all)
    };
    let (told, all) = late("2026-05-01");
    assert!(told == all && all > 5, "{told} of {all}");
    assert_eq!(late("2026-04-30").0, 0);
}

#[test]
fn an_invoice_of_a_day_before_all_rates_says_what_is_charged_instead() {
    let said = |rates: &str| {
        let settled = Books::new().settled(&format!("{rates}\n{GST}"));
        let told =
            |it: &&tieout::invoice::Invoice| it.supply.remarks.iter().any(|it| it.contains("GST is charged at 18 %"));
        (settled.billing.invoices.iter().filter(told).count(), settled.billing.invoices.len())
    };
    let (told, all) = said("rates = [{ from = '2099-01-01', percent = '20' }]");
    assert!(told == all && all > 5, "{told} of {all}");
    assert_eq!(said("rates = [{ from = '2017-07-01', percent = '18' }]").0, 0);
}

#[test]
fn who_cannot_be_billed_lawfully_is_held_and_takes_no_number() {
    let books = Books::new();
    let sound = books.settled(GST);
    let somebody = sound.billing.invoices.iter().find(|it| it.currency.code() == "INR").unwrap().account.clone();
    let wrong = format!("{GST}\n[customers.{somebody}]\ngstin = '27AAPFU0939F1ZO'\n");
    let settled = books.settled(&wrong);
    let held = settled.billing.held.iter().find(|it| it.account == somebody).unwrap();
    assert!(held.reason.contains("its check character would be 'V'"), "{}", held.reason);
    let numbers: Vec<&str> = settled.billing.invoices.iter().map(|it| it.number.as_str()).collect();
    let expected: Vec<&str> = sound.billing.invoices.iter().map(|it| it.number.as_str()).take(numbers.len()).collect();
    assert_eq!((numbers.len() + 1, numbers), (sound.billing.invoices.len(), expected), "no gap in the series");
    let lenient = books.settled(&format!("wrong_gstin = 'unregistered'\n{wrong}"));
    let invoice = lenient.billing.invoices.iter().find(|it| it.account == somebody).unwrap();
    assert!(invoice.supply.gstin.is_none() && invoice.supply.remarks[0].starts_with("billed as unregistered"));
}

#[test]
fn a_draft_says_so_on_every_page_and_seals_nothing() {
    let partner = Partner::of(
        SCENARIO.replace("[[flaws]]\nclass = 'amount-differs'\n", "").replace("'breaks'", "'tied-out'").as_str(),
    );
    let desk = Desk::at(&partner);
    desk.write(
        "tieout.toml",
        format!(
            "[invoice]\n{}",
            GST.replace("[sac_classes]", "[invoice.sac_classes]").replace("[supplier]", "[invoice.supplier]")
        ),
    );
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    let told = desk.ends(0, &["draft", RUN]).stdout;
    assert!(told.contains("nothing is numbered or sealed by this"), "{told}");
    let drafts =
        || desk.files().into_iter().filter(|(name, _)| name.starts_with(&format!("{RUN}.draft/"))).collect::<Vec<_>>();
    assert!(!drafts().is_empty());
    for (name, bytes) in drafts().into_iter().filter(|(name, _)| !name.ends_with("/drafts.sha256")) {
        let text = String::from_utf8(bytes).unwrap();
        let marked = if name.contains(".html") { "<span>DRAFT</span>" } else { "\"draft\": true" };
        assert!(text.contains(marked), "{name}");
    }
    desk.ends(0, &CLOSE);
    let sealed = desk
        .files()
        .into_iter()
        .find(|(name, _)| name.starts_with(&format!("{RUN}/invoices/")) && name.contains(".html"));
    assert!(!String::from_utf8(sealed.unwrap().1).unwrap().contains("DRAFT"));
    desk.ends(0, &["verify", RUN]);
    let refused = desk.ends(2, &["draft", RUN]).stderr;
    assert!(refused.contains("sealed"), "{refused}");
}
