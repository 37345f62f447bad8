//! A provider without side effects. A handful of types cover every path of the plugin layer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use cloudflare_tokens::model;
use cloudflare_tokens::tf_provider::framework::{
    Action, Applied, Arguments, DataSource, Diagnostic, Diagnostics, EphemeralResource, Function,
    FunctionError, Imported, List, ListResource, Listed, Listing, Map, Model, MoveSource, Opened, Parameter,
    Path, Planning, Progress, Provider, Raw, ReadBack, Registry, Renewed, Resource, ResourceId, Set,
    Signature, Type, Updating, Value, Written, computed, optional, required,
};
use futures_util::stream::{self, StreamExt};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// Records what the provider was asked to do, for tests.
#[derive(Clone, Default)]
pub struct Calls {
    pub stopped: Arc<AtomicUsize>,
    pub closed: Arc<AtomicUsize>,
    /// How many things were read for lists.
    pub listed: Arc<AtomicUsize>,
    /// Notified when a create begins that waits for a stop.
    pub waiting: Arc<Notify>,
    stop: Arc<Notify>,
}

/// The provider with all of its types.
pub fn server(calls: &Calls) -> Registry {
    Registry::builder(Toy(calls.clone()))
        .resource(Thing(calls.clone()))
        .resource(Plain)
        .data_source(Lookup)
        .ephemeral_resource(Ticket(calls.clone()))
        .list_resource(Things(calls.clone()))
        .action(Ring)
        .function(Join)
        .function(Count)
        .build()
}

model! {
    /// The toy provider.
    pub struct Config {
        /// A greeting.
        greeting: String = optional(),
        /// Whom to greet.
        names: Set<String> = optional(),
    }
}

struct Toy(Calls);

#[async_trait]
impl Provider for Toy {
    type Config = Config;

    const ADDRESS: &'static str = "registry.terraform.io/test/toy";

    async fn configure(&self, _: Config) -> Diagnostics {
        Diagnostics::none()
    }

    async fn stop(&self) {
        self.0.stopped.fetch_add(1, Ordering::SeqCst);
        self.0.stop.notify_one();
    }
}

model! {
    /// An element.
    pub struct Part {
        /// What.
        what: String = required(),
        /// How many.
        many: i64 = optional(),
    }
}

model! {
    /// A thing. Its name says what becomes of it.
    pub struct ThingModel {
        /// The id.
        id: String = computed().keep_prior().identity(),
        /// The name.
        name: String = required().requires_replace(),
        /// How many.
        many: i64 = optional(),
        /// Tags.
        tags: Set<String> = optional(),
        /// Parts.
        parts: Set<Part> = optional(),
        /// A secret.
        secret: SecretString = optional(),
        /// A secret that is not kept.
        secret_wo: SecretString = optional().write_only(),
        /// How often it was written.
        writes: i64 = computed(),
    }
}

/// Private state, as the last writer left it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Note {
    pub note: String,
}

struct Thing(Calls);

#[async_trait]
impl Resource for Thing {
    type Model = ThingModel;
    type Private = Note;

    const TYPE_NAME: &'static str = "toy_thing";
    const VERSION: i64 = 1;

    async fn plan(&self, planning: &mut Planning<Self>) -> Diagnostics {
        if planning.planned.name.as_str() == Some("panics in plan") {
            panic!("cfat_secret");
        }
        Diagnostics::none()
    }

    async fn create(&self, _: ThingModel, mut planned: ThingModel, _: Note) -> Written<Self> {
        planned.id = Value::Known("thing-1".to_owned());
        planned.writes = Value::Known(1);
        let made = Applied::<Self> { state: planned, private: Note { note: "created".to_owned() } };
        let failure = Diagnostic::error("Half made", "The other half is missing.").at(Path::of("name"));
        match made.state.name.as_str() {
            Some("waits to be stopped") => {
                self.0.waiting.notify_one();
                self.0.stop.notified().await;
                (Some(made), Diagnostic::error("Interrupted", "It is half made.").into())
            }
            Some("fails half way") => (Some(made), failure.into()),
            Some("fails") => (None, failure.into()),
            _ => (Some(made), Diagnostics::none()),
        }
    }

    async fn read(&self, current: Applied<Self>) -> ReadBack<Self> {
        match current.state.name.as_str() {
            Some("is gone") => (None, Diagnostics::none()),
            Some("cannot be read") => (None, Diagnostic::error("Out of order", "Try again.").into()),
            _ => (Some(current), Diagnostics::none()),
        }
    }

