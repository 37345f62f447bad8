//! Converts the framework's types into the wire's messages: diagnostics, paths, schemas, functions.

use super::proto;
use crate::tf_provider::framework::{
    Attribute, Diagnostic, Diagnostics, FunctionError, IdentitySchema, Kind, Mode, Nesting, Parameter, Path,
    Schema, Severity, Signature, Step, Type, described, unwrap,
};

/// The diagnostics of an operation on an object with this schema.
pub(crate) fn diagnostics(diagnostics: Diagnostics, schema: &Schema) -> Vec<proto::Diagnostic> {
    diagnostics.0.into_iter().map(|d| diagnostic(d, &schema.attributes)).collect()
}

fn diagnostic(diagnostic: Diagnostic, attributes: &[Attribute]) -> proto::Diagnostic {
    let severity = match diagnostic.severity {
        Severity::Error => proto::diagnostic::Severity::Error,
        Severity::Warning => proto::diagnostic::Severity::Warning,
    };
    proto::Diagnostic {
        severity: severity.into(),
        summary: diagnostic.summary,
        detail: diagnostic.detail,
        attribute: diagnostic.path.map(|at| path(&Path(findable(&at.0, attributes).to_vec()))),
    }
}

/// The part of a path that Terraform can find in a configuration: a top-level attribute, an element of one, or the same
/// in a block. For a deeper path, Terraform would show the first line of the whole object and not that of the
/// attribute.
fn findable<'a>(steps: &'a [Step], attributes: &[Attribute]) -> &'a [Step] {
    let block = |name: &str| {
        attributes.iter().find(|a| a.name == name).and_then(|a| match &a.kind {
            Kind::Block(inner) => Some(inner),
            Kind::Leaf(_) | Kind::Nested(..) => None,
        })
    };
    match steps {
        [] | [_] | [_, Step::Key(_) | Step::Index(_)] => steps,
        [Step::Attribute(name), inside @ ..] => match block(name) {
            Some(inner) => &steps[..1 + findable(inside, inner).len()],
            None => &steps[..1],
        },
        [..] => &steps[..1],
    }
}

/// A path to an attribute.
pub(crate) fn path(path: &Path) -> proto::AttributePath {
    use proto::attribute_path::step::Selector;
    let step = |step: &Step| {
        let selector = match step {
            Step::Attribute(name) => Selector::AttributeName(name.clone()),
            Step::Key(key) => Selector::ElementKeyString(key.clone()),
            Step::Index(index) => Selector::ElementKeyInt(*index),
        };
        proto::attribute_path::Step { selector: Some(selector) }
    };
    proto::AttributePath { steps: path.0.iter().map(step).collect() }
}

/// The error of a function.
pub(crate) fn function_error(error: FunctionError) -> proto::FunctionError {
    // Core adds the full stop.
    let text = error.text.trim_end_matches('.').to_owned();
    proto::FunctionError { text, function_argument: error.argument }
}

/// The schema of a data source, ephemeral resource, list, action or provider.
pub(crate) fn schema(schema: &Schema) -> proto::Schema {
    proto::Schema {
        version: schema.version,
        block: Some(block(&schema.attributes, unwrap(schema.description))),
    }
}

/// The schema of a managed resource. On the wire, its optional attributes are also computed. This shapes the
/// configuration that Terraform generates: it writes `null` for an attribute that is only optional, and omits one that
/// is also computed. It has no other effect: the framework plans from the declarations and the configuration, and never
/// from core's proposal.
pub(crate) fn resource_schema(schema: &Schema) -> proto::Schema {
    fn can_be_left_out(attribute: &mut proto::schema::Attribute) {
        // Core refuses an attribute that is both write-only and computed.
        attribute.computed |= attribute.optional && !attribute.write_only;
        let nested = attribute.nested_type.iter_mut().flat_map(|nested| &mut nested.attributes);
        nested.for_each(can_be_left_out);
    }
    let mut schema = self::schema(schema);
    schema.block.iter_mut().flat_map(|block| &mut block.attributes).for_each(can_be_left_out);
    schema
}

fn block(attributes: &[Attribute], description: String) -> proto::schema::Block {
    proto::schema::Block {
        attributes: attributes.iter().filter_map(|a| attribute(a, attributes)).collect(),
        block_types: attributes.iter().filter_map(|a| nested_block(a, attributes)).collect(),
        description,
        description_kind: proto::StringKind::Markdown.into(),
        ..Default::default()
    }
}

