//! Names in the scripts of India, each of which the PDFs can set; and whoever has a text that they cannot, who alone is held.

use serde_json::json;

use crate::documents::{Books, GST};
use crate::foreign::desk_at;
use crate::killed::CLOSE;
use crate::pdf::{made_out_to, poppler};
use crate::raw::{accounts, call, sound_page};
use crate::raw_server::{RawServer, ok};

const RUN: &str = "reports/2026-03";

/// A firm and its street in each script, with letters that join, signs before and around their letter, and digits.
const SCRIPTS: [(&str, &str, &str); 9] = [
    ("Devanagari", "शर्मा टेलीकॉम", "१२ क्षेत्र, मुंबई"),
    ("Bengali", "শ্রী টেলিকম", "৪২ বৌবাজার স্ট্রিট, কলকাতা"),
    ("Gujarati", "શ્રી ટેલિકોમ", "૭ જ્ઞાન રોડ, અમદાવાદ"),
    ("Gurmukhi", "ਸ਼ਰਮਾ ਟੈਲੀਕਾਮ", "੧੨ ਸੈਕਟਰ, ਚੰਡੀਗੜ੍ਹ"),
    ("Kannada", "ಶರ್ಮಾ ಟೆಲಿಕಾಂ", "೧೨ ಕ್ಷೇತ್ರ, ಬೆಂಗಳೂರು"),
    ("Malayalam", "ശർമ്മ ടെലികോം", "൧൨ ക്ഷേത്രം, തിരുവനന്തപുരം അവന്\u{200d}"),
    ("Oriya", "ଶର୍ମା ଟେଲିକମ୍", "୧୨ କ୍ଷେତ୍ର, ଭୁବନେଶ୍ୱର"),
    ("Tamil", "சர்மா டெலிகாம்", "௧௨ ஸ்ரீ கோயில், சென்னை"),
    ("Telugu", "శర్మా టెలికాం", "౧౨ క్షేత్రం, హైదరాబాద్"),
];

#[test]
fn every_script_of_india_is_set_in_both_weights_with_its_own_font() {
    let settled = Books::new().settled(GST);
    for (script, name, address) in SCRIPTS {
        let pdf = made_out_to(&settled, name, address).unwrap_or_else(|refused| panic!("{script}: {refused}"));
        let Some(fonts) = poppler("pdffonts", &["PDF"], &pdf) else { return };
        let fonts = String::from_utf8(fonts).unwrap();
        for font in [format!("NotoSans{script}-Bold"), format!("NotoSans{script}-Regular")] {
            assert!(fonts.contains(&font), "{font} is not in {fonts}");
        }
        // Nothing of one text runs into another script's font.
        let (mixed, long) = (format!("{name} ₹ Ltd"), format!("{name}{address}").replace(' ', "").repeat(6));
        made_out_to(&settled, &mixed, &long).unwrap_or_else(|refused| panic!("{script}: {refused}"));
    }
    let all: String = SCRIPTS.iter().map(|(_, name, address)| format!("{name} {address} ")).collect();
    made_out_to(&settled, &all, &all).unwrap();
}

/// Three customers, of whom the first two have names that no font has, and one call of the third a text that none has.
fn server() -> RawServer {
    let named = |id: &str, name: &str| {
        json!({ "auth_id": id, "name": name, "cash_credits": "100.00000", "pricing_tier": { "currency": "INR" } })
            .to_string()
    };
    let list =
        accounts(&[named("MA_A", "Fox 🦊"), named("MA_B", "Asha Ω\u{1ce3}\u{343}"), named("MA_C", SCRIPTS[4].1)]);
    let rows = |account: &str| {
        let call = |number: u8, text: &str| {
            call(&format!("e-{account}-{number}"), account, "1.25").replace("Call to", &format!("{text} to"))
        };
        vec![call(1, "Call"), call(2, if account == "MA_C" { "📞" } else { "Call" })]
    };
    RawServer::new(move |request| {
        let of = |account: &str| request.starts_with(&format!("accounts/{account}/transactions"));
        let rows = match request {
            _ if request.contains("transaction_type") => return None,
            _ if request.starts_with("accounts?") => return Some(ok(&list)),
            _ if request.starts_with("transactions") => ["MA_A", "MA_B", "MA_C"].map(rows).concat(),
            _ => rows(["MA_A", "MA_B", "MA_C"].into_iter().find(|account| of(account))?),
        };
        Some(ok(sound_page(&rows)))
    })
}

