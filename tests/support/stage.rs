//! A stage for end-to-end tests: a simulator of its own, and a workspace of a real Terraform with the built provider.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde_json::Value as Json;

use super::terraform::{Terraform, Workspace};
use crate::simulator::{Options, Readings, Simulator};

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-cloudflare-tokens");
/// Its address, without the host.
pub const SOURCE: &str = "cloudflare-tokens/cloudflare-tokens";

/// What every configuration starts with.
const PREAMBLE: &str = r#"
terraform {
  required_providers {
    cloudflare = { source = "cloudflare-tokens/cloudflare-tokens" }
  }
}
"#;

/// Held shared by every stage, and alone by one that measures: Terraform's own pace decides how many requests are
/// gathered into one, and a machine that runs a dozen tests beside it is no measure.
static MACHINE: RwLock<()> = RwLock::new(());

thread_local! {
    /// How many stages this test has up: only its first one waits for the machine.
    static UP: Cell<usize> = const { Cell::new(0) };
}

/// The machine, shared or not, until the stage goes.
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

/// A simulator and a workspace whose environment configures the provider for it.
pub struct Stage {
    pub sim: Simulator,
    pub tf: Workspace,
    _machine: Machine,
}

impl Stage {
    /// With the simulator's defaults.
    pub fn new() -> Self {
        Self::with(Options::default())
    }

    /// With these.
    pub fn with(options: Options) -> Self {
        Self::on(&Terraform::find(), options)
    }

    /// With this Terraform.
    pub fn on(terraform: &Terraform, options: Options) -> Self {
        Self::up(terraform, options, Machine::shared())
    }

    /// With the machine to itself, for what is measured.
    pub fn alone(options: Options) -> Self {
        Self::up(&Terraform::find(), options, Machine::alone())
    }

    fn up(terraform: &Terraform, options: Options, machine: Machine) -> Self {
        let sim = Simulator::spawn(options);
        let tf = workspace(terraform, &sim);
        Self { sim, tf, _machine: machine }
    }

    /// With the simulator's defaults but for one reading of the API.
    pub fn reading(change: impl FnOnce(&mut Readings)) -> Self {
        let mut options = Options::default();
        change(&mut options.readings);
        Self::with(options)
    }

    /// Another workspace, with a state of its own, for the same simulator.
    pub fn other(&self) -> Workspace {
        workspace(&Terraform::find(), &self.sim)
    }

    /// Gives Terraform an official provider beside this one. The same binary stands in for it: what counts is which of the two
    /// Terraform asks.
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

    /// Writes the configuration: this, after the `terraform` block.
    pub fn config(&self, content: &str) -> &Self {
        write_config(&self.tf, content);
        self
    }

    /// Writes the configuration and applies it; then nothing may be left to plan.
    #[track_caller]
    pub fn apply(&self, content: &str) -> &Self {
        self.config(content);
        self.tf.apply().success();
        self.settled();
        self
    }

    /// Panics where a plan has something to do.
    #[track_caller]
    pub fn settled(&self) {
        settled(&self.tf);
    }

    /// The attributes of a resource in the state, by its address; null where it is not there.
    pub fn attributes(&self, address: &str) -> Json {
        attributes(&self.tf, address)
    }

    /// An attribute that is a string.
    #[track_caller]
    pub fn text(&self, address: &str, attribute: &str) -> String {
        let attributes = self.attributes(address);
        attributes[attribute]
            .as_str()
            .unwrap_or_else(|| panic!("{address}.{attribute} is no string"))
            .to_owned()
    }
}

/// Where acceptance tests stand: at the real API with `TF_ACC=1` and credentials in the environment, else at a simulator.
/// Whatever a test has made is destroyed with it, also where it fails.
pub struct Acceptance {
    pub tf: Workspace,
    sim: Option<Simulator>,
}

impl Acceptance {
    /// A workspace with nothing in it. With `TF_ACC=1`, panics unless CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID are
    /// set; the token must hold every right that the tests grant.
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

    /// Writes the configuration and applies it; then nothing may be left to plan.
    #[track_caller]
    pub fn apply(&self, content: &str) -> &Self {
        write_config(&self.tf, content);
        self.tf.apply().success();
        settled(&self.tf);
        self
    }

    /// An attribute that is a string.
    #[track_caller]
    pub fn text(&self, address: &str, attribute: &str) -> String {
        let attributes = attributes(&self.tf, address);
        attributes[attribute]
            .as_str()
            .unwrap_or_else(|| panic!("{address}.{attribute} is no string"))
            .to_owned()
    }

    /// Destroys everything. At a simulator no token may be left.
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

/// The address of what [`token`] writes.
pub const TOKEN: &str = "cloudflare_account_api_token.t";

/// The folder of the provider: `PROVIDER_FOLDER`, where `tests/platforms` has put a script that starts another platform's
/// build, else the one of the build under test.
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

/// Writes a workspace's configuration: this, after the `terraform` block.
pub fn write_config(tf: &Workspace, content: &str) {
    tf.write("main.tf", &format!("{PREAMBLE}\n{content}"));
}

/// Panics where a plan has something to do.
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

/// Asks the API with a token's value; the status. `ACCOUNT` in the path stands for the account.
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
