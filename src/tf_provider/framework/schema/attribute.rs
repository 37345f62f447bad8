//! Schemas. Each attribute has one declaration, from which the wire schema, the model and the docs page all come.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::tf_provider::framework::value::{Raw, Type};

/// The schema of everything with a configuration: a resource, the provider, and the other kinds but functions.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The version of the state's layout; `upgrade` is called for states of an older one.
    pub version: i64,
    /// What it is for, in Markdown.
    pub description: &'static str,
    /// The attributes, in the order of their declaration.
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// The object type of a configuration or state.
    pub fn ty(&self) -> Type {
        object(&self.attributes)
    }
}

/// The object type of these attributes.
pub fn object(attributes: &[Attribute]) -> Type {
    Type::Object(attributes.iter().map(|a| (a.name.to_owned(), a.kind.ty())).collect())
}

/// What an attribute holds.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A value of a type.
    Leaf(Type),
    /// Objects with their own attributes.
    Nested(Nesting, Vec<Attribute>),
    /// A block with its own attributes, at most one. Its values are those of a single nested object. Unlike in an object,
    /// Terraform refuses unknown names in it. Only a schema itself and other blocks have blocks.
    Block(Vec<Attribute>),
}

/// The collection of nested objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// A list of objects.
    List,
    /// A set of objects.
    Set,
    /// A map of objects.
    Map,
}

impl Kind {
    /// The type of the attribute's values.
    pub fn ty(&self) -> Type {
        match self {
            Self::Leaf(ty) => ty.clone(),
            Self::Nested(Nesting::Single, attributes) | Self::Block(attributes) => object(attributes),
            Self::Nested(Nesting::List, attributes) => Type::list(object(attributes)),
            Self::Nested(Nesting::Set, attributes) => Type::set(object(attributes)),
            Self::Nested(Nesting::Map, attributes) => Type::map(object(attributes)),
        }
    }
}

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The user must.
    Required,
    /// The user may.
    Optional,
    /// The provider does.
    Computed,
    /// The user may. Otherwise the provider does.
    OptionalComputed,
}

impl Mode {
    /// Whether the provider may choose the value where the configuration has none.
    pub fn is_computed(self) -> bool {
        matches!(self, Self::Computed | Self::OptionalComputed)
    }
}

/// Whether two known values mean the same although they differ in spelling.
pub type Equality = fn(&Raw, &Raw) -> bool;

/// One attribute, with all its properties.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name in HCL.
    pub name: &'static str,
    /// Its type, or its nested attributes.
    pub kind: Kind,
    /// Who sets it.
    pub mode: Mode,
    /// Whether Terraform hides it.
    pub sensitive: bool,
    /// Whether it exists in the configuration only, never in plan or state.
    pub write_only: bool,
    /// What it means, in Markdown.
    pub description: &'static str,
    /// Why it should not be used any more, and what instead.
    pub deprecated: Option<&'static str>,
    /// Its value if the configuration has none.
    pub default: Option<Raw>,
    /// Whether a change replaces the object.
    pub requires_replace: bool,
    /// Whether a computed value survives an update. Otherwise any change makes it unknown.
    pub keep_prior: bool,
    /// When a change of spelling is no change.
    pub equality: Option<Equality>,
    /// The rules for its values.
    pub validators: Vec<Validator>,
    /// Names of its siblings that may not be set beside it.
    pub conflicts_with: &'static [&'static str],
    /// Whether it is a part of the resource's identity.
    pub identity: bool,
}

/// The properties of an attribute, as its declaration in a model writes them.
#[derive(Clone, Debug)]
pub struct Spec {
    attribute: Attribute,
    block: bool,
}

/// An attribute that the user must set.
pub fn required() -> Spec {
    Spec::of(Mode::Required)
}

/// An attribute that the user may set.
pub fn optional() -> Spec {
    Spec::of(Mode::Optional)
}

/// An attribute that the provider sets.
pub fn computed() -> Spec {
    Spec::of(Mode::Computed)
}

/// A block that the user may write once. The field's type is a model.
pub fn block() -> Spec {
    Spec { block: true, ..Spec::of(Mode::Optional) }
}

impl Spec {
    fn of(mode: Mode) -> Self {
        let attribute = Attribute {
            name: "",
            kind: Kind::Leaf(Type::Dynamic),
            mode,
            sensitive: false,
            write_only: false,
            description: "",
            deprecated: None,
            default: None,
            requires_replace: false,
            keep_prior: false,
            equality: None,
            validators: Vec::new(),
            conflicts_with: &[],
            identity: false,
        };
        Self { attribute, block: false }
    }

    /// The provider sets it if the user does not.
    #[must_use]
    pub fn or_computed(mut self) -> Self {
        self.attribute.mode = Mode::OptionalComputed;
        self
    }

    /// Its value if the user sets none.
    #[must_use]
    pub fn or(mut self, default: Raw) -> Self {
        self.attribute.mode = Mode::OptionalComputed;
        self.attribute.default = Some(default);
        self
    }