#[test]
fn whoever_has_a_text_that_cannot_be_set_is_held_and_nobody_else() {
    let (_runtime, desk) = desk_at(&server());
    let quick = String::from_utf8(desk.read("tieout.toml")).unwrap();
    let close = |invoicing: &str, folder: &str| {
        desk.write("tieout.toml", format!("{quick}[invoice]\npdf = true\n{invoicing}"));
        let told = desk.ends(0, &CLOSE);
        assert!(told.stdout.contains(&format!("run  {folder}\n")), "{}", told.stdout);
        desk.ends(0, &["verify", folder]);
        let billed = desk.table(&format!("{folder}/invoices.csv"));
        let pdfs = desk.files_in(folder).iter().filter(|(name, _)| name.contains(".pdf")).count();
        assert_eq!(pdfs, billed.len());
        let of =
            |it: &std::collections::BTreeMap<String, String>, what: &str| (it["account"].clone(), it[what].clone());
        let held = desk.table(&format!("{folder}/held.csv"));
        let billed: Vec<_> = billed.iter().map(|it| of(it, "number")).collect();
        let told = |it: &std::collections::BTreeMap<String, String>| {
            (it["account"].clone(), format!("{}: {}", it["reason"], it["hint"]))
        };
        (billed, held.iter().map(told).collect::<Vec<_>>())
    };
    // The letters of MA_B have glyphs, each in another font; a text of one entry holds MA_C where entries are listed.
    let (billed, held) = close("annex = 'entries'\n", RUN);
    assert_eq!(billed, []);
    let fox = "customer: \"Fox 🦊\" holds '🦊' (U+1F98A), which no font of the PDF has: correct it below [invoice.customers.MA_A], \
               or set pdf = false below [invoice], and close the month again";
    assert_eq!(held[0], ("MA_A".to_owned(), fox.to_owned()));
    assert!(
        held[1].1.contains("which no font of the PDF has together: correct it below [invoice.customers.MA_B]"),
        "{held:?}"
    );
    assert!(
        held[2].1.starts_with("annex: ") && held[2].1.contains("correct it by annex = \"days\" below [invoice]"),
        "{held:?}"
    );
    // What each hint says ends its hold.
    let (billed, held) = close("", &format!("{RUN}.r2"));
    assert_eq!(billed, [("MA_C".to_owned(), "INV-000001".to_owned())]);
    assert_eq!(held.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), ["MA_A", "MA_B"]);
    let (billed, held) = close("[invoice.customers.MA_A]\nname = 'Fox'\n", &format!("{RUN}.r3"));
    assert_eq!(billed, [("MA_A".to_owned(), "INV-000002".to_owned())]);
    assert!(held[1].1.starts_with("billed already: INV-000001"), "{held:?}");
    // The supplier's own text is on everybody's paper: there is nobody to hold.
    desk.write("tieout.toml", format!("{quick}[invoice]\npdf = true\n[invoice.supplier]\nname = 'Sagar 漢'\n"));
    let refused = desk.ends(2, &CLOSE).stderr;
    assert!(refused.contains("supplier: \"Sagar 漢\" holds '漢'") && !refused.contains("🦊"), "{refused}");
    assert!(refused.contains("hint: correct it below [invoice.supplier], or set pdf = false"), "{refused}");
}