/// An attribute. `None` if it is a block.
fn attribute(attribute: &Attribute, siblings: &[Attribute]) -> Option<proto::schema::Attribute> {
    let (ty, nested_type) = match &attribute.kind {
        Kind::Leaf(ty) => (type_constraint(ty), None),
        Kind::Nested(nesting, attributes) => (Vec::new(), Some(nested(*nesting, attributes))),
        Kind::Block(_) => return None,
    };
    Some(proto::schema::Attribute {
        name: attribute.name.to_owned(),
        r#type: ty,
        nested_type,
        description: described(attribute, siblings),
        description_kind: proto::StringKind::Markdown.into(),
        required: attribute.mode == Mode::Required,
        optional: matches!(attribute.mode, Mode::Optional | Mode::OptionalComputed),
        computed: attribute.mode.is_computed(),
        sensitive: attribute.sensitive,
        write_only: attribute.write_only,
        deprecated: attribute.deprecated.is_some(),
        deprecation_message: attribute.deprecated.unwrap_or_default().to_owned(),
    })
}

/// A block. `None` if it is an attribute.
fn nested_block(attribute: &Attribute, siblings: &[Attribute]) -> Option<proto::schema::NestedBlock> {
    let Kind::Block(attributes) = &attribute.kind else { return None };
    let block = proto::schema::Block {
        deprecated: attribute.deprecated.is_some(),
        deprecation_message: attribute.deprecated.unwrap_or_default().to_owned(),
        ..block(attributes, described(attribute, siblings))
    };
    Some(proto::schema::NestedBlock {
        type_name: attribute.name.to_owned(),
        block: Some(block),
        nesting: proto::schema::nested_block::NestingMode::Single.into(),
        min_items: 0,
        max_items: 1,
    })
}

fn nested(nesting: Nesting, attributes: &[Attribute]) -> proto::schema::Object {
    use proto::schema::object::NestingMode;
    let nesting = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    proto::schema::Object {
        attributes: attributes.iter().filter_map(|a| attribute(a, attributes)).collect(),
        nesting: nesting.into(),
        ..Default::default()
    }
}

fn type_constraint(ty: &Type) -> Vec<u8> {
    ty.to_json().to_string().into_bytes()
}

/// The schema of a resource's identity.
pub(crate) fn identity_schema(schema: &IdentitySchema) -> proto::ResourceIdentitySchema {
    let attributes = schema.attributes.iter().map(|a| proto::resource_identity_schema::IdentityAttribute {
        name: a.name.to_owned(),
        r#type: type_constraint(&a.ty),
        required_for_import: a.required_for_import,
        optional_for_import: !a.required_for_import,
        description: unwrap(a.description),
    });
    proto::ResourceIdentitySchema { version: schema.version, identity_attributes: attributes.collect() }
}

/// The signature of a function.
pub(crate) fn function(signature: &Signature) -> proto::Function {
    proto::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        variadic_parameter: signature.variadic.as_ref().map(parameter),
        r#return: Some(proto::function::Return { r#type: type_constraint(&signature.result) }),
        summary: signature.summary.to_owned(),
        description: unwrap(signature.description),
        description_kind: proto::StringKind::Markdown.into(),
        ..Default::default()
    }
}