    /// In the configuration only, never in plan or state.
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.attribute.write_only = true;
        self
    }

    /// A change replaces the object.
    #[must_use]
    pub fn requires_replace(mut self) -> Self {
        self.attribute.requires_replace = true;
        self
    }

    /// A computed value survives an update.
    #[must_use]
    pub fn keep_prior(mut self) -> Self {
        self.attribute.keep_prior = true;
        self
    }

    /// If this finds two values equal, the plan keeps the prior one. For an object or a collection, this works only while
    /// all of it is known at the first plan. If a part becomes known at apply and the whole then equals the prior value in
    /// another spelling, core finds the final plan inconsistent.
    #[must_use]
    pub fn same_if(mut self, equality: Equality) -> Self {
        self.attribute.equality = Some(equality);
        self
    }

    /// Known values must fulfil this.
    #[must_use]
    pub fn check(mut self, validator: Validator) -> Self {
        self.attribute.validators.push(validator);
        self
    }

    /// May not be set beside these siblings.
    #[must_use]
    pub fn conflicts_with(mut self, siblings: &'static [&'static str]) -> Self {
        self.attribute.conflicts_with = siblings;
        self
    }

    /// A part of the resource's identity, which distinguishes remote objects. An import may leave it out where it is
    /// optional, and must give it otherwise.
    #[must_use]
    pub fn identity(mut self) -> Self {
        self.attribute.identity = true;
        self
    }

    /// Marks it as deprecated, with the reason.
    #[must_use]
    pub fn deprecated(mut self, why: &'static str) -> Self {
        self.attribute.deprecated = Some(why);
        self
    }

    /// The attribute of that name and kind. Called by [`model!`](crate::model).
    ///
    /// # Panics
    /// If a block's type is no model. The first build of the schema finds that.
    #[must_use]
    pub fn build(
        mut self,
        name: &'static str,
        description: &'static str,
        kind: Kind,
        sensitive: bool,
    ) -> Attribute {
        self.attribute.name = name;
        self.attribute.description = description;
        self.attribute.sensitive = sensitive;
        self.attribute.kind = match kind {
            Kind::Nested(Nesting::Single, attributes) if self.block => Kind::Block(attributes),
            kind => {
                assert!(!self.block, "the block `{name}` has no attributes of its own");
                kind
            }
        };
        self.attribute
    }
}

/// The failure of a check: where in the value, and why.
pub struct Fault {
    /// What is wrong, as the end of a sentence whose subject is the value, and what to write.
    pub fault: String,
    /// The offending part, if it is not the whole value: an element of a set or list, a key of a map.
    pub part: Option<String>,
    /// It is quoted unless it has a credential's prefix: it is too long or too odd to be a credential.
    pub no_secret: bool,
}

impl Fault {
    /// A fault of the whole value, or of a part of it.
    pub fn new(fault: impl Into<String>, part: Option<String>) -> Self {
        Self { fault: fault.into(), part, no_secret: false }
    }
}

type Check = dyn Fn(&Raw) -> Result<(), Fault> + Send + Sync;

/// A rule for known values, with the text that the docs page has for it.
#[derive(Clone)]
pub struct Validator {
    /// What values must be, for the docs page.
    pub rule: String,
    check: Arc<Check>,
    /// Validation accepts what a mock of Terraform may have made up.
    passes_mocks: bool,
}

impl Validator {
    /// A rule for any value.
    pub fn new(rule: &str, check: impl Fn(&Raw) -> Result<(), Fault> + Send + Sync + 'static) -> Self {
        Self { rule: rule.to_owned(), check: Arc::new(check), passes_mocks: false }
    }

    /// A rule for strings; also for each known string in a list, set or map. `Err` is the fault, as in [`Fault`].
    pub fn string(rule: &str, check: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static) -> Self {
        fn each(raw: &Raw, check: &dyn Fn(&str) -> Result<(), String>, inside: bool) -> Result<(), Fault> {
            match raw {
                Raw::String(text) => {
                    check(text).map_err(|fault| Fault::new(fault, inside.then(|| text.to_string())))
                }
                Raw::List(elements) | Raw::Set(elements) => {
                    elements.iter().try_for_each(|e| each(e, check, true))
                }
                Raw::Map(elements) => elements.values().try_for_each(|e| each(e, check, true)),
                _ => Ok(()),
            }
        }
        Self::new(rule, move |raw| each(raw, &check, false))
    }

    /// The same, but validation accepts a text that `mock_provider` may have made up for a computed attribute, because
    /// Terraform also validates configurations in tests. The plan, which a mock answers itself, refuses it.
    #[must_use]
    pub fn passing_mocks(self) -> Self {
        Self { passes_mocks: true, ..self }
    }

    /// A list, set or map may not be empty.
    pub fn not_empty(why: &'static str) -> Self {
        Self::new("at least one element", move |raw| {
            let empty = match raw {
                Raw::List(elements) | Raw::Set(elements) => elements.is_empty(),
                Raw::Map(elements) => elements.is_empty(),
                _ => false,
            };
            if empty { Err(Fault::new(format!("is empty. {why}"), None)) } else { Ok(()) }
        })
    }

