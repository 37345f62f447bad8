//! All diagnostics as a file, so that a change of a text is seen in a diff: `tests/golden/diagnostics.md`.
//! `UPDATE_GOLDEN=1 cargo test --lib wording::tests` writes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::json;
use time::OffsetDateTime;

use super::hints::tests::{codes, refused};
use super::*;
use crate::cloudflare::{ApiError, Error, Store, Token, TransportKind, Unreadable, WorkerSecret};
use crate::host::LockError;
use crate::policy::{
    BadKey, Catalog, Effect, Fault, MalformedPolicy, Part, PermissionGroup, Policy, Problem, Resource, Scope,
};
use crate::provider::credentials::{Flaw, Kind};
use crate::provider::guardrails::{Breach, Limit};
use crate::tf_provider::framework::{Diagnostic, Diagnostics, MoveSource, Path, Severity};
use crate::tokens::{
    Cause, Concern, CreateError, Field, OpError, Orphan, SuccessionError, TokenPolicies, Unfinished,
};

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";
const TOKEN: &str = "ed17574386854bf78a67040be0a770b0";
const NEW: &str = "f2d4c6a8e0b24f68ac13579bdf024689";
const ZONE: &str = "eb78d65290b24279ba6f44721b3ea3c4";
const DNS_WRITE: &str = "4755a26eedb94da69e1066d98aa820be";
const FINGERPRINT: &str = "bf2de686cb64cb9ebed17340d361fe0f8095ae5d57fd9e263633af5b63125523";

/// The page while it is written.
struct Page(String);

impl Page {
    fn theme(&mut self, name: &str) {
        let _ = write!(self.0, "\n## {name}\n");
    }

    /// The texts of a function. `case` names the sample where the function has several texts.
    fn add(&mut self, function: &str, case: &str, found: impl Into<Diagnostics>) {
        let dash = if case.is_empty() { "" } else { ": " };
        let _ = write!(self.0, "\n### {function}{dash}{case}\n");
        for Diagnostic { severity, summary, detail, path } in found.into().0 {
            let severity = match severity {
                Severity::Error => "Error",
                Severity::Warning => "Warning",
            };
            let at = path.map(|path| format!(" at `{path}`")).unwrap_or_default();
            let _ = write!(self.0, "\n{severity}{at}: **{summary}**\n\n{detail}\n");
        }
    }

    fn summary(&mut self, function: &str, text: &str) {
        let _ = write!(self.0, "\n### {function}\n\n**{text}**\n");
    }
}

/// The path of an attribute.
fn at(attribute: &str) -> Path {
    Path::of(attribute)
}

