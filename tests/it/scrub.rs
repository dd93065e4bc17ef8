//! Secrets never survive the scrub, and nothing else is touched.

use proptest::prelude::*;
use serde_json::{Map, Value};
use tieout::archive::{scrub, strike};

const TOKEN: &str = "tk-5e\"cr/et-Ünicode";

fn key() -> impl Strategy<Value = String> {
    let secret = ["auth_token", "AUTH_TOKEN", "password", "Secret", "api_key", "apiKey", "token", "tokens"];
    let plain = ["id", "name", "amount", "tokenised", "secretary", "auth_id", "a\"b", ""];
    prop_oneof![prop::sample::select(secret.to_vec()), prop::sample::select(plain.to_vec())].prop_map(String::from)
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        Just(Value::from(format!("before {TOKEN} after"))),
        Just(Value::from("{\"auth_token\": \"nested text\"}")),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..5).prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
        ]
    })
}

/// The same rule on parsed JSON: plain, slow, and sharing no code with what it tests.
fn struck(value: Value) -> Value {
    let names = ["auth_token", "password", "secret", "api_key", "apikey", "token", "tokens"];
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(key, value)| {
                    let secret = names.contains(&key.to_lowercase().as_str());
                    (key, if secret { Value::from("[struck]") } else { struck(value) })
                })
                .collect(),
        ),
        Value::Array(items) => items.into_iter().map(struck).collect(),
        Value::String(text) if text.contains(TOKEN) => Value::from("[struck]"),
        other => other,
    }
}

proptest! {
    #[test]
    fn secrets_never_survive_in_json(value in json(), pretty: bool) {
        let body = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let clean = scrub(body.as_bytes(), TOKEN);
        let read: Value = serde_json::from_slice(&clean).expect("scrubbed JSON is JSON");
        prop_assert_eq!(&read, &struck(value));
        prop_assert_eq!(scrub(&clean, TOKEN), clean, "a second scrub changes nothing");
    }

    #[test]
    fn what_is_no_secret_stays_byte_for_byte(body in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert_eq!(scrub(&body, "a token that is not there"), body);
    }

    #[test]
    fn around_a_secret_nothing_changes(
        before in "[ \t\n]{0,3}", between in "[ \t\n]{0,3}", after in "[ \t\n]{0,3}", value in json(), rest in json(),
    ) {
        let head = format!("{{{before}\"amount\": 1.50000,\"auth\\u005fTOKEN\"{between}:{between}");
        let tail = format!("{after},\"more\":{}}}", struck(rest));
        let body = format!("{head}{value}{tail}");
        prop_assert_eq!(
            String::from_utf8(scrub(body.as_bytes(), TOKEN)).unwrap(),
            format!("{head}\"[struck]\"{tail}")
        );
    }

    #[test]
    fn the_token_never_survives_anywhere(noise in prop::collection::vec(any::<u8>(), 0..60), at in 0_usize..60) {
        let token = "5f3b-plain-token";
        let mut body = noise.clone();
        let at = at.min(body.len());
        body.splice(at..at, token.bytes());
        let clean = scrub(&body, token);
        prop_assert!(!clean.windows(token.len()).any(|window| window == token.as_bytes()));
    }
}

#[test]
fn escapes_hide_nothing() {
    let body = br#"{"note":"t\u006f\/ken-123","n":12345678,"pass\u0077ord":[1,{"x":"]"}],"amount":"1.50"}"#;
    let clean = |token| String::from_utf8(scrub(body, token)).unwrap();
    assert_eq!(clean("to/ken-123"), r#"{"note":"[struck]","n":12345678,"pass\u0077ord":"[struck]","amount":"1.50"}"#);
    assert_eq!(
        clean("12345678"),
        r#"{"note":"t\u006f\/ken-123","n":"[struck]","pass\u0077ord":"[struck]","amount":"1.50"}"#
    );
}

#[test]
fn a_body_that_is_cut_off_gives_no_secret_away() {
    let body = br#"{"accounts":[{"auth_id":"MA_1","auth_token":"abcdef"#;
    assert_eq!(scrub(body, "x1x2x3"), br#"{"accounts":[{"auth_id":"MA_1","auth_token":"[struck]""#);
    assert_eq!(strike("bad token abc!", "abc"), "bad token [struck]!");
    assert_eq!(strike("nothing", ""), "nothing");
}
