//! The descriptions in `terraform providers schema -json`, which editors show.

use serde_json::Value as Json;

use crate::support::stage::Stage;

/// All descriptions with their places.
fn descriptions(json: &Json, at: &str, found: &mut Vec<(String, String)>) {
    match json {
        Json::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(text) if name == "description" => found.push((at.to_owned(), text.to_owned())),
                    _ => descriptions(member, &format!("{at}.{name}"), found),
                }
            }
        }
        Json::Array(elements) => elements.iter().for_each(|element| descriptions(element, at, found)),
        _ => {}
    }
}

/// Finds a line break that no paragraph, list, table or code block needs.
fn is_stray(text: &str) -> bool {
    let outside = text.split("```").step_by(2);
    outside.flat_map(|part| part.lines().zip(part.lines().skip(1))).any(|(line, next)| {
        !line.is_empty() && !next.is_empty() && !next.trim_start().starts_with(['-', '|', '#'])
    })
}

#[test]
fn descriptions_have_no_stray_line_breaks_and_carry_the_constraints() {
    let stage = Stage::new();
    stage.config("");
    let output = stage.tf.run(&["providers", "schema", "-json"]).success();
    let json: Json = serde_json::from_str(&output.stdout).unwrap();
    let mut found = Vec::new();
    descriptions(&json["provider_schemas"], "", &mut found);
    assert!(found.len() > 100, "{}", found.len());
    let stray: Vec<_> = found.iter().filter(|(_, text)| is_stray(text)).collect();
    assert!(stray.is_empty(), "{stray:#?}");
    let of = |end: &str| &found.iter().find(|(at, _)| at.ends_with(end)).unwrap_or_else(|| panic!("{end}")).1;
    let token = ".resource_schemas.cloudflare_account_api_token.block.attributes";
    for (attribute, said) in [
        ("status", "Constraints: `active` or `disabled`"),
        ("expires_on", "Conflicts with `expires_in`"),
        ("store_value", "Default: `true`."),
        ("account_id", "Changing it replaces the resource."),
    ] {
        assert!(of(&format!("{token}.{attribute}")).contains(said), "{attribute}: {said}");
    }
}
