//! Managed resources in the registry: requests, answers, and conversions between models and raw values.
//!
//! Two rules are implemented here. First, an answer's private state and identity replace what core has stored, so values
//! that should stay are repeated. Second, if an operation failed and left no new state, core keeps the old one, so the old
//! private state and identity stay with it.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use serde_json::Value as Json;
use tokio_util::task::TaskTracker;

use super::handle::{Shape, handle, schema};
use super::operation::{
    ClientCapabilities, Failed, check, decode, encode, failed, maybe, model, refuse_nulls,
    refuse_nulls_and_unknowns, run, run_to_end, validated,
};
use super::resource::{
    Applied, MoveSource, Planning, PriorState, Resource, ResourceId, Updating, without_host,
};
use crate::tf_provider::framework::generate::generate;
use crate::tf_provider::framework::plan::plan_change;
use crate::tf_provider::framework::schema::SecretTest;
use crate::tf_provider::framework::schema::without_null_elements;
use crate::tf_provider::framework::{
    Diagnostic, Diagnostics, IdentitySchema, Model, Path, Plan, Raw, Severity, Type,
};

/// A request to read an object.
pub struct ReadRequest {
    /// The object before.
    pub state: Raw,
    /// Private state.
    pub private: Vec<u8>,
    /// Its identity, if one is stored.
    pub identity: Option<Raw>,
}

/// A request to plan one resource. `prior` is null on create, `proposed` and `config` on destroy.
pub struct PlanRequest {
    /// The object before.
    pub prior: Raw,
    /// Core's proposal. Only whether it is null counts, because the framework plans from the configuration.
    pub proposed: Raw,
    /// The configuration.
    pub config: Raw,
    /// Private state.
    pub private: Vec<u8>,
    /// Its identity, if one is stored.
    pub identity: Option<Raw>,
    /// Core has planned before, and plans again at apply. Not every client says so.
    pub again: bool,
}

/// A plan. `planned` is absent on errors.
#[derive(Default)]
pub struct PlanResponse {
    /// The planned object.
    pub planned: Option<Raw>,
    /// Attributes whose change makes a new object.
    pub requires_replace: Vec<Path>,
    /// Private state, passed on to apply.
    pub private: Vec<u8>,
    /// The identity, if it is known.
    pub identity: Option<Raw>,
    /// The diagnostics.
    pub diagnostics: Diagnostics,
}

/// A request to apply a plan. `prior` is null on create, `planned` and `config` on destroy.
pub struct ApplyRequest {
    /// The object before.
    pub prior: Raw,
    /// The planned object.
    pub planned: Raw,
    /// The configuration.
    pub config: Raw,
    /// Private state of the plan. On destroy, that of the state.
    pub private: Vec<u8>,
    /// The identity of the plan, if it is known.
    pub identity: Option<Raw>,
}

/// The result of an apply. Without `state`, core keeps the prior one on errors, and otherwise treats the object as gone.
#[derive(Default)]
pub struct ApplyResponse {
    /// The state.
    pub state: Option<Raw>,
    /// Private state.
    pub private: Vec<u8>,
    /// The identity.
    pub identity: Option<Raw>,
    /// The diagnostics.
    pub diagnostics: Diagnostics,
}

/// The result of a read. It has the same shape as an apply's.
pub type ReadResponse = ApplyResponse;
/// The result of an import. It has the same shape as an apply's.
pub type ImportResponse = ApplyResponse;
/// The result of a move or an upgrade. It has the same shape as an apply's.
pub type StateResponse = ApplyResponse;

/// A generated configuration. Absent on errors.
#[derive(Default)]
pub struct ConfigResponse {
    /// The configuration.
    pub config: Option<Raw>,
    /// The diagnostics.
    pub diagnostics: Diagnostics,
}

/// A stored identity, brought up to date.
#[derive(Default)]
pub struct IdentityResponse {
    /// The identity. Absent on errors.
    pub identity: Option<Raw>,
    /// The diagnostics.
    pub diagnostics: Diagnostics,
}
failed!(PlanResponse, ApplyResponse, ConfigResponse);

/// A resource type that the provider has.
pub struct ResourceHandle {
    name: &'static str,
    /// The address of the provider that has it.
    provider: &'static str,
    erased: Arc<dyn Erased>,
    shape: Shape,
    writes: TaskTracker,
    identity: OnceLock<Option<(IdentitySchema, Type)>>,
}

