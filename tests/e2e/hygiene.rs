//! Where secrets must not appear. The runs use TF_LOG=TRACE, do everything that the provider can do, and meet every
//! fault of the simulator. No value, credential or request body may be in the log, the console or the plan. A value
//! that is not to be stored must not be in the state either.
//!
//! The log is Terraform's own and contains the provider's lines. The test searches all of it, because Terraform also
//! logs what the provider gives it.

use std::path::Path;
use std::time::Duration;

use crate::simulator::{Effect, Fault, FaultKind};
use crate::support::stage::Stage;
use crate::support::terraform::Output;

/// A public key whose private key nobody has.
const SOMEBODY: &str = "bWFkZSB1cCBmb3IgYSB0ZXN0IG9mIHRoaXMgcHJvdmk=";
/// Texts that only request bodies contain.
const OF_BODIES: [&str; 3] = ["\"permission_groups\":[{\"id\"", "\"request_ip\":{\"", "secret_text"];
/// An address in the configuration. The provider sends it to the API but must not log it.
const ADDRESS: &str = "198.51.100.77";

const LOG: &str = "trace.log";

/// A stage with all log levels on.
fn traced() -> Stage {
    let mut stage = Stage::new();
    let log = stage.tf.path().join(LOG);
    stage.tf.env("TF_LOG", "TRACE").env("TF_LOG_PATH", log);
    stage
}

/// A configuration with everything: a token with this end of its name and this trigger, a binding, secrets of all
/// kinds, and data sources. It also has an ephemeral token, used as a write-only value and as another provider's credential.
fn everything(store_value: bool, name: &str, trigger: &str) -> String {
    let version = name.len();
    let (value, written) =
        ("cloudflare_account_api_token.t[0].value", "ephemeral.cloudflare_account_api_token.run.value");
    let (secret, secrets, in_store) = if store_value {
        (format!("value = {value}"), format!("secrets = {{ ONE = {value}, TWO = {value} }}"), value)
    } else {
        (
            format!("value_wo = {written}\nvalue_wo_version = {version}"),
            format!("secrets_wo = {{ ONE = {written}, TWO = {written} }}\nsecrets_wo_version = {version}"),
            written,
        )
    };
    format!(
        r#"
        provider "cloudflare" {{
          max_retries     = 0
          request_timeout = "2s"
        }}
        ephemeral "cloudflare_account_api_token" "run" {{
          policies = [{{ permission_groups = ["Account API Tokens Read", "Workers Scripts Write"] }}]
        }}
        provider "cloudflare" {{
          alias       = "run"
          api_token   = ephemeral.cloudflare_account_api_token.run.value
          max_retries = 0
        }}
        data "cloudflare_account_api_tokens" "all" {{ provider = cloudflare.run }}
        resource "cloudflare_account_api_token" "t" {{
          count       = {KINDS}
          name        = "token-${{count.index}}-{name}"
          policies    = [{{ permission_groups = ["Cloudflare Tunnel Write"] }}]
          condition   = {{ request_ip = {{ not_in = ["{ADDRESS}"] }} }}
          expires_in  = "90d"
          rotation    = {{ triggers = {{ by = "{trigger}" }} }}
          store_value = {store_value}
          seal_for    = {{ somebody = {{ format = "libsodium", public_key = "{SOMEBODY}" }} }}
        }}
        resource "cloudflare_account_api_token" "bound" {{
          exclusive_policies = false
          store_value = {store_value}
          seal_for    = {{ somebody = {{ format = "libsodium", public_key = "{SOMEBODY}" }} }}
        }}
        resource "cloudflare_token_binding" "b" {{
          name     = "b"
          token_id = cloudflare_account_api_token.bound.id
          policies = [{{ permission_groups = ["Workers Scripts Read"] }}]
        }}
        resource "cloudflare_workers_secret" "s" {{
          script_name = "edge-api"
          name        = "KEY"
          {secret}
        }}
        resource "cloudflare_workers_secrets" "s" {{
          script_name = "edge-api"
          {secrets}
        }}
        resource "cloudflare_secrets_store_secret" "s" {{
          name             = "KEY"
          value_wo         = {in_store}
          value_wo_version = {version}
        }}
        "#
    )
}