fn account() -> Owner {
    Owner::Account(ACCOUNT.into())
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn refusal() -> Error {
    refused(403, 9109, "Unauthorized to access requested resource")
}

fn policy(effect: Effect) -> Policy {
    let groups = BTreeSet::from([DNS_WRITE.parse().unwrap()]);
    let key = format!("com.cloudflare.api.account.zone.{ZONE}");
    Policy::new(effect, groups, BTreeMap::from([(key, Resource::every())]), &account())
}

fn catalog() -> Catalog {
    Catalog::new(vec![PermissionGroup::new(DNS_WRITE.parse().unwrap(), "DNS Write", vec![Scope::Zone])])
}

fn op(cause: Cause) -> OpError {
    OpError::without_effect(cause)
}

fn busy() -> LockError {
    LockError::Busy { path: "/home/user/.cache/terraform-provider-cloudflare-tokens/token".into() }
}

fn unusable() -> LockError {
    let reason = "it belongs to another user".to_owned();
    LockError::Unusable { path: "/tmp/terraform-provider-cloudflare-tokens".into(), reason }
}

/// A policy that the API shows in a form of which the provider knows nothing.
fn unread() -> TokenPolicies {
    let shown = json!({"effect": "audit", "permission_groups": [], "resources": {}});
    let policy = serde_json::from_value(shown).unwrap();
    let unreadable = vec![(policy, MalformedPolicy::Effect("audit".into()))];
    TokenPolicies { unreadable, ..TokenPolicies::default() }
}

fn api_page(page: &mut Page) {
    page.theme("api");
    let failed = "Could not read the API token";
    page.add("api", "no hint", api(failed, &refused(400, 1234, "Something is wrong")));
    let mut pointed = refused(400, 1001, "is not valid");
    if let Error::Api { errors, ray, .. } = &mut pointed {
        let documentation_url = Some("https://developers.cloudflare.com/api".to_owned());
        let error = ApiError { pointer: Some("/name".into()), documentation_url, ..errors.remove(0) };
        errors.push(error);
        *ray = Some("8f2d3c4b5a69788f-FRA".into());
    }
    page.add("api", "all that the API may say", api(failed, &pointed));
    for (code, says) in codes() {
        page.add("api", &format!("code {code} {says:?}"), api(failed, &refused(400, code, says)));
    }
    let lacking = "Failed common permission check against resources. (Permission group: \"DNS Write\")";
    page.add("api", "a group that is lacking", api(failed, &refused(400, 1001, lacking)));
    page.add("api", "the quota is spent", api(failed, &refused(429, 971, "Rate limited")));
    let (method, path) = (Method::GET, "/user/tokens".to_owned());
    let malformed = |status| Error::Malformed {
        status,
        content_type: Some("text/html".into()),
        detail: "not JSON: <html>Sign in</html>".into(),
        method: method.clone(),
        path: path.clone(),
        retry_after: None,
    };
    page.add("api", "Malformed", api(failed, &malformed(403)));
    page.add("api", "Malformed after an effect", api(failed, &malformed(502)));
    for kind in [
        TransportKind::Connect,
        TransportKind::Timeout,
        TransportKind::Reset,
        TransportKind::Truncated,
        TransportKind::TooLate,
    ] {
        let sent = !matches!(kind, TransportKind::Connect | TransportKind::TooLate);
        let (detail, method, path) = ("what the system says".to_owned(), method.clone(), path.clone());
        let error = Error::Transport { kind, sent, detail, method, path };
        page.add("api", &format!("Transport {kind:?}"), api(failed, &error));
    }
    page.add("api", "Outdated", api(failed, &Error::Outdated { path: path.clone() }));
    let waited = "HTTP 429".to_owned();
    let stopped = Error::Stopped { method: method.clone(), path: path.clone(), waited };
    page.add("api", "Stopped", api(failed, &stopped));
    let unsettled = Error::Unsettled { last: Box::new(refusal()), earlier: Box::new(malformed(502)) };
    page.add("api", "Unsettled", api(failed, &unsettled));
    page.add("api", "Config", api(failed, &Error::Config("base_url is not a URL".into())));
    page.add("api", "InvalidRequest", api(failed, &Error::InvalidRequest("an id is empty".into())));
    let end = refused(400, 1001, "expires_on is in the past");
    let found = at_lifetime(api(failed, &end).into(), &at("expires_in"));
    page.add("at_lifetime", "", found);
}

fn bindings_page(page: &mut Page) {
    page.theme("bindings");
    page.add("exclusive_and_bound", "", exclusive_and_bound(TOKEN));
    page.add("bound_to_new_exclusive", "", bound_to_new_exclusive());
    page.add("adopted", "", adopted(TOKEN, &strings(&[FINGERPRINT])));
    page.add("no_such_policy", "", no_such_policy(TOKEN, "0123456789ab", [&FINGERPRINT.parse().unwrap()]));
    page.add("bound_to_missing", "account", bound_to_missing(TOKEN, &account()));
    page.add("bound_to_missing", "user", bound_to_missing(TOKEN, &Owner::User));
    page.add("token_succeeded", "certain", token_succeeded(TOKEN, NEW, true));
    page.add("token_succeeded", "likely", token_succeeded(TOKEN, NEW, false));
    page.add("bound_to_ended", "", bound_to_ended(TOKEN, "expired"));
}

fn credentials_page(page: &mut Page) {
    page.theme("credentials");
    page.add("no_credentials", "", no_credentials());
    page.add("two_credentials", "", two_credentials());
    page.add("no_email", "", no_email());
    for (kind, flaw) in [
        (Kind::Token, Flaw::Bearer),
        (Kind::Token, Flaw::LineBreak),
        (Kind::Token, Flaw::Space),
        (Kind::Token, Flaw::Quotes),
        (Kind::Email, Flaw::Inside),
        (Kind::Token, Flaw::KeyAsToken),
        (Kind::Key, Flaw::UserTokenAsKey),
        (Kind::Key, Flaw::AccountTokenAsKey),
    ] {
        let place = "CLOUDFLARE_API_TOKEN";
        page.add("flawed_credential", &format!("{flaw:?}"), flawed_credential(kind, flaw, place));
    }
    page.add("not_configured", "", not_configured());
    page.add(
        "invalid_configuration",
        "",
        invalid_configuration(&Error::Config("base_url is not a URL".into())),
    );
    page.add("no_account", "", no_account());
    page.add("invalid_account", "", invalid_account());
    page.add("relative_lock_directory", "", relative_lock_directory());
    page.add("no_user", "", no_user("CLOUDFLARE_API_TOKEN"));
    page.add("another_account", "", another_account(ACCOUNT, NEW));
    page.add("credential_ends", "", credential_ends(Duration::from_secs(7200)));
    page.add("zone_of_another", "", zone_of_another(ZONE, ACCOUNT, 7));
}

fn failures_page(page: &mut Page) {
    page.theme("failures");
    page.summary("not_bound", &not_bound(Some("dns"), TOKEN));
    page.summary("not_unbound", &not_unbound(None, TOKEN));
    page.summary("not_changed", &not_changed(TOKEN));
    page.summary("not_rolled", &not_rolled(TOKEN));
    page.summary("not_extended", &not_extended(TOKEN));
    page.summary("not_disabled", &not_disabled());
    page.summary("not_deleted", &not_deleted(TOKEN));
    page.summary("ephemeral_not_deleted", &ephemeral_not_deleted(TOKEN));
    page.summary("ephemeral_not_prolonged", &ephemeral_not_prolonged(TOKEN));
    page.summary("not_revoked", &not_revoked(TOKEN));
    page.summary("previous_not_written", &previous_not_written(TOKEN));
    page.summary("successor_not_deleted", &successor_not_deleted(TOKEN));
    page.summary("workers_secret_failed", &workers_secret_failed("put", "KEY", "edge-api"));
    page.summary("workers_secrets_failed", &workers_secrets_failed("remove some of", "edge-api"));
    page.summary("workers_secrets_unlisted", &workers_secrets_unlisted("edge-api"));
    page.summary("store_secret_failed", &store_secret_failed("put", "KEY"));
    page.summary("stores_unlisted", &stores_unlisted());
    page.summary("stores_unreadable", &stores_unreadable());
}

fn guardrails_page(page: &mut Page) {
    page.theme("guardrails");
    let limit = || Limit { length: Duration::from_secs(90 * 86_400), written: "90d".into() };
    for (case, breach) in [
        ("Forbidden", Breach::Forbidden(BTreeSet::from(["DNS Write".into()]))),
        ("NoSuchGroup", Breach::NoSuchGroup("DNS Edit".into(), strings(&["DNS Write"]))),
        ("Endless", Breach::Endless(None)),
        ("Endless with a limit", Breach::Endless(Some(limit()))),
        ("TooLong", Breach::TooLong(limit())),
        ("Everywhere", Breach::Everywhere),
    ] {
        page.add("breaches", case, breaches([breach], &at("policies")));
    }
}

fn inputs_page(page: &mut Page) {
    page.theme("inputs");
    page.add("wrong_token_id", "", wrong_token_id("<account_id>"));
    page.add("wrong_binding_id", "", wrong_binding_id("<account_id>"));
    page.add("wrong_secret_id", "", wrong_secret_id());
    page.add("wrong_store_secret_id", "", wrong_store_secret_id());
    page.add("no_token_named", "", no_token_named());
    page.add("no_such_token", "account", no_such_token(TOKEN, &account()));
    page.add("no_such_token", "user", no_such_token(TOKEN, &Owner::User));
    page.add("no_token_of_name", "", no_token_of_name("ci", &account()));
    let lines = [format!("- {TOKEN}: active"), format!("- {NEW}: disabled")];
    page.add("several_tokens", "", several_tokens("ci", &lines));
}

fn lifetimes_page(page: &mut Page) {
    page.theme("lifetimes");
    page.add("expired", "", expired(Some("2026-01-31T00:00:00Z")));
    page.add("imported_ended", "", imported_ended("expired"));
    page.add("generated_for_ended", "", generated_for_ended("ci", "expired"));
    page.add("expires_at_once", "", expires_at_once());
    page.add("never_works", "", never_works("2026-02-01T00:00:00Z", "2026-01-31T00:00:00Z"));
    page.add("ends_in_the_past", "", ends_in_the_past("2026-01-31T00:00:00Z"));
    page.add("endless", "", endless(at("expires_in")));
}

fn moves_page(page: &mut Page) {
    page.theme("moves");
    let source = |type_name: &str| MoveSource {
        provider_address: "registry.terraform.io/cloudflare/cloudflare".into(),
        type_name: type_name.to_owned(),
        schema_version: 7,
        json: serde_json::Value::Null,
        private: Vec::new(),
    };
    let (old, import) = (source("cloudflare_account_token"), format!("{ACCOUNT}/{TOKEN}"));
    page.add("moved_from_unknown_version", "", moved_from_unknown_version(&old, &[0, 1], &import));
    page.add("moved_malformed", "", moved_malformed(&old, "policies", &import));
    page.add("moved_to_other_owner", "account", moved_to_other_owner(&old));
    page.add("moved_to_other_owner", "user", moved_to_other_owner(&source("cloudflare_api_token")));
}

/// A sample of each kind of fault, by the kind's name.
fn faults() -> Vec<Fault> {
    let (name, group) = (|| "DNS Edit".to_owned(), || "DNS Write".to_owned());
    let key = || "com.cloudflare.edge.new.1".to_owned();
    let no_target =
        |scopes: Vec<Scope>| Fault::NoTarget { group: group(), scopes, account: Some(ACCOUNT.into()) };
    let wrong = |scope| Fault::WrongScope { group: group(), has: vec![scope], target: Scope::Zone };
    let by_scope = || {
        let (account, zone) = (strings(&["Workers Scripts Write"]), strings(&["DNS Write"]));
        BTreeMap::from([(Scope::Account, account), (Scope::Zone, zone)])
    };
    let bad = |fault| Fault::BadKey { key: key(), fault };
    let bucket = |bucket: &str| Fault::BadBucket { bucket: bucket.to_owned() };
    let zone = |zone: &str| Fault::BadZone { zone: zone.to_owned() };
    vec![
        Fault::UnknownName { name: name(), nearest: strings(&["DNS Write", "DNS Read"]) },
        Fault::UnknownName { name: "qqq".into(), nearest: vec![] },
        Fault::UnknownId { id: TOKEN.into() },
        Fault::BrokenId { text: DNS_WRITE.to_uppercase() },
        wrong(Scope::Account),
        wrong(Scope::R2Bucket),
        wrong(Scope::User),
        wrong(Scope::WorkerScript),
        Fault::WrongScope { group: group(), has: vec![Scope::Zone], target: Scope::R2Bucket },
        no_target(vec![Scope::Zone]),
        no_target(vec![Scope::Account, Scope::Zone]),
        Fault::WholeAccount { group: group(), scope: Scope::Zone },
        Fault::MixedGroups { by_scope: by_scope() },
        Fault::MixedResources { by_scope: by_scope() },
        Fault::Ambiguous { name: "Logs Write".into(), ids: vec![(DNS_WRITE.into(), vec![Scope::Zone])] },
        Fault::SameGroup { group: group(), other: DNS_WRITE.into() },
        Fault::NotSelectable { group: group() },
        Fault::ForUsersOnly { name: "User Details Read".into() },
        Fault::Deprecated { group: "Zaraz Edit".into() },
        Fault::NoGroups,
        Fault::NothingSelected,
        zone("*"),
        zone("example.com"),
        zone("123"),
        bucket("*"),
        bucket("photos"),
        bucket("default/A"),
        Fault::NoWorker { name: "edge-apy".into(), nearest: strings(&["edge-api"]) },
        Fault::NoWorker { name: "x".into(), nearest: vec![] },
        Fault::WorkersOfUser,
        Fault::BadResource { key: key() },
        bad(BadKey::NoKey),
        bad(BadKey::NoId { form: "com.cloudflare.api.account.<account id>".into() }),
        bad(BadKey::BelowAccount),
        Fault::UnknownKind { key: key() },
        Fault::TooManyGroups { count: 301 },
        Fault::NoAccount,
        Fault::Duplicate,
        Fault::Reserved,
    ]
}

fn policies_page(page: &mut Page) {
    page.theme("policies");
    let at_policies = || at("policies");
    for fault in faults() {
        let kind = format!("{fault:?}");
        let kind = kind.split([' ', '{']).next().unwrap_or_default().to_owned();
        let found = problem(&Problem { part: Part::Whole, fault }, at_policies());
        page.add("problem", &kind, found);
    }
    let fault = Fault::NoWorker { name: "x".into(), nearest: vec![] };
    page.add("no_worker_yet", "", no_worker_yet(&Problem { part: Part::Whole, fault }, at_policies()));
    page.add("workers_unlisted", "", workers_unlisted(&refusal()));
    page.add("groups_unlisted", "", groups_unlisted(&refusal()));
    page.add("secret_as_group", "", secret_as_group());
    page.add("no_such_group", "", no_such_group("DNS Edit", &strings(&["DNS Write"])));
    page.add("no_such_scope", "", no_such_scope("zones", &strings(&["account", "zone"])));
    let missing = || BTreeSet::from([DNS_WRITE.parse().unwrap()]);
    let (asked, granted) = (|| policy(Effect::Allow), || Some(policy(Effect::Allow)));
    let less = |granted| Concern::NotGranted { asked: asked(), granted, missing: missing() };
    let known = catalog();
    page.add("concern", "NotGranted", concern(&less(granted()), Some(&known)));
    page.add("concern", "NotGranted, a whole policy", concern(&less(None), None));
    page.add("concern", "NotAsked", concern(&Concern::NotAsked { granted: policy(Effect::Allow) }, None));
    let withheld = Concern::Withheld { asked: asked(), deny: policy(Effect::Deny) };
    page.add("concern", "Withheld", concern(&withheld, None));
    page.add("concern", "NotApplied", concern(&Concern::NotApplied(Field::ExpiresOn), None));
    page.add("concerns", "NotWatched", concerns(&[Concern::NotWatched]));
    page.add("unreadable_policies", "", unreadable_policies(&unread()));
    page.add("not_shown", "", not_shown(&unread()).unwrap());
}

fn rotations_page(page: &mut Page) {
    page.theme("rotations");
    let key = || "build".to_owned();
    let triggers = vec![Trigger::New(key()), Trigger::Changed(key()), Trigger::Unknown(key())];
    for (case, reason) in [
        ("Lost", RollReason::Lost),
        ("Due", RollReason::Due { age: "31 days".into(), every: "30d".into() }),
        ("Triggered", RollReason::Triggered(triggers)),
        ("Triggered, AllUnknown", RollReason::Triggered(vec![Trigger::AllUnknown])),
        ("Stored", RollReason::Stored),
        ("Recipient", RollReason::Recipient),
    ] {
        page.add("rolled", case, rolled("ci", &reason));
    }
    page.add("rolled_outside", "", rolled_outside("ci"));
    page.add("rolled_next_time", "", rolled_next_time("ci", "31 days"));
    page.add("may_be_rolled", "", may_be_rolled("ci"));
    let due = RollReason::Due { age: "31 days".into(), every: "30d".into() };
    page.add("succeeded", "", succeeded("ci", &due, "1d", None));
    page.add("succeeded", "with a previous one", succeeded("ci", &due, "1d", Some(TOKEN)));
    let stopped = || op(Cause::Stopped);
    let before = SuccessionError::Predecessor(stopped());
    page.add("no_successor", "Predecessor", no_successor(TOKEN, &before, &account()));
    let create = SuccessionError::Create(CreateError::Api(refusal()));
    page.add("no_successor", "Create", no_successor(TOKEN, &create, &account()));
    let left = [
        Unfinished::Predecessor(stopped()),
        Unfinished::Successor(stopped()),
        Unfinished::NotDisabled(stopped()),
    ];
    page.add("unfinished", "Predecessor, Successor, NotDisabled", unfinished(TOKEN, NEW, &left, &account()));
    page.add("overlap_of_nothing", "", overlap_of_nothing());
    page.add("overlap_too_long", "", overlap_too_long("30d", "30d"));
    page.add("life_too_short", "", life_too_short("30d"));
    page.add("rotated_too_late", "", rotated_too_late("30d", "20d"));
    page.add("value_lost", "", value_lost(TOKEN));
}

fn secrets_page(page: &mut Page) {
    page.theme("secrets");
    let failed = workers_secret_failed("put", "KEY", "edge-api");
    page.add("workers_secret", "", workers_secret(&failed, &refused(404, 10007, "script not found")));
    page.add("no_worker_for_secret", "", no_worker_for_secret("edge-api", ACCOUNT));
    page.add("secret_unseen", "", secret_unseen("the secret KEY", "edge-api", &refusal()));
    let there = |kind: &str| WorkerSecret { name: "KEY".into(), kind: kind.to_owned() };
    page.add("secret_exists", "", secret_exists(ACCOUNT, "edge-api", &there("secret_text"), true));
    page.add("secret_exists", "a key", secret_exists(ACCOUNT, "edge-api", &there("secret_key"), false));
    page.add("no_secret_value", "", no_secret_value());
    page.add("generated_without_value", "", generated_without_value("KEY"));
    page.add("null_secret_value", "", null_secret_value());
    page.add("no_version", "", no_version());
    page.add("only_version", "", only_version());
    many_secrets(page);
    let failed = store_secret_failed("put", "KEY");
    page.add("store_secret", "", store_secret(&failed, &refused(400, 1234, "Something is wrong")));
    page.add("no_only_store", "no store", no_only_store(&[]));
    let store = |id: &str, name: &str| Store { id: id.to_owned(), name: name.to_owned() };
    page.add("no_only_store", "several", no_only_store(&[store(TOKEN, "default"), store(NEW, "other")]));
    let import = format!("{ACCOUNT}/{TOKEN}/{NEW}");
    page.add("store_secret_exists", "", store_secret_exists("KEY", &import));
    page.add("store_name_taken", "", store_name_taken(&failed, &import));
    page.add("store_create_unsure", "", store_create_unsure(&failed, &import, &refusal()));
    page.add("store_secret_left", "", store_secret_left("KEY", &import));
    page.add("store_value_too_large", "", store_value_too_large());
    page.add("store_not_applied", "", store_not_applied("comment"));
    page.add("store_secret_pending", "", store_secret_pending("KEY"));
}

/// The texts about several secrets of a Worker.
fn many_secrets(page: &mut Page) {
    let failed = &workers_secrets_failed("write", "edge-api");
    let names = BTreeSet::from(["KEY".to_owned(), "OTHER".to_owned()]);
    let there = |name: &str, kind: &str| WorkerSecret { name: name.to_owned(), kind: kind.to_owned() };
    let (text, key) = (there("KEY", "secret_text"), there("OTHER", "secret_key"));
    page.add(
        "workers_secrets",
        "",
        workers_secrets(failed, &refused(400, 10053, "KEY is a binding already")),
    );
    page.add("secrets_exist", "one", secrets_exist(ACCOUNT, "edge-api", &[&text]));
    page.add("secrets_exist", "several", secrets_exist(ACCOUNT, "edge-api", &[&text, &key]));
    page.add("secrets_not_put", "", secrets_not_put(failed, &names));
    page.add("secrets_not_removed", "a success", secrets_not_removed(failed, &names, None));
    page.add("secrets_not_removed", "an error", secrets_not_removed(failed, &names, Some(&refusal())));
    page.add("secret_kept", "", secret_kept(&store_secret_failed("delete", "KEY")));
    page.add("secrets_left", "one", secrets_left("edge-api", &["KEY"]));
    page.add("secrets_left", "several", secrets_left("edge-api", &["KEY", "OTHER"]));
    page.add("no_secrets", "", no_secrets());
    page.add("secret_twice", "", secret_twice("KEY"));
    page.add("too_many_secrets", "", too_many_secrets(120, 100));
    page.add("no_secrets_version", "", no_secrets_version());
    page.add("only_secrets_version", "", only_secrets_version());
    page.add("secret_names_changed", "", secret_names_changed(failed));
    page.add("generated_without_values", "", generated_without_values(&["KEY", "OTHER"]));
    page.add("wrong_secrets_id", "", wrong_secrets_id());
}

fn tokens_page(page: &mut Page) {
    page.theme("tokens");
    page.add("own_token", "account", own_token("deleted", &account()));
    page.add("own_token", "user", own_token("rolled", &Owner::User));
    page.add("own_rights", "", own_rights(&account()));
    page.add("own_unknown", "", own_unknown(&refusal()));
    page.add(
        "managed_by_cloudflare",
        "",
        managed_by_cloudflare(TOKEN, &refused(400, 1001, "no"), &account()),
    );
    page.add("unreadable", "", unreadable(TOKEN, &refusal()));
    page.add("unlisted", "account", unlisted(&account(), &refusal()));
    page.add("unlisted", "user", unlisted(&Owner::User, &refusal()));
    let detail = "`policies` is missing".to_owned();
    let lost =
        [Unreadable { id: Some(TOKEN.into()), detail: detail.clone() }, Unreadable { id: None, detail }];
    page.add("unreadable_tokens", "", unreadable_tokens(&lost).unwrap());
    let token = json!({"id": TOKEN, "name": "ci", "policies": []});
    let token: Token = serde_json::from_value(token).unwrap();
    page.add("some_not_shown", "", some_not_shown(&[(unread(), Arc::new(token))]).unwrap());
    page.add("undecided", "", undecided());
    page.add("released", "", released());
    page.add("taken_over", "", taken_over(&strings(&[&format!("allow DNS Write on the zone {ZONE}")])));
    page.add("not_sealed", "", not_sealed("github", at("seal_for")));
    page.add("invalid_key", "", invalid_key("github", "is a private key. Write the public key."));
    page.add("value_goes_nowhere", "", value_goes_nowhere());
    page.add("not_taken_yet", "", not_taken_yet(TOKEN));
    page.add("value_is_unknown", "", value_is_unknown(TOKEN));
    page.add("no_random_id", "", no_random_id());
}

fn writes_page(page: &mut Page) {
    page.theme("writes");
    let failed = not_changed(TOKEN);
    let kept = |count: usize| {
        let fingerprints = [FINGERPRINT.parse().unwrap()];
        Cause::Kept { policies: fingerprints.into_iter().take(count).collect() }
    };
    for (case, cause) in [
        ("Api", Cause::Api(refusal())),
        ("Contention", Cause::Contention { attempts: 5 }),
        ("Kept, the token", kept(0)),
        ("Kept, a policy", kept(1)),
        ("Ignored", Cause::Ignored { field: Field::ExpiresOn }),
        ("Outdated", Cause::Outdated),
        ("Overruled", Cause::Overruled),
        ("Gone", Cause::Gone),
        ("Lock, Busy", Cause::Lock(busy())),
        ("Lock, Unusable", Cause::Lock(unusable())),
        ("Lock, Stopped", Cause::Lock(LockError::Stopped)),
        ("Stopped", Cause::Stopped),
        ("OwnToken", Cause::OwnToken),
        ("Internal", Cause::Internal),
    ] {
        page.add("write", case, write(&failed, &op(cause), &account(), IfInDoubt::Recorded));
    }
    let doubted = |cause| OpError { cause, may_have_effect: true };
    for (case, in_doubt) in [
        ("in the state", IfInDoubt::Recorded),
        ("planned again", IfInDoubt::PlannedAgain),
        ("neither", IfInDoubt::Else("Look whether it was.")),
    ] {
        let said = write(&failed, &doubted(Cause::Api(refusal())), &account(), in_doubt);
        page.add("write", &format!("Api, in doubt, {case}"), said);
    }
    let said = write(&failed, &doubted(Cause::Stopped), &Owner::User, IfInDoubt::Recorded);
    page.add("write", "Stopped, in doubt", said);
    let failed = store_secret_failed("put", "KEY");
    page.add("secret_lock", "", secret_lock(&failed, &busy()));
    let asked_on = OffsetDateTime::from_unix_timestamp(1_770_000_000).unwrap();
    let orphans = || {
        vec![
            Orphan::Left { id: TOKEN.into() },
            Orphan::Alike { id: TOKEN.into(), issued_on: Some(asked_on) },
            Orphan::Unsaved { id: NEW.into(), predecessor: TOKEN.into() },
            Orphan::Unseen { listed: true, name: "ci".into(), asked_on },
            Orphan::Unseen { listed: false, name: "ci".into(), asked_on },
        ]
    };
    for (case, error) in [
        ("Api", CreateError::Api(refusal())),
        (
            "Unknown",
            CreateError::Unknown { error: Some(Error::Outdated { path: "/x".into() }), left_behind: vec![] },
        ),
        ("Unknown, no value", CreateError::Unknown { error: None, left_behind: vec![] }),
        ("Lock", CreateError::Lock(unusable())),
        ("Stopped", CreateError::Stopped),
        ("Internal", CreateError::Internal),
    ] {
        page.add("create", case, create(&error, &account()));
    }
    page.add("left_behind", "Left, Alike, Unsaved, Unseen", left_behind(&orphans(), &account()));
}

fn page() -> String {
    let head = "# Diagnostics\n\nEvery diagnostic of the provider, with sample values. A test writes this page from \
                `src/provider/wording/`:\n`UPDATE_GOLDEN=1 cargo test --lib wording::tests`.\n";
    let mut page = Page(head.to_owned());
    for theme in [
        api_page,
        bindings_page,
        credentials_page,
        failures_page,
        guardrails_page,
        inputs_page,
        lifetimes_page,
        moves_page,
        policies_page,
        rotations_page,
        secrets_page,
        tokens_page,
        writes_page,
    ] {
        theme(&mut page);
    }
    page.0
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a person asks for an update through the environment")]
fn the_golden_file_has_every_text_as_it_is() {
    let (file, page) = (root().join("tests/golden/diagnostics.md"), page());
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&file, &page).unwrap();
    }
    let golden = fs::read_to_string(&file).unwrap_or_default();
    let differs = golden.lines().zip(page.lines()).find(|(golden, page)| golden != page);
    assert!(
        golden == page,
        "A diagnostic has changed: {differs:?}. Run `UPDATE_GOLDEN=1 cargo test --lib wording::tests` and review the diff."
    );
}

