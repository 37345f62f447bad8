//! The memory of an idle provider. It may contain the provider's own credential, but no value that it has handed out.
//! The test reads the process directly, because a core dump has the same content.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use cloudflare_tokens::provider;
use cloudflare_tokens::tf_provider::framework::{Raw, Schemas, Type};
use cloudflare_tokens::tf_provider::plugin::dynamic_value as value;
use cloudflare_tokens::tf_provider::plugin::proto::provider_client::ProviderClient;
use cloudflare_tokens::tf_provider::plugin::proto::{
    Diagnostic, DynamicValue, apply_resource_change, close_ephemeral_resource, configure_provider,
    get_provider_schema, open_ephemeral_resource, plan_resource_change, validate_resource_config,
};
use serde_json::{Value as Json, json};
use tonic::transport::Channel;

use crate::simulator::{Options, Simulator};
use crate::support::host::{HostCertificate, Process, channel_to, command};
use crate::support::stage::BINARY;

const TOKEN: &str = "cloudflare_account_api_token";
const SECRET: &str = "cloudflare_workers_secret";
/// A public key whose private key nobody has.
const SOMEBODY: &str = "bWFkZSB1cCBmb3IgYSB0ZXN0IG9mIHRoaXMgcHJvdmk=";
/// A little longer than connections to the API stay open after their last request.
const CLOSED_WITHIN: Duration = Duration::from_secs(6);

/// A client of the provider, and the types from its schema.
struct Provider {
    client: ProviderClient<Channel>,
    types: BTreeMap<&'static str, Type>,
}

/// An object in the state.
struct Object {
    state: DynamicValue,
    private: Vec<u8>,
}

impl Provider {
    /// Configures the provider for the simulator.
    async fn over(channel: Channel, sim: &Simulator) -> Self {
        let server = provider::registry(provider::Environment {
            api_token: None,
            api_key: None,
            email: None,
            account_id: None,
            base_url: None,
            lock_dirs: vec!["/unused".into()],
        });
        let Schemas { provider: own, resources, ephemeral_resources, .. } = server.schemas();
        let mut types =
            BTreeMap::from([("provider", own.ty()), ("ephemeral", ephemeral_resources[TOKEN].ty())]);
        types.extend([TOKEN, SECRET].map(|name| (name, resources[name].ty())));
        let mut provider = Self { client: ProviderClient::new(channel), types };
        let config = json!({
            "api_token": sim.root_token(), "account_id": sim.account_id(), "base_url": sim.base_url(),
        });
        let request = configure_provider::Request {
            config: Some(provider.typed("provider", &config)),
            ..Default::default()
        };
        let configured = provider.client.configure_provider(request).await.unwrap().into_inner();
        assert_eq!(configured.diagnostics, []);
        provider
    }

    fn typed(&self, ty: &str, json: &Json) -> DynamicValue {
        let ty = &self.types[ty];
        value::write(&Raw::from_json(json, ty).unwrap(), ty).unwrap()
    }

    fn text(&self, ty: &str, object: &DynamicValue, attribute: &str) -> String {
        value::read(Some(object), &self.types[ty]).unwrap().get(attribute).as_str().unwrap().to_owned()
    }

    /// Plans and applies like Terraform: `proposed` is the configuration with computed values from the state.
    async fn apply(&mut self, ty: &'static str, prior: Option<Object>, config: &Json) -> Object {
        let (prior, private) =
            prior.map_or_else(Default::default, |prior| (Some(prior.state), prior.private));
        let config = self.typed(ty, config);
        let proposed = self.proposed(ty, prior.as_ref(), &config);
        let request = plan_resource_change::Request {
            type_name: ty.to_owned(),
            prior_state: prior.clone(),
            proposed_new_state: Some(proposed),
            config: Some(config.clone()),
            prior_private: private,
            ..Default::default()
        };
        let planned = self.client.plan_resource_change(request).await.unwrap().into_inner();
        // The plan of a roll has a warning.
        let warned = planned.diagnostics.iter().all(|d| d.severity().as_str_name() == "WARNING");
        assert!(warned, "{:?}", planned.diagnostics);
        let request = apply_resource_change::Request {
            type_name: ty.to_owned(),
            prior_state: prior,
            planned_state: planned.planned_state,
            config: Some(config),
            planned_private: planned.planned_private,
            ..Default::default()
        };
        let applied = self.client.apply_resource_change(request).await.unwrap().into_inner();
        assert_eq!(applied.diagnostics, []);
        Object { state: applied.new_state.unwrap(), private: applied.private }
    }

    fn proposed(&self, ty: &str, prior: Option<&DynamicValue>, config: &DynamicValue) -> DynamicValue {
        let ty = &self.types[ty];
        let (Some(prior), Ok(Raw::Map(mut proposed))) = (prior, value::read(Some(config), ty)) else {
            return config.clone();
        };
        let prior = value::read(Some(prior), ty).unwrap();
        for computed in ["id", "value", "issued_on", "value_issued_on", "status", "account_id"] {
            if let Some(attribute) = proposed.get_mut(computed) {
                *attribute = prior.get(computed).clone();
            }
        }
        value::write(&Raw::Map(proposed), ty).unwrap()
    }

    async fn delete(&mut self, ty: &str, object: Object) {
        let request = apply_resource_change::Request {
            type_name: ty.to_owned(),
            prior_state: Some(object.state),
            planned_private: object.private,
            ..Default::default()
        };
        let deleted = self.client.apply_resource_change(request).await.unwrap().into_inner();
        assert_eq!(deleted.diagnostics, Vec::<Diagnostic>::new());
    }