/// How many kinds of faults [`faults`] has.
const KINDS: usize = 11;

/// Arms every fault once, for requests with this method and path.
fn faults(stage: &Stage, method: &str, path: &str) {
    // An API that quotes the credential and a value in its answer.
    let quoting: &'static str = Box::leak(format!("no: {:?}", stage.sim.secrets()).into_boxed_str());
    let kinds: [FaultKind; KINDS] = [
        FaultKind::Api(400, 1001, quoting, Effect::Done),
        FaultKind::Api(500, 10000, "Internal server error", Effect::None),
        FaultKind::Html(502, Effect::Done),
        FaultKind::Truncated,
        FaultKind::WrongTypes,
        FaultKind::Stale,
        FaultKind::Reset(Effect::None),
        FaultKind::Reset(Effect::Done),
        FaultKind::LatencyAfter(Duration::from_millis(20)),
        FaultKind::RateLimited(Some("0".to_owned())),
        FaultKind::Hang(Effect::Done),
    ];
    for kind in kinds {
        stage.sim.fault(Fault::new(kind).method(method).path(path));
    }
}

/// Searches the output and the files of a run.
struct Search<'a> {
    stage: &'a Stage,
    console: String,
}

impl Search<'_> {
    fn over(stage: &Stage) -> Search<'_> {
        Search { stage, console: String::new() }
    }

    /// Runs a command that may fail.
    fn run(&mut self, arguments: &[&str]) -> Output {
        let output = self.stage.tf.run(arguments);
        self.console += &output.stdout;
        self.console += &output.stderr;
        output
    }

    fn read(&self, file: &str) -> String {
        let content = std::fs::read(self.stage.tf.path().join(file)).unwrap();
        String::from_utf8_lossy(&content).into_owned()
    }

    /// Panics if the text has a secret. The message shows only what precedes the secret.
    #[track_caller]
    fn clean(&self, what: &str, text: &str) {
        for secret in self.stage.sim.secrets() {
            // The prefix is not secret, so it is left out. Each half of the rest is searched separately.
            for part in [&secret[5..25], &secret[25..45]] {
                if let Some(at) = text.find(part) {
                    let before: String = text[..at].chars().rev().take(300).collect();
                    let before: String = before.chars().rev().collect();
                    panic!("a secret is in {what}, after:\n{before}");
                }
            }
        }
    }

    /// Searches the log and the console.
    #[track_caller]
    fn said(&self) {
        let log = self.read(LOG);
        let own = log.lines().filter(|line| line.contains("@module=provider.")).collect::<Vec<_>>();
        assert!(own.len() > 100, "the provider's own lines are not in the log");
        assert!(own.iter().any(|line| line.contains("tf_rpc=ApplyResourceChange")));
        self.clean("the log", &log);
        self.clean("the console", &self.console);
        for mark in OF_BODIES {
            let line =
                log.lines().find(|line| line.contains(mark) || line.contains(&mark.replace('"', "\\\"")));
            assert_eq!(line, None, "a body is in the log");
        }
        let line = own.iter().find(|line| line.contains(ADDRESS) || line.contains("Bearer"));
        assert_eq!(line, None, "a body or a header is in the log");
    }

    /// Searches a saved plan, which is a compressed zip archive.
    #[track_caller]
    fn plan(&self, file: &str) {
        let script = "import sys, zipfile\nz = zipfile.ZipFile(sys.argv[1])\nfor n in z.namelist(): sys.stdout.buffer.write(z.read(n))";
        let unzip = std::process::Command::new("python3")
            .args(["-c", script])
            .arg(self.stage.tf.path().join(file))
            .output()
            .unwrap();
        assert!(unzip.status.success(), "{}", String::from_utf8_lossy(&unzip.stderr));
        let content = String::from_utf8_lossy(&unzip.stdout);
        assert!(content.contains("cloudflare_account_api_token"), "that is no plan");
        self.clean("the plan", &content);
    }
}

