//! Sealed values, which no state contains in clear. Other implementations than ours open them.

use std::process::Command;

use serde_json::Value as Json;

use crate::support::packages::{self, Node};
use crate::support::stage::{Stage, TOKEN, token};

const POLICIES: &str = r#"policies = [{ permission_groups = ["Cloudflare Tunnel Write"] }]"#;

/// A recipient with a key pair.
pub(crate) struct Recipient {
    format: &'static str,
    public: String,
    private: String,
}

impl Recipient {
    fn age() -> Self {
        Self::new("age")
    }

    pub(crate) fn libsodium() -> Self {
        Self::new("libsodium")
    }

    fn new(format: &'static str) -> Self {
        let keys: Json = serde_json::from_str(&said(tool(format).arg("keys"))).unwrap();
        let key = |name: &str| keys[name].as_str().unwrap().to_owned();
        Self { format, public: key("public"), private: key("private") }
    }

    /// Opens a value that was sealed for this recipient.
    pub(crate) fn open(&self, sealed: &str) -> String {
        said(tool(self.format).args(["open", &self.private, sealed]))
    }

    /// The recipient as written in `seal_for`.
    pub(crate) fn as_named(&self, name: &str) -> String {
        named(name, self.format, &self.public)
    }
}

fn named(name: &str, format: &str, key: &str) -> String {
    format!("{name} = {{ format = \"{format}\", public_key = \"{key}\" }}\n")
}