handle!(ResourceHandle);

impl ResourceHandle {
    pub(in crate::tf_provider::framework) fn new<R: Resource>(
        resource: R,
        provider: &'static str,
        secret: SecretTest,
        writes: TaskTracker,
    ) -> Self {
        Self {
            name: R::TYPE_NAME,
            provider,
            erased: Arc::new(Typed(resource, secret)),
            shape: Shape::new(|| schema::<R::Model>(R::VERSION)),
            writes,
            identity: OnceLock::new(),
        }
    }

    /// The schema and the type of its identity. `None` for types without one.
    pub fn identity(&self) -> Option<&(IdentitySchema, Type)> {
        let build = || {
            let schema = self.erased.identity_schema()?;
            let ty = schema.ty();
            Some((schema, ty))
        };
        self.identity.get_or_init(build).as_ref()
    }

    /// Reads a state back from JSON, bringing it up to date if an older version wrote it.
    pub async fn upgrade(&self, version: i64, json: Json) -> StateResponse {
        if version != self.schema().version {
            return run(self.erased.clone().upgrade(PriorState { version, json })).await;
        }
        let raw = Raw::from_json(&json, self.ty());
        let raw = raw.map_err(|e| Diagnostic::error("The state does not fit the schema", e));
        let state = without_null_elements(self.ty(), check!(raw));
        StateResponse { state: Some(self.erased.complete(state)), ..StateResponse::default() }
    }

    /// Reads an identity from JSON. No identity has changed its layout yet, so another version is unknown.
    pub fn upgrade_identity(&self, version: i64, json: &Json) -> IdentityResponse {
        let failed = |summary: String, detail: String| IdentityResponse {
            identity: None,
            diagnostics: Diagnostic::error(summary, detail).into(),
        };
        match self.identity() {
            Some((schema, ty)) if schema.version == version => match Raw::from_json(json, ty) {
                Ok(raw) => IdentityResponse { identity: Some(raw), ..IdentityResponse::default() },
                Err(fault) => {
                    failed(format!("The identity of a {} does not fit its schema", self.name), fault)
                }
            },
            _ => failed(
                format!("The identity of a {} is of an unknown version", self.name),
                format!("Version {version} is none that this provider has ever written."),
            ),
        }
    }

    /// Reads an object. A lost object has no identity. After an error core keeps the old state, so the old identity stays.
    pub async fn read(&self, request: ReadRequest) -> ReadResponse {
        let ReadRequest { state, private, identity } = request;
        let mut read = run(self.erased.clone().read(state, private)).await;
        let before = identity.filter(|_| read.state.is_some() || read.diagnostics.has_error());
        read.identity = self.either(read.identity, before);
        read
    }

    /// Plans a create, an update or a destroy.
    pub async fn plan(&self, request: PlanRequest) -> PlanResponse {
        let (before, again) = (request.identity.clone(), request.again);
        let mut plan = run(self.erased.clone().plan(request)).await;
        if again {
            // The first plan of the run has given the warnings.
            plan.diagnostics.0.retain(|diagnostic| diagnostic.severity == Severity::Error);
        }
        plan.identity = self.either(plan.identity, before);
        plan
    }

