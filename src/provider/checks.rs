//! The validators that schemas share, with the texts for wrong values.

use std::collections::BTreeMap;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::policy::{IpSet, keys};
use crate::tf_provider::framework::{Fault, Raw, Validator, Value};

/// 1 to 120 characters, as the API takes a token's name.
pub(super) fn token_name() -> Validator {
    Validator::new("1 to 120 characters", |raw| {
        let Some(name) = raw.as_str() else { return Ok(()) };
        match name.chars().count() {
            0 => {
                let fault =
                    "is empty: a token's name has 1 to 120 characters. Leave `name` out to have one made.";
                Err(Fault::new(fault, None))
            }
            1..=120 => Ok(()),
            n => {
                let fault = Fault::new(format!("has {n} characters: a token's name has at most 120."), None);
                Err(Fault { no_secret: true, ..fault })
            }
        }
    })
}

/// A token's status. The API writes it in lower case: any other spelling would match no token, and the result would be an
/// empty list.
pub(super) fn status() -> Validator {
    Validator::string("in lower case", |text| {
        let right = text.trim().to_lowercase();
        if text == right {
            return Ok(());
        }
        Err(format!(
            "is not how the API writes a status, so that no token would be found: write \"{right}\"."
        ))
    })
}

/// A text that is not only white space.
pub(super) fn not_blank() -> Validator {
    Validator::string("not empty", |text| {
        if text.trim().is_empty() {
            Err("is empty: set it, or leave it out where it is optional.".to_owned())
        } else {
            Ok(())
        }
    })
}

/// A map by the names of secrets: what a single secret's name must be.
pub(super) fn secret_names() -> Validator {
    let name = not_blank();
    Validator::new("names that are not empty", move |raw| match raw {
        Raw::Map(secrets) => secrets.keys().try_for_each(|key| {
            let fault = |_| Fault::new("has an empty name: each key is the name of a secret.", None);
            name.check(&Raw::string(key.as_str())).map_err(fault)
        }),
        _ => Ok(()),
    })
}

/// The absolute path of a directory.
pub(super) fn absolute_path() -> Validator {
    Validator::string("an absolute path", |text| {
        if std::path::Path::new(text).is_absolute() {
            Ok(())
        } else {
            Err("is not an absolute path: runs from other directories would not find the same lock files."
                .to_owned())
        }
    })
}

/// The id of an account, a zone or a token: 32 lower-case hexadecimal digits.
pub(super) fn id(of: &'static str) -> Validator {
    Validator::string("32 lower-case hexadecimal digits", move |text| {
        if is_id(text) {
            Ok(())
        } else {
            Err(format!("is not the id of {of}: that has 32 hexadecimal digits, in lower case."))
        }
    })
}

/// Whether a text is 32 lower-case hexadecimal digits.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// An RFC 3339 timestamp.
pub(super) fn timestamp() -> Validator {
    Validator::string("an RFC 3339 timestamp", |text| {
        instant(text).map(|_| ()).ok_or_else(|| {
            "is not an RFC 3339 timestamp: write one such as 2027-01-31T00:00:00Z, with the time and its offset."
                .to_owned()
        })
    })
}

/// The instant of an RFC 3339 timestamp.
pub(super) fn instant(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// Whether two timestamps are the same instant, to the second, which is what the API keeps.
pub(super) fn same_instant(a: &Raw, b: &Raw) -> bool {
    is_same_second(a.as_str(), b.as_str())
}

/// Whether two attributes are the same instant, to the second.
pub(super) fn is_same_instant(a: &Value<String>, b: &Value<String>) -> bool {
    is_same_second(a.as_str(), b.as_str())
}

fn is_same_second(a: Option<&str>, b: Option<&str>) -> bool {
    let second = |text: Option<&str>| text.and_then(instant).map(OffsetDateTime::unix_timestamp);
    second(a).is_some() && second(a) == second(b)
}

/// A duration such as `30s`, `720h` or `90d`. Zero is valid only if `zero` is true.
pub(super) fn duration(zero: bool) -> Validator {
    Validator::string("a duration such as `30s`, `12h` or `90d`", move |text| match parse_duration(text) {
        None => Err("is not a duration: write one such as 30s, 12h, 90d or 1d 12h.".to_owned()),
        Some(Duration::ZERO) if !zero => {
            Err("is no time at all: write a duration such as 30s, 12h or 90d.".to_owned())
        }
        Some(long) if long > LONGEST => {
            Err("is longer than 100 years. What is to have no limit leaves this out.".to_owned())
        }
        Some(_) => Ok(()),
    })
}

/// The longest duration, 100 years. Any instant within it can be written as a timestamp.
const LONGEST: Duration = Duration::from_secs(36_525 * 86_400);

/// Reads a duration: numbers with the units `s`, `m`, `h`, `d`, `w` and finer ones, added up. Months and years are refused,
/// because their lengths differ.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let fuzzy = ["month", "year", "M", "y"];
    if fuzzy.iter().any(|unit| text.contains(unit)) {
        return None;
    }
    humantime::parse_duration(text).ok()
}

/// IP addresses or CIDR ranges.
pub(super) fn ip_range() -> Validator {
    Validator::string("IP addresses or CIDR ranges", |text| {
        IpSet::parse([text]).map(|_| ()).map_err(|bad| {
            let faults: Vec<_> = bad.into_iter().map(|b| b.fault).collect();
            format!("{}.", faults.join("; "))
        })
    })
}

