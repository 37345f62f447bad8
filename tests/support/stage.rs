//! A stage for end-to-end tests: its own simulator, and a workspace with a real Terraform and the built provider.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::Value as Json;

use super::terraform::{Terraform, Workspace};
use crate::simulator::{Options, Readings, Simulator};

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-cloudflare-tokens");
/// The provider's address without the host.
pub const SOURCE: &str = "cloudflare-tokens/cloudflare-tokens";

/// The start of every configuration.
const PREAMBLE: &str = r#"
terraform {
  required_providers {
    cloudflare = { source = "cloudflare-tokens/cloudflare-tokens" }
  }
}
"#;

/// Every stage takes this lock shared, and a stage that measures takes it exclusively. Terraform's pace decides how
/// many requests are batched, so other tests on the machine would distort the measurement.
static MACHINE: RwLock<()> = RwLock::new(());

thread_local! {
    /// How many stages this test has. Only the first stage waits for the lock.
    static UP: Cell<usize> = const { Cell::new(0) };
}

/// The lock on the machine, shared or exclusive, for the life of the stage.
enum Machine {
    Held,
    Shared { _guard: RwLockReadGuard<'static, ()> },
    Alone { _guard: RwLockWriteGuard<'static, ()> },
}

impl Machine {
    fn shared() -> Self {
        if UP.replace(UP.get() + 1) > 0 {
            return Self::Held;
        }
        Self::Shared { _guard: MACHINE.read().unwrap_or_else(PoisonError::into_inner) }
    }

    fn alone() -> Self {
        assert_eq!(UP.replace(1), 0, "this test has a stage up already");
        Self::Alone { _guard: MACHINE.write().unwrap_or_else(PoisonError::into_inner) }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        UP.set(UP.get() - 1);
    }
}

/// A simulator, and a workspace whose environment configures the provider for it.
pub struct Stage {
    pub sim: Simulator,
    pub tf: Workspace,
    _machine: Machine,
}

impl Stage {
    /// A stage with the simulator's defaults.
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    /// A stage with these options.
    pub fn with(options: Options) -> Self {
        Self::on(&Terraform::find(), options)
    }

    /// A stage with this Terraform.
    pub fn on(terraform: &Terraform, options: Options) -> Self {
        Self::up(terraform, options, Machine::shared())
    }

    /// A stage that runs alone on the machine, for measurements.
    pub fn alone(options: Options) -> Self {
        Self::up(&Terraform::find(), options, Machine::alone())
    }

    fn up(terraform: &Terraform, options: Options, machine: Machine) -> Self {
        let sim = Simulator::spawn(options);
        let tf = workspace(terraform, &sim);
        Self { sim, tf, _machine: machine }
    }

    /// A stage with the simulator's defaults, except for one reading of the API.
    pub fn reading(change: impl FnOnce(&mut Readings)) -> Self {
        let mut options = Options::default();
        change(&mut options.readings);
        Self::with(options)
    }

    /// Another workspace with its own state, for the same simulator.
    pub fn other(&self) -> Workspace {
        workspace(&Terraform::find(), &self.sim)
    }

    /// Installs an official provider beside this one. The same binary stands in for it, because tests check only
    /// which of the two Terraform calls.
    pub fn install_official(&self) {
        let official = self.tf.path().join("official");
        std::fs::create_dir(&official).unwrap();
        std::os::unix::fs::symlink(BINARY, official.join("terraform-provider-cloudflare")).unwrap();
        let ours = Path::new(BINARY).parent().unwrap();
        self.tf.write(
            "cli.tfrc",
            &format!(
                "provider_installation {{\n  dev_overrides {{\n    \"{SOURCE}\" = {ours:?}\n    \"cloudflare/cloudflare\" = \
                 {official:?}\n  }}\n  direct {{}}\n}}\n"
            ),
        );
    }

    /// Writes the configuration: the `terraform` block, then this content.
    pub fn config(&self, content: &str) -> &Self {
        write_config(&self.tf, content);
        self
    }

    /// Writes and applies the configuration. Panics if the next plan is not empty.
    #[track_caller]
    pub fn apply(&self, content: &str) -> &Self {
        self.config(content);
        self.tf.apply().success();
        self.settled();
        self
    }

    /// Panics if a plan is not empty.
    #[track_caller]
    pub fn settled(&self) {
        settled(&self.tf);
    }

    /// The attributes of a resource in the state, by its address. Null if the state does not have it.
    pub fn attributes(&self, address: &str) -> Json {
        attributes(&self.tf, address)
    }

    /// A string attribute.
    #[track_caller]
    pub fn text(&self, address: &str, attribute: &str) -> String {
        let attributes = self.attributes(address);
        attributes[attribute]
            .as_str()
            .unwrap_or_else(|| panic!("{address}.{attribute} is no string"))
            .to_owned()
    }
}

/// The target of acceptance tests: the real API with `TF_ACC=1` and credentials in the environment, otherwise a
/// simulator. Everything that a test has created is destroyed at its end, even if the test fails.
pub struct Acceptance {
    pub tf: Workspace,
    sim: Option<Simulator>,
}

impl Acceptance {
    /// An empty workspace. With `TF_ACC=1`, it panics unless CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID are set.
    /// The token must have every right that the tests grant.
    pub fn new() -> Self {
        if std::env::var_os("TF_ACC").is_none_or(|value| value != "1") {
            let sim = Simulator::spawn(Options::default());
            return Self { tf: workspace(&Terraform::find(), &sim), sim: Some(sim) };
        }
        let mut tf = bare(&Terraform::find());
        for (name, needed) in
            [("CLOUDFLARE_API_TOKEN", true), ("CLOUDFLARE_ACCOUNT_ID", true), ("CLOUDFLARE_BASE_URL", false)]
        {
            match std::env::var_os(name) {
                Some(value) => drop(tf.env(name, value)),
                None => assert!(!needed, "TF_ACC=1 needs {name}"),
            }
        }
        Self { tf, sim: None }
    }

    /// Writes and applies the configuration. Panics if the next plan is not empty.
    #[track_caller]
    pub fn apply(&self, content: &str) -> &Self {
        write_config(&self.tf, content);
        self.tf.apply().success();
        settled(&self.tf);
        self
    }

    /// A string attribute.
    #[track_caller]
    pub fn text(&self, address: &str, attribute: &str) -> String {
        let attributes = attributes(&self.tf, address);
        attributes[attribute]
            .as_str()
            .unwrap_or_else(|| panic!("{address}.{attribute} is no string"))
            .to_owned()
    }

    /// Destroys everything. A simulator must have no token afterwards.
    #[track_caller]
    pub fn destroy(self) {
        self.tf.destroy().success();
        assert!(self.sim.as_ref().is_none_or(|sim| sim.tokens().is_empty()), "a token is left");
    }
}

impl Drop for Acceptance {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.tf.state().is_null() {
            drop(self.tf.destroy());
        }
    }
}

/// A token resource with the address [`TOKEN`].
pub fn token(arguments: &str) -> String {
    format!("resource \"cloudflare_account_api_token\" \"t\" {{\n{arguments}\n}}\n")
}

/// The address of the resource that [`token`] writes.
pub const TOKEN: &str = "cloudflare_account_api_token.t";

/// The folder of the provider: `PROVIDER_FOLDER` if it is set, otherwise the folder of the build under test.
/// `tests/platforms` sets it to a folder with a script that starts the build for another platform.
fn folder() -> PathBuf {
    let built = || Path::new(BINARY).parent().unwrap_or(Path::new(".")).to_owned();
    std::env::var_os("PROVIDER_FOLDER").map_or_else(built, PathBuf::from)
}

/// A workspace with the built provider and no credentials.
pub fn bare(terraform: &Terraform) -> Workspace {
    let mut tf = terraform.workspace();
    tf.dev_override(SOURCE, &folder());
    tf
}

fn workspace(terraform: &Terraform, sim: &Simulator) -> Workspace {
    let mut tf = bare(terraform);
    tf.env("CLOUDFLARE_API_TOKEN", sim.root_token());
    tf.env("CLOUDFLARE_ACCOUNT_ID", sim.account_id());
    tf.env("CLOUDFLARE_BASE_URL", sim.base_url());
    tf.env("TF_VAR_zone_id", &sim.zone_ids()[0]);
    tf
}

/// Writes the configuration of a workspace: the `terraform` block, then this content.
pub fn write_config(tf: &Workspace, content: &str) {
    tf.write("main.tf", &format!("{PREAMBLE}\n{content}"));
}

/// Panics if a plan is not empty.
#[track_caller]
pub fn settled(tf: &Workspace) {
    let plan = tf.run(&["plan", "-detailed-exitcode"]);
    assert_eq!(plan.code, Some(0), "the plan is not empty:\n{}\n{}", plan.stdout, plan.stderr);
}

/// The attributes of a resource in a workspace's state, by its address (`type.name`, `type.name[0]`, `type.name["key"]`).
pub fn attributes(tf: &Workspace, address: &str) -> Json {
    let state = tf.state();
    let (name, key) = match address.split_once('[') {
        Some((name, key)) => (name, Some(key.trim_end_matches(']'))),
        None => (address, None),
    };
    let key = key.map(|key| serde_json::from_str::<Json>(key).unwrap_or_default());
    let resources = state["resources"].as_array().cloned().unwrap_or_default();
    let resource = resources.iter().find(|r| {
        let data = if r["mode"] == "data" { "data." } else { "" };
        format!("{data}{}.{}", r["type"].as_str().unwrap_or_default(), r["name"].as_str().unwrap_or_default())
            == name
    });
    let instances = resource.and_then(|r| r["instances"].as_array()).cloned().unwrap_or_default();
    let instance = instances.iter().find(|i| key.as_ref().is_none_or(|key| i["index_key"] == *key));
    instance.map(|i| i["attributes"].clone()).unwrap_or_default()
}

/// Sends a request to the API with a token's value, and returns the status. `ACCOUNT` in the path means the account.
pub fn ask(sim: &Simulator, value: &str, method: &str, path: &str, body: Option<Json>) -> u16 {
    let url = sim.base_url() + &path.replace("ACCOUNT", &format!("/accounts/{}", sim.account_id()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = client.request(method.parse().unwrap(), url).bearer_auth(value);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        request.send().await.unwrap().status().as_u16()
    })
}
