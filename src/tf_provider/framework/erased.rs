//! The typed traits without their types: models to raw values and back.

use async_trait::async_trait;
use serde::{Serialize, de::DeserializeOwned};

use super::diagnostics::{Diagnostic, Diagnostics};
use super::kinds::{
    Applied, Arguments, ClientCapabilities, DataSource, EphemeralResource, Function, FunctionError,
    MoveSource, Planning, PriorState, Provider, Resource, ResourceId, Updating,
};
use super::path::Path;
use super::plan::{Plan, mark_unknown, plan};
use super::schema::{
    IdentitySchema, Model, Schema, Signature, null_elements, nulls, validate, without_null_elements,
};
use super::server::{
    ApplyRequest, ApplyResponse, Failed, OpenResponse, PlanRequest, PlanResponse, RenewResponse,
};
use super::value::{Mismatch, Raw};

/// A typed implementation of one of the erased traits.
pub(super) struct Typed<T>(pub(super) T);

#[async_trait]
pub(super) trait ErasedProvider: Send + Sync {
    fn schema(&self) -> Schema;
    async fn validate(&self, config: Raw, client: ClientCapabilities) -> Diagnostics;
    async fn configure(&self, config: Raw) -> Diagnostics;
    async fn stop(&self);
    async fn close(&self);
}

#[async_trait]
pub(super) trait ErasedResource: Send + Sync {
    fn schema(&self) -> Schema;
    fn identity_schema(&self) -> Option<IdentitySchema>;
    async fn validate(&self, config: Raw, client: ClientCapabilities) -> Diagnostics;
    async fn upgrade(&self, state: PriorState) -> ApplyResponse;
    async fn read(&self, state: Raw, private: Vec<u8>) -> ApplyResponse;
    async fn plan(&self, request: PlanRequest) -> PlanResponse;
    async fn apply(&self, request: ApplyRequest) -> ApplyResponse;
    async fn import(&self, id: ResourceId) -> ApplyResponse;
    async fn move_from(&self, source: MoveSource) -> ApplyResponse;
}

#[async_trait]
pub(super) trait ErasedDataSource: Send + Sync {
    fn schema(&self) -> Schema;
    async fn validate(&self, config: Raw, client: ClientCapabilities) -> Diagnostics;
    async fn read(&self, config: Raw) -> (Option<Raw>, Diagnostics);
}

#[async_trait]
pub(super) trait ErasedEphemeral: Send + Sync {
    fn schema(&self) -> Schema;
    async fn validate(&self, config: Raw, client: ClientCapabilities) -> Diagnostics;
    async fn open(&self, config: Raw) -> OpenResponse;
    async fn renew(&self, private: Vec<u8>) -> RenewResponse;
    async fn close(&self, private: Vec<u8>) -> Diagnostics;
}

pub(super) trait ErasedFunction: Send + Sync {
    fn signature(&self) -> Signature;
    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError>;
}

fn schema<M: Model>(version: i64) -> Schema {
    Schema { version, description: M::DESCRIPTION, attributes: M::attributes() }
}

/// The schema of what has no state: a declaration that is shared with resources says nothing of a replacement there.
fn stateless<M: Model>() -> Schema {
    let mut schema = schema::<M>(0);
    for attribute in &mut schema.attributes {
        attribute.requires_replace = false;
    }
    schema
}

fn mismatch(mismatch: &Mismatch) -> Diagnostic {
    let detail = format!("Terraform and the provider disagree about the schema. {mismatch}. This is a bug.");
    // Not further down: the names do not tell the elements of lists, sets and maps on the way.
    let at = mismatch.at.first().map_or_else(Path::root, |name| Path::of(name));
    Diagnostic::error("A value does not fit the schema", detail).at(at)
}

fn repeats(path: Path) -> Diagnostic {
    let detail = format!(
        "`{path}` has two elements that mean the same: they differ in nothing but a default that one of them spells out. \
         Remove one of them."
    );
    Diagnostic::error(format!("Repeated element in `{path}`"), detail).at(path)
}

fn model<M: Model>(raw: &Raw) -> Result<M, Diagnostic> {
    M::from_object(raw).map_err(|e| mismatch(&e))
}

/// An object, or none where it is null.
fn maybe<M: Model>(raw: &Raw) -> Result<Option<M>, Diagnostic> {
    if raw.is_null() { Ok(None) } else { model(raw).map(Some) }
}

