//! The version is in Cargo.toml. Every other mention of it must match.

use std::fs;

use crate::generator::root;
use crate::simulator::{Options, Simulator};
use crate::support::provider::Provider;

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[test]
fn the_changelogs_top_entry_is_of_this_version() {
    let changelog = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    let top = changelog.lines().next().unwrap();
    let rest = top.strip_prefix(&format!("## {VERSION} (")).unwrap_or_else(|| panic!("{top:?}"));
    let when = rest.strip_suffix(')').unwrap();
    let is_date = |text: &str| {
        let parts: Vec<_> = text.split(' ').collect();
        parts.len() == 3 && parts[2].len() == 4 && parts[2].bytes().all(|byte| byte.is_ascii_digit())
    };
    assert!(when == "Unreleased" || is_date(when), "{top:?}: Unreleased, or a date such as May 14, 2026");
}

#[test]
fn no_page_names_another_version_of_the_provider() {
    let pages = ["README.md", "CONTRIBUTING.md", "docs/index.md", "docs/guides/upgrading.md"];
    for page in pages {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for (at, _) in text.match_indices("cloudflare-tokens_") {
            let named: String = text[at + "cloudflare-tokens_".len()..]
                .trim_start_matches('v')
                .chars()
                .take_while(|c| c.is_ascii_digit() || *c == '.')
                .collect();
            let named = named.trim_end_matches('.');
            assert!(named.is_empty() || named == VERSION, "{page}: {named}");
        }
    }
}

#[tokio::test]
async fn the_api_is_told_the_version() {
    let sim = Simulator::start(Options::default()).await;
    let provider = Provider::start(&sim).await;
    provider.data("cloudflare_account_api_tokens", &serde_json::json!({})).await.unwrap();
    let requests = sim.requests();
    assert!(!requests.is_empty());
    for request in requests {
        let expected = format!("terraform-provider-cloudflare-tokens/{VERSION}");
        assert_eq!(request.user_agent.as_deref(), Some(&*expected), "{} {}", request.method, request.path);
    }
}