#[test]
fn a_value_that_is_not_to_be_stored_is_nowhere_whatever_goes_wrong() {
    let stage = traced();
    let mut search = Search::over(&stage);
    let mut failed = 0;
    let mut step = |method: &str, path: &str, name: &str, trigger: &str, search: &mut Search| {
        faults(&stage, method, path);
        stage.config(&everything(false, name, trigger));
        search.run(&["plan", "-out=saved"]);
        failed += usize::from(search.run(&["apply", "-json", "-auto-approve"]).code != Some(0));
        stage.sim.clear_faults();
        search.run(&["plan", "-out=saved"]).success();
        search.plan("saved");
        search.run(&["apply", "saved"]).success();
        search.clean("the state", &stage.tf.state().to_string());
    };
    step("POST", "/accounts/*/tokens", "made", "one", &mut search);
    step("GET", "/accounts/*/tokens/**", "made", "one", &mut search);
    step("PUT", "/accounts/*/tokens/*", "changed", "one", &mut search);
    step("PUT", "/accounts/*/tokens/*/value", "changed", "two", &mut search);
    step("PUT", "/accounts/*/workers/scripts/**", "changed-secret", "two", &mut search);
    step("PATCH", "/accounts/*/workers/scripts/**", "changed-secrets", "two", &mut search);
    step("PATCH", "/accounts/*/secrets_store/**", "changed-in-store", "two", &mut search);
    faults(&stage, "DELETE", "/accounts/*/**");
    failed += usize::from(search.run(&["destroy", "-auto-approve"]).code != Some(0));
    stage.sim.clear_faults();
    search.run(&["destroy", "-auto-approve"]).success();
    // The provider detects that a refused change of a token took effect, so that step does not fail.
    assert!(failed >= 6, "the faults hardly did anything");
    assert!(stage.sim.secrets().len() > 30, "few tokens were made");
    assert!(search.console.contains("[redacted]"), "no error has quoted a secret");
    search.said();
    search.clean("the last state", &search.read("terraform.tfstate"));
    search.clean("the backup of the state", &search.read("terraform.tfstate.backup"));
}

#[test]
fn a_stored_value_is_in_state_and_plan_and_not_in_the_log_or_on_the_console() {
    let stage = traced();
    let mut search = Search::over(&stage);
    stage.config(&everything(true, "made", "one"));
    search.run(&["apply", "-auto-approve"]).success();
    assert!(stage.tf.state().to_string().contains("cfat_"), "or this test proves nothing");
    faults(&stage, "PUT", "/accounts/*/tokens/*/value");
    stage.config(&everything(true, "changed", "two"));
    search.run(&["plan"]);
    search.run(&["apply", "-json", "-auto-approve"]);
    stage.sim.clear_faults();
    search.run(&["apply", "-auto-approve"]).success();
    search.run(&["show"]).success();
    search.run(&["state", "show", "cloudflare_account_api_token.t[0]"]).success();
    search.run(&["refresh"]).success();
    let account = stage.sim.account_id();
    search.run(&["state", "rm", "cloudflare_account_api_token.bound"]).success();
    let id = stage.sim.tokens().into_iter().find(|t| t["name"].as_str().unwrap().starts_with("tf-")).unwrap();
    let id = format!("{account}/{}", id["id"].as_str().unwrap());
    search.run(&["import", "cloudflare_account_api_token.bound", &id]).success();
    search.run(&["destroy", "-auto-approve"]).success();
    search.said();
}

#[test]
fn a_credential_that_the_api_or_the_client_refuses_is_not_quoted() {
    for credential in [
        "cfat_too-short-to-be-one-but-secret-all-the-same",
        "secret\nwith a line break in it that is long",
        "  ",
    ] {
        let mut stage = traced();
        stage.tf.env("CLOUDFLARE_API_TOKEN", credential);
        stage.config(&everything(true, "made", "one"));
        let said = stage.tf.plan();
        assert_ne!(said.code, Some(0));
        let log = std::fs::read_to_string(Path::new(stage.tf.path()).join(LOG)).unwrap();
        if let Some(part) = credential.get(10..30) {
            assert!(!log.contains(part) && !said.said().contains(part), "the credential is shown");
        }
    }
}
