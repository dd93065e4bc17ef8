//! Where the page leads: each figure of the overview to the rows that it counts, each link to a list whose filters say what
//! they do, and the keyboard to where it was.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::again_desk::ONE;
use crate::months::Year;
use crate::page::page_of;
use crate::page_browser::{audit, told, told_within};
use crate::report::rows;
use crate::{notes, recharge};

/// Follows every link of the overview to a list: what it is on, the list's rows, and the different things they speak of.
const FOLLOW: &str = "
    const links = all('header a, main a', it => it).filter(it => it.getAttribute('href').startsWith('#list:'));
    const column = it => {
        const cell = it.closest('td, th, dd');
        if (cell.tagName === 'DD') return cell.previousElementSibling.textContent;
        return it.closest('table').rows[0].cells[cell.cellIndex].textContent;
    };
    const row = it => it.closest('tr') ? it.closest('tr').cells[0].textContent : '';
    const seen = new Map();
    for (const href of new Set(links.map(it => it.getAttribute('href')))) {
        if (location.hash !== href) {
            const changed = new Promise(done => addEventListener('hashchange', done, {once: true}));
            location.hash = href;
            await changed;
        }
        const said = /of ([\\d,]+) rows(?: on ([\\d,]+))?/.exec(one('#count').textContent) || [null, '0'];
        seen.set(href, {rows: said[1], ids: said[2] || said[1]});
    }
    tell({
        links: links.map(it => ({text: it.textContent, column: column(it), row: row(it), href: it.getAttribute('href'), ...seen.get(it.getAttribute('href'))})),
        bare: all('main td.number:not(#list td) bdi').filter(text => text !== '' && text !== '0'),
    });";

/// The figure that a text begins with; of what is said of some of all, how many all are.
fn figure(text: &str, column: &str) -> Option<u64> {
    let text = text.split_once(" of ").filter(|_| column == "Accounts").map_or(text, |(_, all)| all);
    if text == "none" {
        return Some(0);
    }
    let first = text.split(' ').next().unwrap().replace(',', "");
    first.parse().ok()
}

/// How many links of a page count the rows that they lead to.
fn every_count_is_the_rows_behind_it(page: &str) -> BTreeMap<String, usize> {
    let Some(told) = told(page, "", FOLLOW) else { return BTreeMap::new() };
    assert_eq!(told["bare"], Value::from(Vec::<Value>::new()), "figures that lead nowhere");
    let mut counted = BTreeMap::new();
    for link in told["links"].as_array().unwrap() {
        let of = |name: &str| link[name].as_str().unwrap().to_owned();
        // Ledgers and entries are read elsewhere than where they are listed; what has decimals is a sum.
        let column = of("column");
        let Some(figure) = figure(&of("text"), &column).filter(|_| !["Ledgers", "Entries"].contains(&column.as_str()))
        else {
            continue;
        };
        let [rows, ids] = ["rows", "ids"].map(|name| of(name).replace(',', "").parse::<u64>().unwrap());
        assert!(figure == rows || figure == ids, "{link}");
        *counted.entry(column).or_default() += 1;
    }
    counted
}

fn counts(counted: &BTreeMap<String, usize>, columns: &[&str]) {
    assert!(counted.is_empty() || columns.iter().all(|column| counted.contains_key(*column)), "{counted:?}");
}

#[test]
fn every_figure_of_a_month_leads_to_the_rows_that_it_counts() {
    let counted = every_count_is_the_rows_behind_it(&page_of(&audit()));
    counts(&counted, &["Accounts", "Customers", "Findings", "Invoices", "Held", "implied", "Tie-outs", "Effects"]);
    counts(&counted, &["0 to 1 days", "2 to 7", "8 to 30", "Wallets", "breaks", "tied-out"]);
}