    async fn update(&self, updating: Updating<Self>) -> Written<Self> {
        if updating.planned.many.known() == Some(&13) {
            return (None, Diagnostic::error("Unlucky", "Not that many.").at(Path::of("many")).into());
        }
        let writes = updating.prior.writes.known().copied().unwrap_or_default();
        let state = ThingModel { writes: Value::Known(writes + 1), ..updating.planned };
        (Some(Applied { state, private: Note { note: "updated".to_owned() } }), Diagnostics::none())
    }

    async fn delete(&self, prior: Applied<Self>) -> Diagnostics {
        match prior.state.name.as_str() {
            Some("stays") => Diagnostic::error("It stays", "It cannot be deleted.").into(),
            _ => Diagnostics::none(),
        }
    }

    async fn import(&self, id: ResourceId) -> Imported<Self> {
        let id = match id {
            ResourceId::Id(id) => id,
            ResourceId::Identity(identity) => identity.get("id").as_str().unwrap_or_default().to_owned(),
        };
        let state = ThingModel {
            id: Value::Known(id),
            name: Value::Known("imported".to_owned()),
            writes: Value::Known(0),
            ..ThingModel::null()
        };
        Ok(Applied { state, private: Note::default() })
    }

    async fn generate_config(&self, state: &ThingModel, config: &mut ThingModel) -> Diagnostics {
        config.many = Value::Null;
        match state.many.known() {
            Some(13) => Diagnostic::warning("Unlucky", "It is left out.").into(),
            _ => Diagnostics::none(),
        }
    }

    async fn move_from(&self, source: MoveSource) -> Option<Result<Applied<Self>, Diagnostics>> {
        (source.type_name == "terraform_data").then(|| {
            let state = ThingModel {
                id: Value::Known(source.json["id"].as_str().unwrap_or_default().to_owned()),
                name: Value::Known("moved".to_owned()),
                ..ThingModel::null()
            };
            Ok(Applied { state, private: Note::default() })
        })
    }
}

model! {
    /// A thing without an identity.
    pub struct PlainModel {
        /// The id.
        id: String = computed().keep_prior(),
    }
}

struct Plain;

#[async_trait]
impl Resource for Plain {
    type Model = PlainModel;
    type Private = Note;

    const TYPE_NAME: &'static str = "toy_plain";

    async fn create(&self, _: PlainModel, _: PlainModel, private: Note) -> Written<Self> {
        let state = PlainModel { id: Value::Known("plain-1".to_owned()) };
        (Some(Applied { state, private }), Diagnostics::none())
    }

    async fn read(&self, current: Applied<Self>) -> ReadBack<Self> {
        (Some(current), Diagnostics::none())
    }

    async fn update(&self, updating: Updating<Self>) -> Written<Self> {
        let Updating { planned: state, private, .. } = updating;
        (Some(Applied { state, private }), Diagnostics::none())
    }

    async fn delete(&self, _: Applied<Self>) -> Diagnostics {
        Diagnostics::none()
    }
}

model! {
    /// What is found.
    pub struct LookupModel {
        /// What to look up.
        key: String = required(),
        /// Where to look, in order.
        places: List<String> = optional(),
        /// What is there.
        found: String = computed(),
    }
}

struct Lookup;

#[async_trait]
impl DataSource for Lookup {
    type Model = LookupModel;

    const TYPE_NAME: &'static str = "toy_lookup";

    async fn read(&self, config: LookupModel) -> (Option<LookupModel>, Diagnostics) {
        let found = config.key.clone().map(|key| format!("found {key}"));
        (Some(LookupModel { found, ..config }), Diagnostics::none())
    }
}

model! {
    /// A ticket.
    pub struct TicketModel {
        /// For whom.
        holder: String = required(),
        /// What it opens.
        doors: Map<String> = optional(),
        /// The ticket.
        ticket: SecretString = computed(),
    }
}

struct Ticket(Calls);

#[async_trait]
impl EphemeralResource for Ticket {
    type Model = TicketModel;
    type Private = Note;

    const TYPE_NAME: &'static str = "toy_ticket";

    async fn open(&self, config: TicketModel) -> (Option<Opened<Self>>, Diagnostics) {
        let opened = Opened {
            result: TicketModel { ticket: Value::Known(SecretString::from("ephemeral-secret")), ..config },
            private: Note { note: "opened".to_owned() },
            renew_at: Some(SystemTime::UNIX_EPOCH + Duration::from_millis(4_000_000_000_500)),
        };
        (Some(opened), Diagnostics::none())
    }