    /// Applies a plan. If an error leaves no new state, private state and identity stay as they were.
    pub async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        let (before, private) = (request.identity.clone(), request.private.clone());
        let mut applied = run_to_end(&self.writes, self.erased.clone().apply(request)).await;
        let failed = applied.state.is_none() && applied.diagnostics.has_error();
        if failed {
            applied.private = private;
        }
        let before = before.filter(|_| applied.state.is_some() || failed);
        applied.identity = self.either(applied.identity, before);
        applied
    }

    /// Takes an existing object over.
    pub async fn import(&self, id: ResourceId) -> ImportResponse {
        let asked = match &id {
            ResourceId::Identity(identity) => Some(identity.clone()),
            ResourceId::Id(_) => None,
        };
        let mut imported = run(self.erased.clone().import(id)).await;
        imported.identity = self.either(imported.identity, asked.filter(|_| imported.state.is_some()));
        imported
    }

    /// Makes the configuration of an object in this state.
    pub async fn generate_config(&self, state: Raw) -> ConfigResponse {
        run(self.erased.clone().generate_config(state)).await
    }

    /// Takes over the state of another resource type, or of this one if only the provider's address has changed.
    pub async fn move_from(&self, source: MoveSource) -> StateResponse {
        let mut moved = if self.is_own(&source) {
            self.move_own(source).await
        } else {
            run(self.erased.clone().move_from(source)).await
        };
        moved.identity = self.either(moved.identity, None);
        moved
    }

    /// Whether a state is of this type, from any registry. Terraform never requests that move. OpenTofu 1.12.0 to 1.12.4 do
    /// if the provider's host has changed.
    fn is_own(&self, source: &MoveSource) -> bool {
        source.type_name == self.name && source.provider() == without_host(self.provider)
    }

    /// Takes over a state of this type as if it was loaded, with its private state.
    async fn move_own(&self, source: MoveSource) -> StateResponse {
        let MoveSource { schema_version, json, private, .. } = source;
        let mut moved = self.upgrade(schema_version, json).await;
        if let (Some(state), Some((schema, _))) = (&moved.state, self.identity()) {
            moved.identity = schema.identify(state);
        }
        moved.private = private;
        moved
    }

    /// The identity for an answer: the new one, else the old one. Never one for a type without an identity schema: that
    /// crashes Terraform 1.15.
    fn either(&self, new: Option<Raw>, before: Option<Raw>) -> Option<Raw> {
        self.identity()?;
        new.or(before)
    }
}

#[async_trait]
trait Erased: Send + Sync {
    fn identity_schema(&self) -> Option<IdentitySchema>;
    async fn validate(self: Arc<Self>, config: Raw, client: ClientCapabilities) -> Diagnostics;
    async fn upgrade(self: Arc<Self>, state: PriorState) -> StateResponse;
    fn complete(&self, state: Raw) -> Raw;
    async fn read(self: Arc<Self>, state: Raw, private: Vec<u8>) -> ReadResponse;
    async fn plan(self: Arc<Self>, request: PlanRequest) -> PlanResponse;
    async fn apply(self: Arc<Self>, request: ApplyRequest) -> ApplyResponse;
    async fn import(self: Arc<Self>, id: ResourceId) -> ImportResponse;
    async fn generate_config(self: Arc<Self>, state: Raw) -> ConfigResponse;
    async fn move_from(self: Arc<Self>, source: MoveSource) -> StateResponse;
}

struct Typed<R>(R, SecretTest);

/// The identity of an object, if its type has one and all of it is known.
fn identity<R: Resource>(state: &R::Model) -> Option<Raw> {
    IdentitySchema::of(&R::Model::attributes())?.identify(&state.to_object())
}

impl<R: Resource> Typed<R> {
    fn applied(&self, (applied, diagnostics): (Option<Applied<R>>, Diagnostics)) -> ApplyResponse {
        match applied {
            Some(Applied { state, private }) => ApplyResponse {
                identity: identity::<R>(&state),
                state: Some(state.to_object()),
                private: encode(&private),
                diagnostics,
            },
            None => ApplyResponse { diagnostics, ..ApplyResponse::default() },
        }
    }

    async fn plan_destroy(&self, prior: Raw, private: Vec<u8>) -> PlanResponse {
        let diagnostics = match check!(maybe(&prior)) {
            Some(prior) => self.0.plan_delete(prior).await,
            None => Diagnostics::none(),
        };
        PlanResponse { planned: Some(Raw::Null), private, diagnostics, ..PlanResponse::default() }
    }
}

#[async_trait]
impl<R: Resource> Erased for Typed<R> {
    fn identity_schema(&self) -> Option<IdentitySchema> {
        IdentitySchema::of(&R::Model::attributes())
    }

    async fn validate(self: Arc<Self>, config: Raw, client: ClientCapabilities) -> Diagnostics {
        validated(config, client, self.1, |config| self.0.validate(config)).await
    }

    async fn upgrade(self: Arc<Self>, state: PriorState) -> StateResponse {
        match self.0.upgrade(state).await {
            Ok(model) => {
                StateResponse { state: Some(self.0.complete(model).to_object()), ..StateResponse::default() }
            }
            Err(diagnostics) => StateResponse { diagnostics, ..StateResponse::default() },
        }
    }