fn decode<P: DeserializeOwned + Default>(bytes: &[u8]) -> Result<P, Diagnostic> {
    if bytes.is_empty() {
        return Ok(P::default());
    }
    serde_json::from_slice(bytes).map_err(|e| {
        let detail = format!(
            "What the provider keeps beside the state cannot be read (line {}, column {}). Was the state written by a \
             newer version of the provider?",
            e.line(),
            e.column()
        );
        Diagnostic::error("The private state is damaged", detail)
    })
}

fn encode<P: Serialize>(private: &P) -> Vec<u8> {
    serde_json::to_vec(private).unwrap_or_default()
}

/// Turns `Err` into the operation's failed outcome.
macro_rules! check {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(failure) => return Failed::failed(failure.into()),
        }
    };
}

/// Refuses what validation may not have seen yet, since it was not known: null elements. It is the last look before the
/// remote side hears anything.
fn refuse_nulls<M: Model>(config: &Raw) -> Result<(), Diagnostics> {
    nulls(&M::attributes(), config).into_result()
}

/// The same where all must be known. Core promises that it is; what it is not could be mistaken for less than it will be.
fn refuse_nulls_and_unknowns<M: Model>(config: &Raw) -> Result<(), Diagnostics> {
    if !config.is_wholly_known() {
        let detail = "Terraform asked for something to be done while a value of the configuration is unknown. This is a bug.";
        return Err(Diagnostic::error("The configuration is not wholly known", detail).into());
    }
    refuse_nulls::<M>(config)
}

async fn validated<M: Model, F: Future<Output = Diagnostics>>(
    config: Raw,
    client: ClientCapabilities,
    more: impl FnOnce(M) -> F,
) -> Diagnostics {
    let mut found = validate(&M::attributes(), &config, client.write_only_attributes);
    if !found.has_error() {
        found.extend(more(check!(model(&config))).await);
    }
    found
}

#[async_trait]
impl<P: Provider> ErasedProvider for Typed<P> {
    fn schema(&self) -> Schema {
        schema::<P::Config>(0)
    }

    async fn validate(&self, config: Raw, client: ClientCapabilities) -> Diagnostics {
        validated(config, client, |config| self.0.validate(config)).await
    }

    async fn configure(&self, config: Raw) -> Diagnostics {
        check!(refuse_nulls::<P::Config>(&config));
        self.0.configure(check!(model(&config))).await
    }

    async fn stop(&self) {
        self.0.stop().await;
    }

    async fn close(&self) {
        self.0.close().await;
    }
}

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
}

#[async_trait]
impl<R: Resource> ErasedResource for Typed<R> {
    fn schema(&self) -> Schema {
        schema::<R::Model>(R::VERSION)
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        IdentitySchema::of(&R::Model::attributes())
    }

    async fn validate(&self, config: Raw, client: ClientCapabilities) -> Diagnostics {
        validated(config, client, |config| self.0.validate(config)).await
    }

    async fn upgrade(&self, state: PriorState) -> ApplyResponse {
        if state.version == R::VERSION {
            let ty = self.schema().ty();
            let raw = Raw::from_json(&state.json, &ty);
            let raw = raw.map_err(|e| Diagnostic::error("The state does not fit the schema", e));
            let state = Some(without_null_elements(&ty, check!(raw)));
            return ApplyResponse { state, ..ApplyResponse::default() };
        }
        match self.0.upgrade(state).await {
            Ok(model) => ApplyResponse { state: Some(model.to_object()), ..ApplyResponse::default() },
            Err(diagnostics) => ApplyResponse { diagnostics, ..ApplyResponse::default() },
        }
    }

    async fn read(&self, state: Raw, private: Vec<u8>) -> ApplyResponse {
        let Some(model) = check!(maybe(&state)) else { return ApplyResponse::default() };
        let current = Applied { state: model, private: check!(decode(&private)) };
        self.applied(self.0.read(current).await)
    }

