//! A small validator for the JSON schemas of `fixtures/`: the words of draft 7 that they use, and a refusal of any other, so
//! that no rule of theirs is passed over.

use serde_json::Value;

use crate::support::fixture;

/// Everything in `value` that `schema` refuses, each with its place.
pub(crate) fn faults(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, value, "$", &mut found);
    found
}

/// The same, and every key that the schema does not tell of: nothing is said that is not published.
pub(crate) fn faults_and_strangers(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = faults(schema, value);
    if found.is_empty() {
        strangers(std::slice::from_ref(schema), value, "$", &mut found);
    }
    found
}

/// A schema of `fixtures/outcomes`, or a part of one: `verify.schema.json`, `common.schema.json#/definitions/fetch`.
pub(crate) fn published(name: &str) -> Value {
    let (file, part) = name.split_once('#').unwrap_or((name, ""));
    let text =
        std::fs::read(fixture(&format!("outcomes/{file}"))).unwrap_or_else(|refused| panic!("{file}: {refused}"));
    let whole: Value = serde_json::from_slice(&text).unwrap();
    whole.pointer(part).unwrap_or_else(|| panic!("{name}: no such part")).clone()
}

fn strangers(schemas: &[Value], value: &Value, place: &str, found: &mut Vec<String>) {
    let schemas: Vec<Value> = schemas.iter().flat_map(|schema| that_hold(schema, value)).collect();
    let items = value.as_array().into_iter().flatten().enumerate();
    items.for_each(|(at, value)| {
        let within: Vec<Value> = schemas.iter().filter_map(|it| it.get("items")).cloned().collect();
        strangers(&within, value, &format!("{place}[{at}]"), found);
    });
    for (key, value) in value.as_object().into_iter().flatten() {
        let of = |it: &Value| it["properties"].get(key).or_else(|| it.get("additionalProperties")).cloned();
        let within: Vec<Value> = schemas.iter().filter_map(of).collect();
        if within.is_empty() {
            found.push(format!("{place}.{key}: the schema does not know it"));
        }
        strangers(&within, value, &format!("{place}.{key}"), found);
    }
}

/// The schemas that a schema is made of, as far as they hold for a value.
fn that_hold(schema: &Value, value: &Value) -> Vec<Value> {
    let mut all = vec![schema.clone()];
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        all.extend(that_hold(&published(name), value));
    }
    let parts = ["anyOf", "allOf"].into_iter().filter_map(|word| schema.get(word)?.as_array());
    for part in parts.flatten().filter(|part| faults(part, value).is_empty()) {
        all.extend(that_hold(part, value));
    }
    all
}

fn check(schema: &Value, value: &Value, place: &str, found: &mut Vec<String>) {
    for (word, rule) in schema.as_object().expect("a schema is an object") {
        let holds = match word.as_str() {
            "$schema" | "title" | "description" | "definitions" => true,
            "$ref" => {
                check(&published(rule.as_str().unwrap()), value, place, found);
                true
            }
            "anyOf" => rule.as_array().unwrap().iter().any(|rule| faults(rule, value).is_empty()),
            "allOf" => {
                rule.as_array().unwrap().iter().for_each(|rule| check(rule, value, place, found));
                true
            }
            "type" => match rule {
                Value::Array(names) => names.iter().any(|name| is_type(value, name.as_str().unwrap())),
                name => is_type(value, name.as_str().unwrap()),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "pattern" => value.as_str().is_none_or(|text| matches(rule.as_str().unwrap(), text)),
            "minLength" => value.as_str().is_none_or(|text| text.chars().count() >= size(rule)),
            "maxLength" => value.as_str().is_none_or(|text| text.chars().count() <= size(rule)),
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() >= size(rule)),
            "required" => {
                // A rule about objects alone: what else a value may be is `type`'s to say.
                let known = |key: &Value| value.get(key.as_str().unwrap()).is_some();
                !value.is_object() || rule.as_array().unwrap().iter().all(known)
            }
            "additionalProperties" if rule.is_object() => {
                let strange = |(key, _): &(&String, &Value)| schema["properties"].get(key).is_none();
                for (key, value) in value.as_object().into_iter().flatten().filter(strange) {
                    check(rule, value, &format!("{place}.{key}"), found);
                }
                true
            }
            "additionalProperties" => {
                assert_eq!(rule, &Value::Bool(false));
                let known = |key: &String| schema["properties"].get(key).is_some();
                value.as_object().is_none_or(|object| object.keys().all(known))
            }
            "properties" => {
                for (key, rule) in rule.as_object().unwrap() {
                    value.get(key).into_iter().for_each(|value| check(rule, value, &format!("{place}.{key}"), found));
                }
                true
            }
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                items.for_each(|(at, value)| check(rule, value, &format!("{place}[{at}]"), found));
                true
            }
            unknown => panic!("the validator does not know {unknown}"),
        };
        if !holds {
            found.push(format!("{place}: {word}"));
        }
    }
}