    fn complete(&self, state: Raw) -> Raw {
        // A mismatch is reported where the value is used.
        match maybe(&state) {
            Ok(Some(model)) => self.0.complete(model).to_object(),
            Ok(None) | Err(_) => state,
        }
    }

    async fn read(self: Arc<Self>, state: Raw, private: Vec<u8>) -> ReadResponse {
        let Some(model) = check!(maybe(&state)) else { return ReadResponse::default() };
        let current = Applied { state: model, private: check!(decode(&private)) };
        self.applied(self.0.read(current).await)
    }

    async fn plan(self: Arc<Self>, request: PlanRequest) -> PlanResponse {
        let PlanRequest { prior, proposed, config, private, identity: _, again } = request;
        if proposed.is_null() {
            return self.plan_destroy(prior, private).await;
        }
        check!(refuse_nulls::<R::Model>(&config, self.1));
        let (attributes, resource) = (R::Model::attributes(), &self.0);
        let (prior, config, private) = (&prior, &config, &private);
        let refined = plan_change(&attributes, prior, config, |draft| async move {
            let mut planning = Planning::<R> {
                config: model(config)?,
                prior: maybe(prior)?,
                planned: model(&draft.planned)?,
                requires_replace: draft.requires_replace,
                private: decode(private)?,
                again,
            };
            let diagnostics = resource.plan(&mut planning).await;
            if diagnostics.has_error() {
                return Err(diagnostics);
            }
            let Planning { prior, planned, requires_replace, private, .. } = planning;
            let plan = Plan { planned: planned.to_object(), requires_replace, repeated: Vec::new() };
            Ok((plan, (prior, private, diagnostics)))
        });
        let (plan, (prior, private, diagnostics)) = check!(refined.await);
        PlanResponse {
            // An object that will be replaced keeps its identity. A new one gets its own at apply.
            identity: prior.as_ref().and_then(identity::<R>),
            planned: Some(plan.planned),
            requires_replace: plan.requires_replace,
            private: encode(&private),
            diagnostics,
        }
    }

    async fn apply(self: Arc<Self>, request: ApplyRequest) -> ApplyResponse {
        let ApplyRequest { prior, planned, config, private, identity: _ } = request;
        if !planned.is_null() {
            check!(refuse_nulls_and_unknowns::<R::Model>(&config, self.1));
        }
        let private = check!(decode(&private));
        match (check!(maybe(&prior)), check!(maybe(&planned))) {
            (None, None) => ApplyResponse::default(),
            (None, Some(planned)) => {
                self.applied(self.0.create(check!(model(&config)), planned, private).await)
            }
            (Some(prior), Some(planned)) => {
                let updating = Updating { config: check!(model(&config)), prior, planned, private };
                self.applied(self.0.update(updating).await)
            }
            (Some(prior), None) => {
                let diagnostics = self.0.delete(Applied { state: prior, private }).await;
                ApplyResponse { diagnostics, ..ApplyResponse::default() }
            }
        }
    }

    async fn import(self: Arc<Self>, id: ResourceId) -> ImportResponse {
        match self.0.import(id).await {
            Ok(applied) => self.applied((Some(applied), Diagnostics::none())),
            Err(diagnostics) => self.applied((None, diagnostics)),
        }
    }

    async fn generate_config(self: Arc<Self>, state: Raw) -> ConfigResponse {
        let Some(object) = check!(maybe::<R::Model>(&state)) else { return ConfigResponse::default() };
        let mut config = check!(model(&generate(&R::Model::attributes(), &state)));
        let diagnostics = self.0.generate_config(&object, &mut config).await;
        ConfigResponse { config: Some(config.to_object()), diagnostics }
    }

    async fn move_from(self: Arc<Self>, source: MoveSource) -> StateResponse {
        let (type_name, address) = (source.type_name.clone(), source.provider_address.clone());
        match self.0.move_from(source).await {
            Some(Ok(applied)) => self.applied((Some(applied), Diagnostics::none())),
            Some(Err(diagnostics)) => self.applied((None, diagnostics)),
            None => {
                let summary = format!("A {type_name} cannot become a {}", R::TYPE_NAME);
                let detail = format!(
                    "The provider does not know how to take over the state of `{type_name}` from `{address}`. Remove \
                     the `moved` block, and use `removed` and `import` blocks instead."
                );
                StateResponse::failed(Diagnostic::error(summary, detail).into())
            }
        }
    }
}