#[test]
fn every_function_that_words_a_diagnostic_has_a_sample() {
    let page = page();
    let mut functions = 0;
    for entry in fs::read_dir(root().join("src/provider/wording")).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        for declared in source.split("\npub(crate) fn ").skip(1) {
            let name = declared.split(['(', '<']).next().unwrap_or_default();
            functions += 1;
            let sampled = page.lines().any(|line| {
                line.strip_prefix("### ")
                    .is_some_and(|rest| rest == name || rest.starts_with(&format!("{name}: ")))
            });
            assert!(sampled || name == "length", "{name} has no sample");
        }
    }
    assert!(functions > 80, "{functions}");
}

#[test]
fn every_fault_and_every_cause_has_a_sample() {
    let page = page();
    for (file, name) in [
        ("src/policy/problem.rs", "Fault"),
        ("src/tokens/op.rs", "Concern"),
        ("src/tokens/op.rs", "Cause"),
        ("src/tokens/create.rs", "CreateError"),
        ("src/tokens/orphans.rs", "Orphan"),
        ("src/tokens/succession.rs", "SuccessionError"),
        ("src/tokens/succession.rs", "Unfinished"),
        ("src/host/files.rs", "LockError"),
        ("src/cloudflare/error.rs", "Error"),
        ("src/provider/credentials.rs", "Flaw"),
        ("src/provider/guardrails.rs", "Breach"),
        ("src/provider/wording/rotations.rs", "RollReason"),
    ] {
        let source = fs::read_to_string(root().join(file)).unwrap();
        let (_, body) = source.split_once(&format!("enum {name} {{\n")).unwrap();
        let body = body.split("\n}\n").next().unwrap();
        let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
        let variants = variants.filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()));
        let mut count = 0;
        for variant in variants {
            let variant = variant.split([' ', ',', '(', '{']).next().unwrap();
            count += 1;
            let named = page.lines().any(|line| line.starts_with("### ") && line.contains(variant));
            assert!(named, "{name}::{variant} has no sample");
        }
        assert!(count > 1, "{name}");
    }
}