fn parameter(parameter: &Parameter) -> proto::function::Parameter {
    proto::function::Parameter {
        name: parameter.name.to_owned(),
        r#type: type_constraint(&parameter.ty),
        allow_unknown_values: parameter.allow_unknown,
        description: unwrap(parameter.description),
        description_kind: proto::StringKind::Markdown.into(),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tf_provider::framework::{Raw, block, optional};

    fn selectors(path: &proto::AttributePath) -> Vec<proto::attribute_path::step::Selector> {
        path.steps.iter().filter_map(|step| step.selector.clone()).collect()
    }

    #[test]
    fn a_path_keeps_every_kind_of_step() {
        use proto::attribute_path::step::Selector;
        let name = |name: &str| Selector::AttributeName(name.to_owned());
        let key = Selector::ElementKeyString("ci".to_owned());
        let at = Path::of("seal_for").key("ci").attribute("keys").index(2);
        assert_eq!(selectors(&path(&at)), [name("seal_for"), key, name("keys"), Selector::ElementKeyInt(2)]);
    }

    #[test]
    fn a_diagnostic_keeps_its_texts_and_points_where_terraform_finds_a_line() {
        let warning = |at| Diagnostic::warning("Old key", "Make a new one.").at(at);
        let mut all = Diagnostics::from(Diagnostic::error("No key", "Give one."));
        all.push(warning(Path::of("seal_for").key("ci")));
        all.push(warning(Path::of("seal_for").key("ci").attribute("format")));
        all.push(warning(Path::of("condition").attribute("request_ip")));
        all.push(warning(Path::of("limits").attribute("names").index(1)));
        all.push(warning(Path::of("limits").attribute("names").index(1).attribute("first")));
        let names = optional().build("names", "Names.", Kind::Leaf(Type::list(Type::String)), false);
        let limits = block().build("limits", "A block.", Kind::Nested(Nesting::Single, vec![names]), false);
        let schema = Schema { version: 0, description: "All.", attributes: vec![limits] };
        let all = diagnostics(all, &schema);
        let [error, element, deeper, nested, in_block, deeper_in_block] = &all[..] else { panic!("not six") };
        assert_eq!(in_block.attribute, Some(path(&Path::of("limits").attribute("names").index(1))));
        assert_eq!(deeper_in_block.attribute, Some(path(&Path::of("limits").attribute("names"))));
        assert_eq!((error.severity(), &error.attribute), (proto::diagnostic::Severity::Error, &None));
        assert_eq!(element.severity(), proto::diagnostic::Severity::Warning);
        assert_eq!((element.summary.as_str(), element.detail.as_str()), ("Old key", "Make a new one."));
        assert_eq!(element.attribute, Some(path(&Path::of("seal_for").key("ci"))));
        assert_eq!(deeper.attribute, Some(path(&Path::of("seal_for"))));
        assert_eq!(nested.attribute, Some(path(&Path::of("condition"))));
    }

    #[test]
    fn a_default_makes_an_attribute_computed_and_a_deprecation_says_so() {
        let spec = optional().or(Raw::Bool(true)).deprecated("Use `b`.");
        let declared = spec.build("a", "What.", Kind::Leaf(Type::Bool), true);
        let attribute = attribute(&declared, &[]).unwrap();
        assert!(attribute.optional && attribute.computed && !attribute.required && attribute.sensitive);
        assert!(attribute.deprecated, "a message without it is an invalid schema");
        assert_eq!(attribute.deprecation_message, "Use `b`.");
        assert_eq!(attribute.r#type, br#""bool""#);
    }

    #[test]
    fn a_block_is_no_attribute_and_may_be_written_once() {
        let inner = optional().build("b", "Inner.", Kind::Leaf(Type::Number), false);
        let outer = block().build("a", "What.", Kind::Nested(Nesting::Single, vec![inner]), false);
        let Schema { attributes, .. } = Schema { version: 0, description: "All.", attributes: vec![outer] };
        let all = super::block(&attributes, "All.".to_owned());
        let [nested] = all.block_types.as_slice() else { panic!("{:?}", all.block_types) };
        assert_eq!((all.attributes.len(), nested.type_name.as_str()), (0, "a"));
        assert_eq!(nested.nesting(), proto::schema::nested_block::NestingMode::Single);
        assert_eq!((nested.min_items, nested.max_items), (0, 1));
        let block = nested.block.as_ref().unwrap();
        assert_eq!(
            (block.description.as_str(), block.attributes[0].name.as_str()),
            ("What. At least one argument in it must be set.", "b")
        );
    }

    #[test]
    fn an_attribute_has_either_a_type_or_nested_attributes() {
        use proto::schema::object::NestingMode;
        for (nesting, expected) in [
            (Nesting::Single, NestingMode::Single),
            (Nesting::List, NestingMode::List),
            (Nesting::Set, NestingMode::Set),
            (Nesting::Map, NestingMode::Map),
        ] {
            let inner = optional().build("b", "", Kind::Leaf(Type::Number), false);
            let outer = optional().build("a", "", Kind::Nested(nesting, vec![inner]), false);
            let attribute = attribute(&outer, &[]).unwrap();
            let nested = attribute.nested_type.unwrap();
            assert!(attribute.r#type.is_empty());
            assert_eq!((nested.nesting(), nested.attributes[0].name.as_str()), (expected, "b"));
        }
    }
}
