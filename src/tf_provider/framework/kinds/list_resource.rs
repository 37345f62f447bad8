//! List resources: existing objects of a managed resource, as `terraform query` lists them.
//!
//! A list is a stream, and reads nothing before it is polled. A caller that has seen enough drops the stream, and the work
//! ends. So, unlike other operations, a list does not run in its own task.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt};
use tracing::Instrument;

use super::handle::{Shape, handle};
use super::operation::{
    ClientCapabilities, Failed, check, failed, model, refuse_nulls_and_unknowns, run, validated,
};
use super::resource::Resource;
use crate::tf_provider::framework::catch::catch_all;
use crate::tf_provider::framework::schema::SecretTest;
use crate::tf_provider::framework::{Diagnostic, Diagnostics, IdentitySchema, Model, Raw};

/// An object that a list has found.
pub struct Listed<R: Resource> {
    /// Its name for people.
    pub display_name: String,
    /// The object: at least its identity, and all of it if whole objects are requested.
    pub object: R::Model,
}

/// The items of a list: an object with diagnostics, or only diagnostics. An error ends the list.
pub type Listing<R> = BoxStream<'static, (Option<Listed<R>>, Diagnostics)>;

/// A list of the existing objects of a managed resource. It has the resource's type name.
#[async_trait]
pub trait ListResource: Send + Sync + 'static {
    /// The resource whose objects it lists. It must have an identity.
    type Of: Resource;
    /// The configuration: which objects are listed.
    type Config: Model;

    /// Checks beyond those of the attributes. Values may be unknown.
    async fn validate(&self, config: Self::Config) -> Diagnostics {
        let _ = config;
        Diagnostics::none()
    }

    /// Lists the objects. The configuration is completely known. `whole` means that whole objects are requested.
    fn list(&self, config: Self::Config, whole: bool) -> Listing<Self::Of>;
}

/// A request to list objects.
pub struct ListRequest {
    /// The configuration.
    pub config: Raw,
    /// Whether whole objects are requested.
    pub include_resource: bool,
    /// The number of requested objects. `None` for all.
    pub limit: Option<usize>,
}

/// An object of a list. Without an identity, it is only a carrier of diagnostics.
#[derive(Default)]
pub struct ListEvent {
    /// The object's identity.
    pub identity: Option<Raw>,
    /// Its name for people.
    pub display_name: String,
    /// The whole object, if it was requested.
    pub object: Option<Raw>,
    /// The diagnostics.
    pub diagnostics: Diagnostics,
}
failed!(ListEvent);

impl Failed for BoxStream<'static, ListEvent> {
    fn failed(why: Diagnostics) -> Self {
        stream::iter([ListEvent::failed(why)]).boxed()
    }
}

/// A list resource that the provider has.
pub struct ListResourceHandle {
    erased: Arc<dyn Erased>,
    shape: Shape,
}

handle!(ListResourceHandle);

impl ListResourceHandle {
    pub(in crate::tf_provider::framework) fn new<L: ListResource>(list: L, secret: SecretTest) -> Self {
        Self { erased: Arc::new(Typed(list, secret)), shape: Shape::of_configuration::<L::Config>() }
    }

    /// Lists the requested number of objects. It ends after an error.
    pub fn list(&self, request: ListRequest) -> BoxStream<'static, ListEvent> {
        let (limit, span) = (request.limit, tracing::Span::current());
        let events = stream::once(self.erased.clone().list(request)).flatten();
        let events = catch_all(events).map(|event| event.unwrap_or_else(|why| ListEvent::failed(why.into())));
        let next = move |state: Option<(BoxStream<'static, ListEvent>, Option<usize>)>| {
            let span = span.clone();
            async move {
                let (mut events, left) = state.filter(|(_, left)| *left != Some(0))?;
                let event = events.next().instrument(span).await?;
                let left = left.map(|left| left - usize::from(event.identity.is_some()));
                let goes_on = !event.diagnostics.has_error();
                Some((event, goes_on.then_some((events, left))))
            }
        };
        stream::unfold(Some((events.boxed(), limit)), next).boxed()
    }
}

#[async_trait]
trait Erased: Send + Sync {
    async fn validate(self: Arc<Self>, config: Raw, client: ClientCapabilities) -> Diagnostics;
    async fn list(self: Arc<Self>, request: ListRequest) -> BoxStream<'static, ListEvent>;
}

struct Typed<L>(L, SecretTest);

#[async_trait]
impl<L: ListResource> Erased for Typed<L> {
    async fn validate(self: Arc<Self>, config: Raw, client: ClientCapabilities) -> Diagnostics {
        validated(config, client, self.1, |config| self.0.validate(config)).await
    }

    async fn list(self: Arc<Self>, request: ListRequest) -> BoxStream<'static, ListEvent> {
        let ListRequest { config, include_resource, limit: _ } = request;
        check!(refuse_nulls_and_unknowns::<L::Config>(&config, self.1));
        let listing = self.0.list(check!(model(&config)), include_resource);
        let schema = IdentitySchema::of(&<L::Of as Resource>::Model::attributes());
        listing
            .map(move |(listed, diagnostics)| match listed {
                Some(listed) => event::<L::Of>(listed, schema.as_ref(), include_resource, diagnostics),
                None => ListEvent { diagnostics, ..ListEvent::default() },
            })
            .boxed()
    }
}

fn event<R: Resource>(
    listed: Listed<R>,
    schema: Option<&IdentitySchema>,
    include_resource: bool,
    mut diagnostics: Diagnostics,
) -> ListEvent {
    let Listed { display_name, object } = listed;
    let object = object.to_object();
    let identity = schema.and_then(|schema| schema.identify(&object));
    if identity.is_none() {
        let detail = format!("What identifies a listed {} is not known. Please report this.", R::TYPE_NAME);
        diagnostics.push(Diagnostic::error("The provider has a bug", detail));
    }
    ListEvent { identity, display_name, object: include_resource.then_some(object), diagnostics }
}