    /// Opens an ephemeral token and closes it; returns its value.
    async fn borrow(&mut self, policies: &Json) -> String {
        let config = self.typed("ephemeral", &json!({ "policies": policies }));
        let request = open_ephemeral_resource::Request {
            type_name: TOKEN.to_owned(),
            config: Some(config),
            ..Default::default()
        };
        let opened = self.client.open_ephemeral_resource(request).await.unwrap().into_inner();
        assert_eq!(opened.diagnostics, []);
        let private = opened.private;
        let request = close_ephemeral_resource::Request { type_name: TOKEN.to_owned(), private };
        let closed = self.client.close_ephemeral_resource(request).await.unwrap().into_inner();
        assert_eq!(closed.diagnostics, []);
        self.text("ephemeral", &opened.result.unwrap(), "value")
    }

    /// Creates, rolls, seals, puts, borrows and deletes tokens. Returns every value that existed.
    async fn work(&mut self, sim: &Simulator) -> Vec<String> {
        let policies = json!([{"permission_groups": ["Cloudflare Tunnel Write"]}]);
        let seal_for = json!({"github": {"format": "libsodium", "public_key": SOMEBODY}});
        let config = |by: &str| {
            json!({
                "name": "remembered", "policies": policies, "store_value": true, "seal_for": seal_for,
                "rotation": {"triggers": {"by": by}},
            })
        };
        let made = self.apply(TOKEN, None, &config("one")).await;
        let first = self.text(TOKEN, &made.state, "value");
        let rolled = self.apply(TOKEN, Some(made), &config("two")).await;
        let second = self.text(TOKEN, &rolled.state, "value");
        let put = json!({"script_name": "edge-api", "name": "KEY", "value": second});
        let put = self.apply(SECRET, None, &put).await;
        assert!(first != second && sim.secret("edge-api", "KEY").as_ref() == Some(&second));
        let lent = self.borrow(&policies).await;
        self.delete(SECRET, put).await;
        self.delete(TOKEN, rolled).await;
        assert!(sim.tokens().is_empty());
        vec![first, second, lent]
    }

    /// Sends and receives more data than the buffers of a connection can store. None of it is secret.
    async fn small_talk(&mut self) {
        let long = "x".repeat(16 << 10);
        for _ in 0..16 {
            let config = json!({"script_name": long, "name": long, "value": "no secret"});
            let request = validate_resource_config::Request {
                type_name: SECRET.to_owned(),
                config: Some(self.typed(SECRET, &config)),
                ..Default::default()
            };
            self.client.validate_resource_config(request).await.unwrap();
            self.client.get_provider_schema(get_provider_schema::Request {}).await.unwrap();
        }
    }
}

/// A provider that survives its hosts until it is dropped.
struct Attached(Child);

impl Attached {
    /// The socket that the provider announces.
    fn socket(&mut self) -> PathBuf {
        let mut lines = BufReader::new(self.0.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
        let told =
            lines.find_map(|line| Some(line.trim().strip_prefix("TF_REATTACH_PROVIDERS=")?.to_owned()));
        let told: Json = serde_json::from_str(told.unwrap().trim_matches('\'')).unwrap();
        told[provider::ADDRESS]["Addr"]["String"].as_str().unwrap().into()
    }
}

impl Drop for Attached {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The places of a part of a secret in the writable memory of a process.
fn places(process: u32, secret: &str) -> Vec<String> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let mut memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut places = Vec::new();
    for line in maps.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let (start, end) = fields[0].split_once('-').unwrap();
        let [start, end] = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
        if !fields[1].starts_with("rw") {
            continue;
        }
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        memory.seek(SeekFrom::Start(start)).unwrap();
        memory.read_exact(&mut bytes).unwrap_or_else(|error| panic!("{line}: {error}"));
        // The prefix is not secret, so it is left out. Each half of the rest is searched separately.
        for part in [&secret[5..25], &secret[25..45]] {
            let found =
                bytes.windows(part.len()).enumerate().filter(|(_, window)| *window == part.as_bytes());
            places.extend(found.map(|(at, _)| format!("{} +{at:#x}", fields.get(5).unwrap_or(&"anonymous"))));
        }
    }
    places
}

/// Panics if it finds a value, or if the search itself does not work.
#[track_caller]
fn forgotten(process: u32, values: &[String], sim: &Simulator) {
    assert!(
        !places(process, &sim.root_token()).is_empty(),
        "the provider's own credential is not found either"
    );
    for (number, value) in values.iter().enumerate() {
        let places = places(process, value);
        assert!(places.is_empty(), "value {number} of {}: {places:#?}", values.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_provider_has_its_own_credential_and_no_other_value() {
    let sim = Simulator::start(Options::default()).await;
    let temporary = tempfile::tempdir().unwrap();
    let mut process = Attached(command(Path::new(BINARY), temporary.path()).arg("-debug").spawn().unwrap());
    let channel = channel_to(&process.socket()).await;
    let mut provider = Provider::over(channel, &sim).await;
    let values = provider.work(&sim).await;
    drop(provider);
    tokio::time::sleep(CLOSED_WITHIN).await;
    forgotten(process.0.id(), &values, &sim);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_connected_only_the_connections_buffers_may_have_a_value() {
    let sim = Simulator::start(Options::default()).await;
    let (temporary, host) = (tempfile::tempdir().unwrap(), HostCertificate::new());
    let process = Process::start(Path::new(BINARY), temporary.path(), Some(&host.pem));
    let (channel, _) = process.connect(Some(&host)).await.unwrap();
    let mut provider = Provider::over(channel, &sim).await;
    let values = provider.work(&sim).await;
    provider.small_talk().await;
    tokio::time::sleep(CLOSED_WITHIN).await;
    forgotten(process.id(), &values, &sim);
}