#[test]
fn every_figure_of_the_recharge_check_leads_to_the_wallets_that_it_counts() {
    let counted = every_count_is_the_rows_behind_it(&page_of(&recharge::listed().papers));
    counts(&counted, &["Wallets", "Covered", "Uncovered", "Negative", "Not judged"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_of_the_notes_leads_to_the_notes_that_it_counts() {
    let closed = notes::given().await;
    counts(&every_count_is_the_rows_behind_it(&page_of(&closed.settled.papers)), &["Count"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_figure_from_month_to_month_leads_to_the_rows_that_it_counts() {
    let year = Year::begin().await;
    year.post(10, Some("2026-01-10"), None);
    year.post(12, Some("2026-01-12"), None);
    year.closed("2026-01").await;
    year.post(5, Some("2026-02-28"), Some("2026-03-01"));
    year.post(20, Some("2026-02-20"), None);
    year.closed("2026-02").await;
    year.post(30, Some("2026-03-30"), None);
    // A timing difference has its other half in March, what February and January left open is not asked again.
    let march = year.closed("2026-03").await;
    // Of January one break is another one now, and one is gone.
    for id in [10, 12] {
        year.post(id, Some(&format!("2026-01-{id}")), Some(&format!("2026-01-{id}")));
    }
    year.asker.desk.books().ledgers.get_mut(ONE).unwrap().iter_mut().find(|it| it.id == 10).unwrap().amount = 9;
    let again = year.closed("2026-01").await;
    let (mut standings, mut links) = (Vec::new(), BTreeMap::new());
    for closed in [march, again] {
        let papers = &closed.settled.papers;
        standings.extend(rows(papers, "carried.csv").into_iter().map(|row| row["standing"].clone()));
        links.extend(every_count_is_the_rows_behind_it(&page_of(papers)));
    }
    counts(&links, &["Handed on", "Not asked", "Findings", "2 to 7", "8 to 30", "Over 30"]);
    standings.sort();
    standings.dedup();
    assert_eq!(standings, ["persisting", "replaced", "resolved"]);
}

#[test]
fn filters_say_what_they_want_and_figures_are_found_as_they_are_shown() {
    let papers = audit();
    let rows_of = |name: &str| rows(&papers, name);
    let own = rows_of("tie_outs.csv").last().unwrap()["account"].clone();
    let large = rows_of("accounts.csv").into_iter().find(|row| row["credits"].len() > 6).unwrap();
    let found = rows_of("breaks.csv").into_iter().find(|row| row["class"] == "amount-differs").unwrap();
    let script = format!(
        "
        const shown = () => ({{rows: all('#list tbody th'), count: one('#count').textContent, wanted: one('#filter-account').selectedOptions[0].textContent}});
        await go('#list:tie_outs?account=!{own}');
        const said = {{but: shown()}};
        one('#filter-account').selectedIndex = 0;
        one('#filter-account').dispatchEvent(new Event('change'));
        said.all = shown();
        await go('#list:tie_outs?account={own}&account=MA_NOBODY');
        said.either = shown();
        await go('#list:accounts');
        said.cell = all('#list tbody tr', it => it).find(it => it.textContent.includes('{}')).querySelector('[data-label=Credits]').textContent;
        set('#search', said.cell, 'input');
        said.grouped = all('#list tbody th');
        set('#search', said.cell.replaceAll(',', ''), 'input');
        said.plain = all('#list tbody th');
        await go('#list:breaks');
        set('#search', '{}', 'input');
        said.named = all('#list tbody th');
        await go('#list:recharges?account=MA_NOBODY');
        said.pages = getComputedStyle(one('#pages')).display;
        await go('#list:unreadable');
        said.empty = one('#count').textContent;
        tell(said);",
        large["account"],
        found["name"].to_uppercase(),
    );
    let Some(told) = told(&page_of(&papers), "", &script) else { return };
    let tie_outs = rows_of("tie_outs.csv");
    let not_own = tie_outs.iter().filter(|row| row["account"] != own).count();
    let shown = |name: &str| told[name]["rows"].as_array().unwrap().len();
    assert_eq!((shown("but"), &told["but"]["wanted"]), (not_own, &Value::from(format!("all but {own}"))));
    assert_eq!((shown("all"), &told["all"]["wanted"]), (tie_outs.len(), &Value::from("all")));
    let either = Value::from(format!("{own} or MA_NOBODY"));
    assert_eq!((shown("either"), &told["either"]["wanted"]), (tie_outs.len() - not_own, &either));
    assert!(told["cell"].as_str().unwrap().contains(','), "{}", told["cell"]);
    assert_eq!((&told["grouped"], &told["plain"]), (&serde_json::json!([large["account"]]), &told["grouped"]));
    let of_name = rows_of("breaks.csv").into_iter().filter(|row| row["name"] == found["name"]);
    assert_eq!(told["named"], Value::from(of_name.map(|row| row["break_id"].clone()).collect::<Vec<_>>()));
    assert_eq!((&told["pages"], &told["empty"]), (&Value::from("none"), &Value::from("This list is empty.")));
}

#[test]
fn a_verdict_leads_to_what_it_rests_on() {
    let papers = audit();
    let page = page_of(&papers);
    let timed = |row: &BTreeMap<String, String>| row["verdict"] == "tied-out-with-timing" && row["breaks"] == "0";
    let row = rows(&papers, "tie_outs.csv").into_iter().find(timed).unwrap();
    let script = format!(
        "
        await go('#list:tie_outs?account={}');
        one('#list tbody td[data-label=Verdict] a').click();
        await later();
        tell(all('#list tbody tr', it => it.querySelector('[data-label=Class]').textContent));",
        row["account"]
    );
    let Some(told) = told(&page, "", &script) else { return };
    assert!(told.as_array().unwrap().contains(&Value::from("zone-straddle")), "{told}");
}

#[test]
fn the_keyboard_stays_where_it_was() {
    let papers = audit();
    let found = rows(&papers, "breaks.csv").into_iter().find(|row| row["class"] == "amount-differs").unwrap();
    let script = "
        const at = () => document.activeElement.id || document.activeElement.textContent;
        const button = all('#choice button', it => it)[2];
        button.focus();
        button.click();
        const said = {chosen: at() === button.textContent, pressed: button.getAttribute('aria-pressed')};
        await go('#list:breaks');
        const link = one('#list tbody th a');
        link.focus();
        link.click();
        await later();
        const account = one('#detail dd a[href^=\"#account:\"]');
        account.focus();
        account.click();
        await later();
        said.told = at();
        one('#close').click();
        await later();
        said.back = document.activeElement === link;
        await go('#list:tie_outs?account=!MA_NOBODY');
        one('#filter-account').focus();
        one('#filter-account').selectedIndex = 0;
        one('#filter-account').dispatchEvent(new Event('change'));
        said.filter = at();
        tell(said);";
    let page = page_of(&papers);
    let Some(told) = told(&page, "", script) else { return };
    let expected = serde_json::json!({"chosen": true, "pressed": "true", "told": "detail-title", "back": true, "filter": "filter-account"});
    assert_eq!(told, expected);
    let title = crate::page_browser::told(
        &page,
        &format!("#break:{}", found["break_id"]),
        "tell(one('#detail-title').textContent);",
    );
    assert_eq!(title, Some(Value::from(format!("finding {}, {}", found["break_id"], found["name"]))));
}

#[test]
fn on_a_phone_a_row_keeps_its_header_and_a_table_shows_that_it_scrolls() {
    let script = "
        // No window is as narrow as a phone, but the page can be.
        document.body.style.width = '390px';
        const table = all('.scroll', it => it).find(it => it.scrollWidth > it.clientWidth + 100);
        const head = table.querySelector('th[scope=row]');
        const before = head.getBoundingClientRect().left;
        table.scrollLeft = 100;
        await later();
        tell({
            narrow: matchMedia('(max-width: 44rem)').matches, fits: document.body.scrollWidth <= 390, kept: head.getBoundingClientRect().left === before,
            ground: getComputedStyle(head).backgroundColor === getComputedStyle(document.body).backgroundColor,
            shadow: getComputedStyle(table).backgroundImage.startsWith('linear-gradient'),
        });";
    let Some(told) = told_within(&page_of(&audit()), "390,844", script) else { return };
    let expected = serde_json::json!({"narrow": true, "fits": true, "kept": true, "ground": true, "shadow": true});
    assert_eq!(told, expected);
}

#[test]
fn no_header_is_empty_no_two_regions_have_one_name_and_every_word_of_a_recharge_its_mark() {
    let script = "
        await go('#list:recharges');
        const mark = it => getComputedStyle(it, '::before').content.replaceAll('\"', '');
        const names = all('[role=region], section[aria-labelledby], nav, [role=search]', it => it.getAttribute('aria-label') || it.getAttribute('aria-labelledby'));
        tell({
            empty: all('th').filter(text => text.trim() === '').length,
            twice: names.filter((name, at) => names.indexOf(name) !== at),
            marks: Object.fromEntries(all('#list .mark', it => [it.textContent, mark(it)])),
        });";
    let Some(told) = told(&page_of(&recharge::listed().papers), "", script) else { return };
    let marks = serde_json::json!({
        "covered": "✓", "uncovered": "△", "negative": "■", "not-evidenced": "○", "not-billed": "○", "postpaid": "○",
    });
    assert_eq!(told, serde_json::json!({"empty": 0, "twice": [], "marks": marks}));
}
