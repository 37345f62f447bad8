//! The provider in this process. Tests drive it like Terraform's core: validate, plan, apply, read, but without the
//! wire.
//!
//! Configurations are written as JSON, and the schema gives them their types. [`UNKNOWN`] is a value that is not
//! known yet.

use cloudflare_tokens::provider::{Environment, registry};
use cloudflare_tokens::tf_provider::framework::{
    ApplyRequest, ApplyResponse, ClientCapabilities, Diagnostics, FunctionError, PlanRequest, PlanResponse,
    Raw, ReadRequest, Registry, ResourceHandle, ResourceId, Severity,
};
use serde_json::{Value as Json, json};

use crate::simulator::Simulator;

/// An unknown string in a configuration.
pub const UNKNOWN: &str = "<unknown>";

/// A configured provider.
pub struct Provider {
    registry: Registry,
    locks: tempfile::TempDir,
}

/// An object in Terraform's state.
#[derive(Clone)]
pub struct Object {
    /// The state.
    pub state: Raw,
    /// The private state, which the provider stores beside the state.
    pub private: Vec<u8>,
    /// The warnings of the plan and of the apply or read that produced this object.
    pub warnings: Diagnostics,
}

impl Object {
    /// A string attribute. `None` if it is null.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        self.state.get(attribute).as_str()
    }
}

impl Provider {
    /// Configures the provider with the simulator's root token and account in the environment, and an empty block.
    pub async fn start(sim: &Simulator) -> Self {
        Self::configured(sim, json!({})).await
    }

    /// Configures the provider with this block as well.
    pub async fn configured(sim: &Simulator, block: Json) -> Self {
        let (provider, found) = Self::try_configured(sim, block).await;
        assert!(found.is_empty(), "{found:?}");
        provider
    }

    /// Configures the provider. Returns it with the diagnostics of its configuration.
    pub async fn try_configured(sim: &Simulator, block: Json) -> (Self, Diagnostics) {
        let locks = tempfile::tempdir().expect("a directory for locks");
        let environment = Environment {
            api_token: Some(sim.root_token().into()),
            api_key: None,
            email: None,
            account_id: Some(sim.account_id()),
            base_url: Some(sim.base_url()),
            // The provider creates this directory, which no other provider uses.
            lock_dirs: vec![locks.path().join("locks")],
        };
        let registry = registry(environment);
        let block = typed(&block, registry.provider().ty());
        let mut found = registry.provider().validate(block.clone(), CLIENT).await;
        if !found.has_error() {
            found.extend(registry.provider().configure(block).await);
        }
        (Self { registry, locks }, found)
    }

    /// The provider's registry.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Finds a resource type.
    pub fn resource(&self, name: &str) -> &ResourceHandle {
        self.registry.resource(name).expect("a resource type")
    }

    /// A configuration of a resource type, with the schema's types.
    pub fn config(&self, resource: &str, config: &Json) -> Raw {
        typed(config, self.resource(resource).ty())
    }

    /// The diagnostics of validating a resource's configuration.
    pub async fn validate(&self, resource: &str, config: &Json) -> Diagnostics {
        self.resource(resource).validate(self.config(resource, config), CLIENT).await
    }

    /// Plans a create or an update.
    pub async fn plan(&self, resource: &str, prior: Option<&Object>, config: &Json) -> PlanResponse {
        let config = self.config(resource, config);
        let request = PlanRequest {
            prior: prior.map_or(Raw::Null, |object| object.state.clone()),
            proposed: config.clone(),
            config,
            private: prior.map(|object| object.private.clone()).unwrap_or_default(),
            identity: None,
            again: false,
        };
        self.resource(resource).plan(request).await
    }

    /// Validates, plans and applies a create or an update in place.
    pub async fn try_apply(
        &self,
        resource: &str,
        prior: Option<&Object>,
        config: &Json,
    ) -> Result<Object, Diagnostics> {
        let found = self.validate(resource, config).await;
        if found.has_error() {
            return Err(found);
        }
        let plan = self.plan(resource, prior, config).await;
        if plan.diagnostics.has_error() {
            return Err(plan.diagnostics);
        }
        assert!(plan.requires_replace.is_empty(), "a replacement: {:?}", plan.requires_replace);
        self.apply_planned(resource, prior, config, plan).await
    }

    /// Applies a plan with the given configuration, which may differ from the planned one.
    pub async fn apply_planned(
        &self,
        resource: &str,
        prior: Option<&Object>,
        config: &Json,
        plan: PlanResponse,
    ) -> Result<Object, Diagnostics> {
        let (mut warnings, applied) = self.sent(resource, prior, config, plan).await;
        if applied.diagnostics.has_error() {
            return Err(applied.diagnostics);
        }
        let state = applied.state.expect("an apply without errors has a state");
        assert!(state.is_wholly_known(), "apply left something unknown: {state:?}");
        warnings.extend(applied.diagnostics);
        Ok(Object { state, private: applied.private, warnings })
    }

    /// Applies a plan. Returns the diagnostics of the plan and the response of the apply.
    async fn sent(
        &self,
        resource: &str,
        prior: Option<&Object>,
        config: &Json,
        plan: PlanResponse,
    ) -> (Diagnostics, ApplyResponse) {
        let request = ApplyRequest {
            prior: prior.map_or(Raw::Null, |object| object.state.clone()),
            planned: plan.planned.expect("a plan without errors plans something"),
            config: self.config(resource, config),
            private: plan.private,
            identity: plan.identity,
        };
        (plan.diagnostics, self.resource(resource).apply(request).await)
    }