    async fn plan(&self, request: PlanRequest) -> PlanResponse {
        let PlanRequest { prior, proposed, config, private } = request;
        if proposed.is_null() {
            let diagnostics = match check!(maybe(&prior)) {
                Some(prior) => self.0.plan_delete(prior).await,
                None => Diagnostics::none(),
            };
            return PlanResponse {
                planned: Some(Raw::Null),
                private,
                diagnostics,
                ..PlanResponse::default()
            };
        }
        check!(refuse_nulls::<R::Model>(&config));
        let attributes = R::Model::attributes();
        let Plan { planned, requires_replace, repeated } = plan(&attributes, &prior, &config);
        if !repeated.is_empty() {
            let diagnostics = Diagnostics(repeated.into_iter().map(repeats).collect());
            return PlanResponse { diagnostics, ..PlanResponse::default() };
        }
        let mut planning = Planning {
            config: check!(model(&config)),
            prior: check!(maybe(&prior)),
            planned: check!(model(&planned)),
            requires_replace,
            private: check!(decode(&private)),
        };
        let diagnostics = self.0.plan(&mut planning).await;
        if diagnostics.has_error() {
            return PlanResponse { diagnostics, ..PlanResponse::default() };
        }
        let mut planned = planning.planned.to_object();
        mark_unknown(&attributes, &prior, &config, &mut planned);
        PlanResponse {
            // An object that is about to be replaced keeps its identity; a new one gets its own at apply.
            identity: planning.prior.as_ref().and_then(identity::<R>),
            planned: Some(planned),
            requires_replace: planning.requires_replace,
            private: encode(&planning.private),
            diagnostics,
        }
    }

    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        let ApplyRequest { prior, planned, config, private } = request;
        if !planned.is_null() {
            check!(refuse_nulls_and_unknowns::<R::Model>(&config));
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

    async fn import(&self, id: ResourceId) -> ApplyResponse {
        match self.0.import(id).await {
            Ok(applied) => self.applied((Some(applied), Diagnostics::none())),
            Err(diagnostics) => self.applied((None, diagnostics)),
        }
    }

    async fn move_from(&self, source: MoveSource) -> ApplyResponse {
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
                ApplyResponse::failed(Diagnostic::error(summary, detail).into())
            }
        }
    }
}

#[async_trait]
impl<D: DataSource> ErasedDataSource for Typed<D> {
    fn schema(&self) -> Schema {
        stateless::<D::Model>()
    }

    async fn validate(&self, config: Raw, client: ClientCapabilities) -> Diagnostics {
        validated(config, client, |config| self.0.validate(config)).await
    }

    async fn read(&self, config: Raw) -> (Option<Raw>, Diagnostics) {
        check!(refuse_nulls_and_unknowns::<D::Model>(&config));
        let (result, diagnostics) = self.0.read(check!(model(&config))).await;
        (result.map(|model| model.to_object()), diagnostics)
    }
}

#[async_trait]
impl<E: EphemeralResource> ErasedEphemeral for Typed<E> {
    fn schema(&self) -> Schema {
        stateless::<E::Model>()
    }

    async fn validate(&self, config: Raw, client: ClientCapabilities) -> Diagnostics {
        validated(config, client, |config| self.0.validate(config)).await
    }

    async fn open(&self, config: Raw) -> OpenResponse {
        check!(refuse_nulls_and_unknowns::<E::Model>(&config));
        match self.0.open(check!(model(&config))).await {
            (Some(opened), diagnostics) => OpenResponse {
                result: Some(opened.result.to_object()),
                private: encode(&opened.private),
                renew_at: opened.renew_at,
                diagnostics,
            },
            (None, diagnostics) => OpenResponse { diagnostics, ..OpenResponse::default() },
        }
    }

    async fn renew(&self, private: Vec<u8>) -> RenewResponse {
        match self.0.renew(check!(carried(&private))).await {
            (Some(renewed), diagnostics) => {
                RenewResponse { private: encode(&renewed.private), renew_at: renewed.renew_at, diagnostics }
            }
            (None, diagnostics) => RenewResponse { diagnostics, ..RenewResponse::default() },
        }
    }

    async fn close(&self, private: Vec<u8>) -> Diagnostics {
        self.0.close(check!(carried(&private))).await
    }
}

/// What an ephemeral resource carries from open to close: always there, since open wrote it.
fn carried<P: DeserializeOwned>(private: &[u8]) -> Result<P, Diagnostic> {
    match decode::<Option<P>>(private)? {
        Some(private) => Ok(private),
        None => Err(Diagnostic::error(
            "The ephemeral resource cannot be closed",
            "Terraform handed nothing back of what opening it gave.",
        )),
    }
}

impl<F: Function> ErasedFunction for Typed<F> {
    fn signature(&self) -> Signature {
        self.0.signature()
    }

    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError> {
        let Signature { parameters, variadic, .. } = self.0.signature();
        for (i, argument) in arguments.0.iter().enumerate() {
            let Some(parameter) = parameters.get(i).or(variadic.as_ref()) else { continue };
            let nulls = null_elements(&parameter.ty, argument, &Path::of(parameter.name));
            if let Some(null) = nulls.0.into_iter().next() {
                return Err(FunctionError { text: null.detail, argument: i64::try_from(i).ok() });
            }
        }
        self.0.call(arguments)
    }
}