/// `"*"` must be the only element if it is one.
pub(super) fn star_stands_alone() -> Validator {
    Validator::new("`[\"*\"]` for all", |raw| match raw {
        Raw::Set(elements) if elements.len() > 1 && elements.iter().any(|e| e.as_str() == Some("*")) => {
            let fault =
                "has \"*\" beside other elements: \"*\" means all of them, so it stands alone.".to_owned();
            Err(Fault::new(fault, None))
        }
        _ => Ok(()),
    })
}

/// Ids of zones, or `"*"`.
pub(super) fn zone_or_star() -> Validator {
    Validator::string("ids of zones", |text| {
        match text {
        "*" => Ok(()),
        id if is_id(id) => Ok(()),
        name if name.contains('.') => Err("is not the id of a zone: write the zone's id of 32 hexadecimal digits and not \
                                           its name, for example from a `cloudflare_zone` data source; or [\"*\"] for \
                                           all zones."
            .to_owned()),
        _ => Err("is not the id of a zone: that has 32 hexadecimal digits, in lower case; or write [\"*\"] for all zones."
            .to_owned()),
    }
    })    .passing_mocks()
}

/// The API's own resource keys, flat, each with `"*"` or a nested object in JSON. If the kind of a key is not known here,
/// only the beginning is checked, because the API adds kinds.
pub(super) fn resource_keys() -> Validator {
    const NO_VALUE: &str = "has a value that is neither `*` nor `jsonencode` of an object of strings.";
    let fault = |key: &str| keys::check(key).err().map(|bad| format!("{bad}."));
    let in_nest = move |value: &Raw| {
        let text = value.as_str().filter(|text| *text != "*")?;
        match serde_json::from_str::<BTreeMap<String, String>>(text) {
            Ok(nest) if !nest.is_empty() => {
                nest.keys().find_map(|key| Some(format!("has \"{key}\" in its value, which {}", fault(key)?)))
            }
            _ => Some(NO_VALUE.to_owned()),
        }
    };
    Validator::new("resource keys of the API", move |raw| {
        let Raw::Map(elements) = raw else { return Ok(()) };
        let found =
            |(key, value): (&String, &Raw)| Some((key.clone(), fault(key).or_else(|| in_nest(value))?));
        match elements.iter().find_map(found) {
            Some((key, fault)) => Err(Fault::new(fault, Some(key))),
            None => Ok(()),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(validator: &Validator, text: &str) -> Option<String> {
        validator.check(&Raw::string(text)).err().map(|f| f.fault)
    }

    #[test]
    fn instants_are_compared_to_the_second() {
        let same = |a: &str, b: &str| same_instant(&Raw::string(a), &Raw::string(b));
        assert!(same("2027-01-31T00:00:00Z", "2027-01-31T01:00:00.5+01:00"));
        assert!(!same("2027-01-31T00:00:00Z", "2027-01-31T00:00:01Z"));
        assert!(!same("soon", "soon"));
    }

    #[test]
    fn durations_add_up_and_months_are_none() {
        assert_eq!(parse_duration("1d 12h"), Some(Duration::from_secs(36 * 3600)));
        assert_eq!(parse_duration("720h"), Some(Duration::from_secs(720 * 3600)));
        assert_eq!(parse_duration("90d"), Some(Duration::from_secs(90 * 86400)));
        for bad in ["1month", "1M", "2years", "soon", "", "10"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
        assert!(fault(&duration(false), "0s").unwrap().contains("no time at all"));
        assert_eq!(fault(&duration(true), "0s"), None);
        assert!(fault(&duration(false), "36526d").unwrap().contains("100 years"));
        assert_eq!(fault(&duration(false), "36525d"), None);
    }

    #[test]
    fn wrong_values_are_told_what_would_be_right() {
        assert!(fault(&token_name(), &"x".repeat(121)).unwrap().contains("121 characters"));
        assert_eq!(fault(&token_name(), &"ü".repeat(120)), None);
        assert!(fault(&timestamp(), "2027-01-31").unwrap().contains("2027-01-31T00:00:00Z"));
        assert!(fault(&id("an account"), "ABC").unwrap().contains("32 hexadecimal"));
        assert!(fault(&zone_or_star(), "example.com").unwrap().contains("not its name"));
        assert!(fault(&ip_range(), "192.0.2.0/33").unwrap().contains("0 to 32"));
        let set = Raw::set([Raw::string("*"), Raw::string("a")]);
        assert!(star_stands_alone().check(&set).is_err());
    }

    #[test]
    fn a_resource_key_has_its_id_and_its_value_all_or_a_nest() {
        let fault = |key: &str, value: &str| {
            let map = Raw::Map(BTreeMap::from([(key.to_owned(), Raw::string(value))]));
            resource_keys().check(&map).err().map(|fault| fault.fault)
        };
        let account = format!("com.cloudflare.api.account.{}", "a".repeat(32));
        assert_eq!(fault(&account, "*"), None);
        assert_eq!(fault(&account, r#"{"com.cloudflare.api.account.zone.*": "*"}"#), None);
        assert_eq!(fault("com.cloudflare.edge.new.x", "*"), None);
        for bare in
            ["com.cloudflare.api.account", "com.cloudflare.api.account.", "com.cloudflare.api.account.zone."]
        {
            assert!(
                fault(bare, "*").unwrap().contains("is not of the form `com.cloudflare.api.account."),
                "{bare}"
            );
        }
        let nested = fault(&account, r#"{"com.cloudflare.api.account.zone.": "*"}"#).unwrap();
        assert!(nested.contains("in its value, which is not of the form"), "{nested}");
        for value in ["", "all", "{}", r#"{"a": 1}"#] {
            assert!(fault(&account, value).unwrap().contains("neither `*` nor"), "{value}");
        }
    }
}