    /// Applies a plan that may fail, like core: a returned state is saved even if there are errors. Without a
    /// returned state, the prior state stays.
    pub async fn apply_failing(
        &self,
        resource: &str,
        prior: Option<&Object>,
        config: &Json,
        plan: PlanResponse,
    ) -> (Option<Object>, Diagnostics) {
        assert!(!plan.diagnostics.has_error(), "{:?}", plan.diagnostics);
        let (_, applied) = self.sent(resource, prior, config, plan).await;
        let warnings = Diagnostics::none();
        let saved = applied.state.map(|state| Object { state, private: applied.private, warnings });
        (saved.or_else(|| prior.cloned()), applied.diagnostics)
    }

    /// Like [`Provider::try_apply`], but panics on an error.
    pub async fn apply(&self, resource: &str, prior: Option<&Object>, config: &Json) -> Object {
        self.try_apply(resource, prior, config).await.expect("an apply without errors")
    }

    /// Refreshes an object. `None` if the object is gone.
    pub async fn read(&self, resource: &str, object: &Object) -> Option<Object> {
        let (state, private) = (object.state.clone(), object.private.clone());
        let read = self.resource(resource).read(ReadRequest { state, private, identity: None }).await;
        assert!(!read.diagnostics.has_error(), "{:?}", read.diagnostics);
        read.state.map(|state| Object { state, private: read.private, warnings: read.diagnostics })
    }

    /// Deletes an object.
    pub async fn destroy(&self, resource: &str, object: Object) -> Diagnostics {
        let request = ApplyRequest {
            prior: object.state,
            planned: Raw::Null,
            config: Raw::Null,
            private: object.private,
            identity: None,
        };
        self.resource(resource).apply(request).await.diagnostics
    }

    /// Imports an object and reads it, like core. `None` if there is no such object.
    pub async fn import(&self, resource: &str, id: &str) -> Result<Option<Object>, Diagnostics> {
        let imported = self.resource(resource).import(ResourceId::Id(id.to_owned())).await;
        if imported.diagnostics.has_error() {
            return Err(imported.diagnostics);
        }
        let state = imported.state.expect("an import without errors has a state");
        let object = Object { state, private: imported.private, warnings: imported.diagnostics };
        Ok(self.read(resource, &object).await)
    }

    /// Reads a data source.
    pub async fn data(&self, data_source: &str, config: &Json) -> Result<Object, Diagnostics> {
        let data_source = self.registry.data_source(data_source).expect("a data source");
        let config = typed(config, data_source.ty());
        let found = data_source.validate(config.clone(), CLIENT).await;
        if found.has_error() {
            return Err(found);
        }
        let read = data_source.read(config).await;
        match read.state {
            Some(state) if !read.diagnostics.has_error() => {
                assert!(state.is_wholly_known(), "a data source left something unknown: {state:?}");
                Ok(Object { state, private: Vec::new(), warnings: read.diagnostics })
            }
            _ => Err(read.diagnostics),
        }
    }

    /// Calls a function with string arguments.
    pub async fn call(&self, function: &str, arguments: &[&str]) -> Result<Raw, FunctionError> {
        let arguments = arguments.iter().map(|&argument| Raw::string(argument)).collect();
        self.registry.function(function).expect("a function").call(arguments).await
    }
}

const CLIENT: ClientCapabilities = ClientCapabilities { write_only_attributes: true, deferral: false };

/// Converts JSON to a value of a type.
pub fn typed(json: &Json, ty: &cloudflare_tokens::tf_provider::framework::Type) -> Raw {
    unknowns(Raw::from_json(json, ty).expect("a configuration that fits the schema"))
}

fn unknowns(raw: Raw) -> Raw {
    match raw {
        Raw::String(text) if &*text == UNKNOWN => Raw::Unknown,
        Raw::List(elements) => Raw::List(elements.into_iter().map(unknowns).collect()),
        Raw::Set(elements) => Raw::set(elements.into_iter().map(unknowns)),
        Raw::Map(elements) => Raw::Map(elements.into_iter().map(|(key, e)| (key, unknowns(e))).collect()),
        other => other,
    }
}

/// Converts a value to JSON, for comparisons. An unknown value becomes [`UNKNOWN`].
pub fn plain(raw: &Raw) -> Json {
    match raw {
        Raw::Null => Json::Null,
        Raw::Unknown => json!(UNKNOWN),
        Raw::Bool(yes) => json!(yes),
        Raw::Number(number) => json!(number.as_i64()),
        Raw::String(text) => json!(&**text),
        Raw::List(elements) | Raw::Set(elements) => elements.iter().map(plain).collect(),
        Raw::Map(elements) => elements.iter().map(|(key, e)| (key.clone(), plain(e))).collect(),
        Raw::Dynamic(typed) => plain(&typed.1),
    }
}

/// Formats the diagnostics of a severity as `path: summary: detail`.
pub fn told(found: &Diagnostics, severity: Severity) -> String {
    let line = |d: &cloudflare_tokens::tf_provider::framework::Diagnostic| {
        let path = d.path.as_ref().map(ToString::to_string).unwrap_or_default();
        format!("{path}: {}: {}", d.summary, d.detail)
    };
    found.0.iter().filter(|d| d.severity == severity).map(line).collect::<Vec<_>>().join("\n")
}

/// Formats the errors of a result. Panics if it is no error.
pub fn errors<T>(result: Result<T, Diagnostics>) -> String {
    told(&result.err().expect("an error"), Severity::Error)
}