fn size(rule: &Value) -> usize {
    usize::try_from(rule.as_u64().unwrap()).unwrap()
}

fn is_type(value: &Value, name: &str) -> bool {
    match name {
        "array" => value.is_array(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the validator does not know the type {other}"),
    }
}

/// Whether a text is as a pattern says: characters, sets with ranges, and how often each of them stands there.
fn matches(pattern: &str, text: &str) -> bool {
    let inner = pattern.strip_prefix('^').and_then(|it| it.strip_suffix('$')).expect("a pattern is anchored");
    from(&inner.chars().collect::<Vec<_>>(), &text.chars().collect::<Vec<_>>())
}

fn from(pattern: &[char], text: &[char]) -> bool {
    if pattern.is_empty() {
        return text.is_empty();
    }
    let set = if pattern[0] == '[' { pattern.iter().position(|c| *c == ']').unwrap() + 1 } else { 1 };
    let (one, rest) = pattern.split_at(set);
    let (least, most, rest) = repeats(rest);
    let fits = text.iter().take(most).take_while(|c| is_one(one, **c)).count();
    (least..=fits).rev().any(|count| from(rest, &text[count..]))
}

fn repeats(pattern: &[char]) -> (usize, usize, &[char]) {
    match pattern.first() {
        Some('*') => (0, usize::MAX, &pattern[1..]),
        Some('{') => {
            let end = pattern.iter().position(|c| *c == '}').unwrap();
            let inside: String = pattern[1..end].iter().collect();
            let (least, most) = inside.split_once(',').unwrap_or((&inside, &inside));
            (least.parse().unwrap(), most.parse().unwrap(), &pattern[end + 1..])
        }
        _ => (1, 1, pattern),
    }
}

fn is_one(one: &[char], c: char) -> bool {
    let Some(inner) = one.strip_prefix(&['['][..]) else { return one[0] == c };
    let inner = &inner[..inner.len() - 1];
    let (negated, inner) = inner.strip_prefix(&['^'][..]).map_or((false, inner), |inner| (true, inner));
    let mut found = false;
    let mut at = 0;
    while at < inner.len() {
        if inner[at] == '\\' {
            found |= inner[at + 1] == c;
            at += 2;
        } else if inner.get(at + 1) == Some(&'-') && at + 2 < inner.len() {
            found |= (inner[at]..=inner[at + 2]).contains(&c);
            at += 3;
        } else {
            found |= inner[at] == c;
            at += 1;
        }
    }
    found != negated
}

#[test]
fn patterns_mean_what_they_say() {
    for (pattern, text, expected) in [
        ("^[A-Z1-9][A-Z0-9/-]{0,15}$", "VB/26/00001", true),
        ("^[A-Z1-9][A-Z0-9/-]{0,15}$", "0B/26", false),
        ("^[A-Z1-9][A-Z0-9/-]{0,15}$", "VB/26/00001/234567", false),
        ("^[^\"\\\\]*$", "Asha's / Sons", true),
        ("^[^\"\\\\]*$", "Asha \"A\"", false),
        ("^[^\"\\\\]*$", "a\\b", false),
        ("^[0-9]{2}$", "29", true),
        ("^[0-9]{2}$", "290", false),
        ("^a*b$", "aaab", true),
    ] {
        assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
    }
}