    async fn renew(&self, private: Note) -> (Option<Renewed<Self>>, Diagnostics) {
        (Some(Renewed { private, renew_at: None }), Diagnostics::none())
    }

    async fn close(&self, private: Note) -> Diagnostics {
        assert_eq!(private.note, "opened");
        self.0.closed.fetch_add(1, Ordering::SeqCst);
        Diagnostics::none()
    }
}

model! {
    /// Which things.
    pub struct ThingsConfig {
        /// How many there are.
        many: i64 = required(),
        /// What goes wrong.
        fault: String = optional().or_computed().requires_replace(),
        /// Which.
        names: Set<String> = optional(),
    }
}

struct Things(Calls);

#[async_trait]
impl ListResource for Things {
    type Of = Thing;
    type Config = ThingsConfig;

    fn list(&self, config: ThingsConfig, whole: bool) -> Listing<Thing> {
        let (calls, fault) = (self.0.clone(), config.fault.as_str().map(str::to_owned));
        let many = config.many.known().copied().unwrap_or_default();
        let one = move |number: i64| {
            calls.listed.fetch_add(1, Ordering::SeqCst);
            let id = if fault.as_deref() == Some("has no id") {
                Value::Null
            } else {
                format!("thing-{number}").into()
            };
            let mut object = ThingModel { id, ..ThingModel::null() };
            if whole {
                object.name = format!("the {number}").into();
                object.writes = number.into();
            }
            let listed = Listed { display_name: format!("number {number}"), object };
            let warning = Diagnostic::warning("Look", "Something is odd.");
            match fault.as_deref() {
                Some("panics") if number == 2 => panic!("cfat_secret"),
                Some("warns") if number == 1 => (None, warning.into()),
                Some("fails") if number == 2 => {
                    (None, Diagnostic::error("Out of order", "Try again.").into())
                }
                _ => (Some(listed), Diagnostics::none()),
            }
        };
        stream::iter(1..=many).map(one).boxed()
    }
}

model! {
    /// What is rung.
    pub struct RingModel {
        /// The bell.
        bell: String = required(),
        /// By whom.
        names: Set<String> = optional(),
    }
}

struct Ring;

#[async_trait]
impl Action for Ring {
    type Config = RingModel;

    const TYPE_NAME: &'static str = "toy_ring";

    async fn plan(&self, config: RingModel) -> Diagnostics {
        match config.bell.as_str() {
            Some("cracked") => Diagnostic::error("Cracked", "It does not ring.").at(Path::of("bell")).into(),
            _ => Diagnostics::none(),
        }
    }

    async fn invoke(&self, config: RingModel, progress: Progress) -> Diagnostics {
        progress.report("ding");
        match config.bell.as_str() {
            Some("panics") => panic!("cfat_secret"),
            Some("fails") => return Diagnostic::error("Out of order", "Try again.").into(),
            _ => {}
        }
        progress.report("dong");
        Diagnostics::none()
    }
}

struct Join;

impl Function for Join {
    const NAME: &'static str = "join";

    fn signature(&self) -> Signature {
        let parameter =
            |name| Parameter { name, ty: Type::String, allow_unknown: false, description: "A text." };
        Signature {
            summary: "Joins texts.",
            description: "Joins texts with a dash.",
            parameters: vec![parameter("first")],
            variadic: Some(parameter("more")),
            result: Type::String,
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError> {
        let texts = (0..arguments.0.len()).map(|i| arguments.string(i)).collect::<Result<Vec<_>, _>>()?;
        match texts.iter().position(|text| text.is_empty()) {
            Some(empty) => {
                let argument = i64::try_from(empty).ok();
                Err(FunctionError { text: "the text is empty.".to_owned(), argument })
            }
            None => Ok(Raw::string(texts.join("-"))),
        }
    }
}

struct Count;

impl Function for Count {
    const NAME: &'static str = "count";

    fn signature(&self) -> Signature {
        let texts = Parameter {
            name: "texts",
            ty: Type::list(Type::String),
            allow_unknown: false,
            description: "Texts.",
        };
        Signature {
            summary: "Counts texts.",
            description: "Counts texts.",
            parameters: vec![texts],
            variadic: None,
            result: Type::Number,
        }
    }

    fn call(&self, arguments: &Arguments) -> Result<Raw, FunctionError> {
        let count = if let Raw::List(texts) = &arguments.0[0] { texts.len() } else { 0 };
        Ok(Raw::Number(i64::try_from(count).unwrap_or_default().into()))
    }
}