    /// One of these strings.
    pub fn one_of(values: &'static [&'static str]) -> Self {
        let list = values.iter().map(|v| format!("`{v}`")).collect::<Vec<_>>().join(" or ");
        let fault = format!("is not one of {}.", list.replace('`', "\""));
        Self::string(&list, move |text| if values.contains(&text) { Ok(()) } else { Err(fault.clone()) })
    }

    /// Whether a known value fulfils the rule, for validation: a value that a mock may have made up can pass.
    pub fn validate(&self, raw: &Raw) -> Result<(), Fault> {
        if self.passes_mocks && has_made_up(raw) { Ok(()) } else { self.check(raw) }
    }

    /// Whether validation may have accepted a value that does not fulfil the rule.
    pub fn is_lenient(&self) -> bool {
        self.passes_mocks
    }

    /// Whether a known value fulfils the rule.
    pub fn check(&self, raw: &Raw) -> Result<(), Fault> {
        (self.check)(raw)
    }
}

/// Whether a string may come from a mock: Terraform makes 8 lower-case letters and digits, OpenTofu 4 to 16 letters and
/// digits.
fn has_made_up(raw: &Raw) -> bool {
    match raw {
        Raw::String(text) => {
            (4..=16).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
        Raw::List(elements) | Raw::Set(elements) => elements.iter().any(has_made_up),
        _ => false,
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Validator({})", self.rule)
    }
}

/// An attribute of a resource's identity. It has a primitive type or is a list of such.
#[derive(Clone, Debug)]
pub struct IdentityAttribute {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Whether an import must have it. Otherwise it may.
    pub required_for_import: bool,
    /// What it means.
    pub description: &'static str,
}

/// The identity of a resource type.
#[derive(Clone, Debug)]
pub struct IdentitySchema {
    /// The version of the identity's layout.
    pub version: i64,
    /// Its attributes.
    pub attributes: Vec<IdentityAttribute>,
}

impl IdentitySchema {
    /// The identity in a model's declarations. `None` if no attribute is part of one. Its version is 0.
    pub fn of(attributes: &[Attribute]) -> Option<Self> {
        let part = |attribute: &Attribute| IdentityAttribute {
            name: attribute.name,
            ty: identity_type(attribute.kind.ty()),
            required_for_import: !matches!(attribute.mode, Mode::Optional | Mode::OptionalComputed),
            description: attribute.description,
        };
        let attributes: Vec<_> = attributes.iter().filter(|a| a.identity).map(part).collect();
        (!attributes.is_empty()).then_some(Self { version: 0, attributes })
    }

    /// The identity of an object. `None` while a part of it is null or unknown.
    pub fn identify(&self, object: &Raw) -> Option<Raw> {
        let part = |attribute: &IdentityAttribute| {
            let value = match (&attribute.ty, object.get(attribute.name)) {
                (Type::List(_), Raw::Set(elements)) => Raw::List(elements.clone()),
                (_, value) => value.clone(),
            };
            (!value.is_null() && value.is_wholly_known()).then(|| (attribute.name.to_owned(), value))
        };
        self.attributes.iter().map(part).collect::<Option<_>>().map(Raw::Map)
    }

    /// The object type of an identity.
    pub fn ty(&self) -> Type {
        Type::Object(self.attributes.iter().map(|a| (a.name.to_owned(), a.ty.clone())).collect())
    }
}

/// The type of an attribute in an identity. Identities have no sets: there a set is a sorted list.
fn identity_type(ty: Type) -> Type {
    match ty {
        Type::Set(of) => Type::List(of),
        ty => ty,
    }
}

/// The signature of a provider function.
#[derive(Clone, Debug)]
pub struct Signature {
    /// One line.
    pub summary: &'static str,
    /// What it does, in Markdown.
    pub description: &'static str,
    /// The parameters, in order.
    pub parameters: Vec<Parameter>,
    /// The parameter that takes all further arguments.
    pub variadic: Option<Parameter>,
    /// The type of the result.
    pub result: Type,
}

/// A parameter of a provider function. A null argument never reaches the function.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name, for messages and docs.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
    /// Whether an unknown or partly unknown argument reaches the function. Otherwise Terraform answers with an unknown result and does not call it.
    pub allow_unknown: bool,
    /// What it means.
    pub description: &'static str,
}

/// Everything that the provider has, by name.
#[derive(Clone, Debug)]
pub struct Schemas {
    /// The provider's own configuration.
    pub provider: Schema,
    /// The resource types.
    pub resources: BTreeMap<&'static str, Schema>,
    /// The identities of those resource types that have one.
    pub identities: BTreeMap<&'static str, IdentitySchema>,
    /// The data sources.
    pub data_sources: BTreeMap<&'static str, Schema>,
    /// The ephemeral resource types.
    pub ephemeral_resources: BTreeMap<&'static str, Schema>,
    /// The lists, each by the name of the resource type whose objects it lists.
    pub list_resources: BTreeMap<&'static str, Schema>,
    /// The actions.
    pub actions: BTreeMap<&'static str, Schema>,
    /// The functions.
    pub functions: BTreeMap<&'static str, Signature>,
}