/// The other implementations: PyNaCl for libsodium, and the package by age's author for age.
fn tool(format: &str) -> Command {
    if format == "age" {
        return Node::with("age", &["age-encryption@0.3.1"]).run(include_str!("recipients.mjs"));
    }
    let mut command = Command::new(packages::python("pynacl", &["pynacl==1.6.2"]));
    command.args(["-c", include_str!("recipients.py")]);
    command
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn with(arguments: &str, seal_for: &[String]) -> String {
    let seal_for =
        if seal_for.is_empty() { String::new() } else { format!("seal_for = {{\n{}}}", seal_for.concat()) };
    token(&format!("name = \"sealed\"\n{POLICIES}\n{arguments}\n{seal_for}"))
}

/// A token whose value stays out of the state.
fn unstored(seal_for: &[String]) -> String {
    with("store_value = false", seal_for)
}

fn sealed(stage: &Stage, name: &str) -> String {
    let sealed = stage.attributes(TOKEN)["sealed_values"][name].clone();
    sealed.as_str().unwrap_or_else(|| panic!("nothing is sealed for {name}")).to_owned()
}

fn value(stage: &Stage) -> String {
    stage.sim.token_value(&stage.text(TOKEN, "id")).unwrap()
}

fn rolls(stage: &Stage) -> usize {
    stage.sim.count("PUT", "/accounts/*/tokens/*/value")
}

#[test]
fn what_is_sealed_is_opened_by_other_implementations_and_is_nowhere_else() {
    let stage = Stage::new();
    let (age, sodium) = (Recipient::age(), Recipient::libsodium());
    stage.config(&unstored(&[age.as_named("ops"), sodium.as_named("github")]));
    stage.tf.run(&["plan", "-out=saved"]).success();
    let plan: Json =
        serde_json::from_str(&stage.tf.run(&["show", "-json", "saved"]).success().stdout).unwrap();
    let change = &plan["resource_changes"][0]["change"];
    assert_eq!((&change["after"]["value"], &change["after_unknown"]["value"]), (&Json::Null, &Json::Null));
    let unknown = serde_json::json!({"ops": true, "github": true});
    assert_eq!(change["after_unknown"]["sealed_values"], unknown);
    stage.tf.run(&["apply", "saved"]).success();

    let value = value(&stage);
    assert!(age.open(&sealed(&stage, "ops")) == value);
    assert!(sodium.open(&sealed(&stage, "github")) == value);
    assert_eq!(stage.attributes(TOKEN)["value"], Json::Null);
    stage.settled();
    let body = &value[5..45];
    for file in std::fs::read_dir(stage.tf.path()).unwrap().flatten().filter(|f| f.path().is_file()) {
        let content = std::fs::read(file.path()).unwrap();
        let content = String::from_utf8_lossy(&content);
        assert!(!content.contains(body), "the value is in {:?}", file.file_name());
    }
}

#[test]
fn a_roll_seals_anew_for_everybody() {
    let stage = Stage::new();
    let (age, sodium) = (Recipient::age(), Recipient::libsodium());
    let config = |by: &str| {
        let rotation = format!("store_value = false\nrotation = {{ triggers = {{ by = \"{by}\" }} }}");
        with(&rotation, &[age.as_named("ops"), sodium.as_named("github")])
    };
    stage.apply(&config("one"));
    let old = value(&stage);
    stage.apply(&config("two"));
    let new = value(&stage);
    assert!(new != old);
    assert!(age.open(&sealed(&stage, "ops")) == new && sodium.open(&sealed(&stage, "github")) == new);
}

#[test]
fn another_recipient_of_a_stored_value_is_the_only_one_sealed_for() {
    let stage = Stage::new();
    let (age, sodium, other) = (Recipient::age(), Recipient::libsodium(), Recipient::libsodium());
    stage.apply(&with("", &[age.as_named("ops"), sodium.as_named("github")]));
    let (ops, github) = (sealed(&stage, "ops"), sealed(&stage, "github"));
    stage.sim.reset_requests();
    stage.config(&with("", &[age.as_named("ops"), other.as_named("github")]));
    stage.tf.plan().success().never_says("The token is rolled");
    stage.tf.apply().success();
    stage.settled();
    assert_eq!(sealed(&stage, "ops"), ops);
    assert_ne!(sealed(&stage, "github"), github);
    assert!(other.open(&sealed(&stage, "github")) == value(&stage));
    assert_eq!(stage.sim.count("PUT", "**"), 0, "the API has nothing to do with it");
    // A new recipient is added beside them.
    stage.apply(&with("", &[age.as_named("ops"), other.as_named("github"), age.as_named("backup")]));
    assert_eq!(sealed(&stage, "ops"), ops);
    assert!(age.open(&sealed(&stage, "backup")) == value(&stage));
}

#[test]
fn a_new_recipient_of_a_dropped_value_rolls_the_token_with_a_warning() {
    let stage = Stage::new();
    let (age, sodium, other) = (Recipient::age(), Recipient::libsodium(), Recipient::libsodium());
    stage.apply(&unstored(&[age.as_named("ops"), sodium.as_named("github")]));
    let (id, old) = (stage.text(TOKEN, "id"), value(&stage));
    stage.config(&unstored(&[age.as_named("ops"), other.as_named("github")]));
    stage.tf.plan().success().says("The token is rolled").says("The old value stops working at once");
    stage.tf.apply().success();
    stage.settled();
    let new = value(&stage);
    assert!(stage.text(TOKEN, "id") == id && new != old);
    assert!(age.open(&sealed(&stage, "ops")) == new && other.open(&sealed(&stage, "github")) == new);
    assert_eq!(stage.attributes(TOKEN)["value"], Json::Null);
}

#[test]
fn a_recipient_that_is_taken_out_loses_its_entry_and_nothing_else_happens() {
    for arguments in ["", "store_value = false"] {
        let stage = Stage::new();
        let (age, sodium) = (Recipient::age(), Recipient::libsodium());
        stage.apply(&with(arguments, &[age.as_named("ops"), sodium.as_named("github")]));
        let (ops, old) = (sealed(&stage, "ops"), value(&stage));
        stage.apply(&with(arguments, &[age.as_named("ops")]));
        assert_eq!(stage.attributes(TOKEN)["sealed_values"], serde_json::json!({ "ops": ops }));
        stage.apply(&with(arguments, &[]));
        assert_eq!(stage.attributes(TOKEN)["sealed_values"], Json::Null);
        assert!(value(&stage) == old);
        assert_eq!(stage.sim.count("PUT", "**"), 0);
    }
}

#[test]
fn a_value_leaves_the_state_without_a_roll_and_comes_back_only_by_one() {
    let stage = Stage::new();
    let age = Recipient::age();
    stage.apply(&with("", &[age.as_named("ops")]));
    let (ops, old) = (sealed(&stage, "ops"), value(&stage));
    stage.apply(&unstored(&[age.as_named("ops")]));
    assert_eq!((stage.attributes(TOKEN)["value"].clone(), sealed(&stage, "ops")), (Json::Null, ops));
    assert_eq!(rolls(&stage), 0);
    stage.config(&with("", &[age.as_named("ops")]));
    stage.tf.plan().success().says("The token is rolled").says("`store_value` is true now");
    stage.tf.apply().success();
    stage.settled();
    let new = value(&stage);
    assert!(new != old && stage.text(TOKEN, "value") == new && age.open(&sealed(&stage, "ops")) == new);
}

#[test]
fn a_key_that_is_not_known_before_apply_seals_then() {
    let stage = Stage::new();
    let age = Recipient::age();
    let config = |key: &str| {
        let known_later = "ops = { format = \"age\", public_key = terraform_data.key.output }\n".to_owned();
        let token = unstored(&[known_later]);
        format!("resource \"terraform_data\" \"key\" {{ input = \"{key}\" }}\n{token}")
    };
    stage.apply(&config(&age.public));
    assert!(age.open(&sealed(&stage, "ops")) == value(&stage));
    let other = Recipient::age();
    stage.apply(&config(&other.public));
    assert!(other.open(&sealed(&stage, "ops")) == value(&stage));
    // The value turns out not to be a key once it is known.
    stage.config(&config("age1nokey")).tf.apply().failure("Invalid public key");
}

#[test]
fn what_nobody_will_ever_have_is_warned_of() {
    let stage = Stage::new();
    stage.config(&unstored(&[])).tf.plan().success().says("The token's value goes nowhere");
}

#[test]
fn what_is_no_key_is_refused_at_validate_where_it_stands() {
    let stage = Stage::new();
    let cases = [
        ("age", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "age-keygen"),
        ("age", "age1qqqqqqqq", "age-keygen"),
        ("libsodium", "c2hvcnQ=", "base64 of its 32 bytes"),
        ("libsodium", "no base64", "base64 of its 32 bytes"),
        ("rot13", "abc", "\"age\" or \"libsodium\""),
    ];
    for (format, key, way_out) in cases {
        stage.config(&unstored(&[named("ops", format, key)]));
        let refused = stage.tf.run(&["validate"]).failure("main.tf line");
        refused.failure(way_out).says("ops");
    }
    assert_eq!(stage.sim.requests(), []);
}

#[test]
fn a_private_key_by_mistake_is_refused_and_not_shown() {
    let stage = Stage::new();
    let private = Recipient::age().private;
    let pem = "-----BEGIN OPENSSH PRIVATE KEY-----b3BlbnNzaC1rZXktdjEAAAAA-----END OPENSSH PRIVATE KEY-----";
    let cases = [
        ("age", private.clone()),
        ("age", private.to_lowercase()),
        ("age", format!(" {private}")),
        ("libsodium", private.clone()),
        ("age", pem.to_owned()),
        ("libsodium", pem.to_owned()),
        ("libsodium", data_encoding::BASE64.encode(private.as_bytes().get(..64).unwrap())),
    ];
    for (format, key) in cases {
        let secret = key.trim()[20..60].to_owned();
        stage.config(&unstored(&[named("ops", format, &key)]));
        for command in ["validate", "plan", "apply"] {
            stage.tf.run(&[command]).failure("is a private key").never_says(&secret);
        }
    }
}
