//! Uses values that Terraform was seen to send or to accept.

use proptest::prelude::*;

use super::*;

fn wire(msgpack: &[u8]) -> DynamicValue {
    DynamicValue { msgpack: msgpack.to_vec(), json: Vec::new() }
}

fn parse(msgpack: &[u8], ty: &Type) -> Result<Raw, String> {
    read(Some(&wire(msgpack)), ty).map_err(|e| e.to_string())
}

fn written(raw: &Raw, ty: &Type) -> Vec<u8> {
    write(raw, ty).unwrap().msgpack.clone()
}

fn number(text: &str) -> Raw {
    Raw::Number(Number::from_text(text))
}

fn object(attributes: &[(&str, Type)]) -> Type {
    Type::Object(attributes.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect())
}

/// A string in msgpack, of up to 31 bytes.
fn text(s: &str) -> Vec<u8> {
    [&[0xa0 | u8::try_from(s.len()).unwrap()], s.as_bytes()].concat()
}

#[test]
fn what_is_absent_or_empty_is_null() {
    assert_eq!(read(None, &Type::String), Ok(Raw::Null));
    assert_eq!(parse(b"", &Type::String), Ok(Raw::Null));
    assert_eq!(parse(&[0xc0], &object(&[("a", Type::Bool)])), Ok(Raw::Null));
}

#[test]
fn every_extension_is_unknown_whatever_it_says() {
    let plain = vec![0xd4, 0x00, 0x00];
    let not_null = vec![0xc7, 0x03, 0x0c, 0x81, 0x01, 0xc2];
    let prefix = [&[0xc7, 0x09, 0x0c, 0x82, 0x01, 0xc2, 0x02][..], &text("pre-")].concat();
    let bounds = vec![0xc7, 0x07, 0x0c, 0x82, 0x01, 0xc2, 0x03, 0x92, 0x00, 0xc3];
    let wide = vec![0xc8, 0x00, 0x03, 0x0c, 0x81, 0x01, 0xc2];
    for unknown in [plain, not_null, prefix, bounds, wide] {
        for ty in [Type::String, Type::Number, Type::Dynamic, Type::list(Type::Bool), object(&[])] {
            assert_eq!(parse(&unknown, &ty), Ok(Raw::Unknown));
        }
        let in_a_list = [&[0x92][..], &unknown, &text("a")].concat();
        let expected = Raw::List(vec![Raw::Unknown, Raw::string("a")]);
        assert_eq!(parse(&in_a_list, &Type::list(Type::String)), Ok(expected));
    }
    assert_eq!(written(&Raw::Unknown, &Type::Number), [0xd4, 0x00, 0x00]);
}

#[test]
fn integers_keep_every_digit() {
    for integer in [0, -1, 127, -129, 10_000_000_000, (1 << 53) + 1, i64::MAX, i64::MIN] {
        let raw = Raw::Number(integer.into());
        let bytes = written(&raw, &Type::Number);
        assert_eq!(parse(&bytes, &Type::Number), Ok(raw));
        assert!(!matches!(Marker::from_u8(bytes[0]), Marker::F32 | Marker::F64));
    }
    assert_eq!(parse(&[0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0], &Type::Number), Ok(number("9223372036854775808")));
}

#[test]
fn numbers_that_fit_no_machine_type_come_and_go_as_text() {
    let huge = format!("1{}", "0".repeat(400));
    for digits in ["0.1", "3.5", "9223372036854775808", "1000000000000000000000000000000", &huge] {
        let bytes = written(&number(digits), &Type::Number);
        assert_eq!(decode::read_str_from_slice(&bytes).unwrap().0, digits);
        assert_eq!(parse(&bytes, &Type::Number), Ok(number(digits)));
    }
}

#[test]
fn floats_that_terraform_sends_are_read() {
    let float = |f: f64| [&[0xcb][..], &f.to_be_bytes()].concat();
    assert_eq!(parse(&float(3.5), &Type::Number), Ok(number("3.5")));
    assert_eq!(parse(&float(2.0), &Type::Number), Ok(number("2")));
    parse(&float(f64::NAN), &Type::Number).unwrap_err();
    parse(&float(f64::INFINITY), &Type::Number).unwrap_err();
}

#[test]
fn text_that_is_no_number_is_refused() {
    for bad in ["", "-", ".", "1.", ".5", "1e", "0x10", "inf", "NaN", "1 ", "١"] {
        assert_eq!(
            parse(&text(bad), &Type::Number),
            Err("a value of type number was expected".to_owned()),
            "{bad}"
        );
    }
    for good in ["-0.5", "1e5", "1.5E-10"] {
        parse(&text(good), &Type::Number).unwrap();
    }
}

#[test]
fn sets_have_no_order() {
    let (ab, ba) =
        ([&[0x92][..], &text("a"), &text("b")].concat(), [&[0x92][..], &text("b"), &text("a")].concat());
    let set = Type::set(Type::String);
    assert_eq!(parse(&ab, &set), parse(&ba, &set));
    assert_ne!(parse(&ab, &Type::list(Type::String)), parse(&ba, &Type::list(Type::String)));
}

#[test]
fn dynamic_values_bring_their_type() {
    let ty = r#"["tuple",["number","number"]]"#;
    let bytes = |numbers: &[u8]| {
        [&[0x92, 0xc4, u8::try_from(ty.len()).unwrap()][..], ty.as_bytes(), numbers].concat()
    };
    let raw = parse(&bytes(&[0x92, 1, 1]), &Type::Dynamic).unwrap();
    let Raw::Dynamic(typed) = &raw else { panic!("no dynamic value") };
    assert_eq!(typed.0, Type::Tuple(vec![Type::Number, Type::Number]));
    assert_eq!(typed.1, Raw::List(vec![number("1"), number("1")]));
    assert_eq!(written(&raw, &Type::Dynamic), bytes(&[0x92, 0xa1, b'1', 0xa1, b'1']), "as text");
    assert_eq!(parse(&[0xc0], &Type::Dynamic), Ok(Raw::Null));
    assert_eq!(parse(&[0xd4, 0, 0], &Type::Dynamic), Ok(Raw::Unknown));
}

#[test]
fn an_object_has_exactly_the_attributes_of_its_type() {
    let ty = object(&[("a", Type::Number), ("b", Type::Number)]);
    let pair = |name| [text(name), vec![1]].concat();
    let missing = [&[0x81][..], &pair("a")].concat();
    assert_eq!(parse(&missing, &ty), Err("the attribute `b` is missing".to_owned()));
    let extra = [&[0x83][..], &pair("a"), &pair("b"), &pair("c")].concat();
    assert_eq!(parse(&extra, &ty), Err("the schema has no attribute `c`".to_owned()));

    let raw = Raw::Map(BTreeMap::from([("a".to_owned(), number("1"))]));
    let all = parse(&written(&raw, &ty), &ty).unwrap();
    assert_eq!(all.as_map().unwrap().len(), 2);
    assert_eq!(all.get("b"), &Raw::Null);
    let raw = Raw::Map(BTreeMap::from([("c".to_owned(), number("1"))]));
    assert_eq!(write(&raw, &ty).unwrap_err().to_string(), "the schema has no attribute `c`");
}

#[test]
fn json_is_read_where_there_is_no_msgpack() {
    let value = DynamicValue { msgpack: Vec::new(), json: br#"{"a": 1}"#.to_vec() };
    let raw = read(Some(&value), &object(&[("a", Type::Number)])).unwrap();
    assert_eq!(raw.get("a"), &number("1"));
    let value = DynamicValue { msgpack: Vec::new(), json: b"cfat_secret".to_vec() };
    assert_eq!(read(Some(&value), &Type::String).unwrap_err().to_string(), "no JSON (line 1, column 1)");
}

#[test]
fn faults_name_the_place_and_not_the_content() {
    let ty = object(&[("list", Type::list(object(&[("a", Type::Bool)])))]);
    let inner = [&[0x81][..], &text("a"), &text("cfat_secret")].concat();
    let bytes = [&[0x81][..], &text("list"), &[0x91], &inner].concat();
    assert_eq!(parse(&bytes, &ty), Err("list.[0].a: a value of type bool was expected".to_owned()));
    let shown = format!("{:?}", wire(&text("cfat_secret")));
    assert_eq!(shown, "DynamicValue([12 bytes])");
}

#[test]
fn a_length_beyond_the_bytes_is_refused_before_anything_is_allocated() {
    parse(&[0xdd, 0xff, 0xff, 0xff, 0xff], &Type::list(Type::Bool)).unwrap_err();
    parse(&[0xdf, 0xff, 0xff, 0xff, 0xff], &Type::map(Type::Bool)).unwrap_err();
    parse(&[0xdb, 0xff, 0xff, 0xff, 0xff], &Type::String).unwrap_err();
    parse(&[0xc9, 0xff, 0xff, 0xff, 0xff, 0x00], &Type::String).unwrap_err();
}

#[test]
fn nesting_is_bounded() {
    let layer = [&[0x92, 0xc4, 9][..], br#""dynamic""#].concat();
    let deep = |layers| [layer.repeat(layers), vec![0xc0]].concat();
    parse(&deep(10), &Type::Dynamic).unwrap();
    assert_eq!(parse(&deep(100_000), &Type::Dynamic), Err("nested too deeply".to_owned()));
}

#[test]
fn what_follows_a_value_is_refused() {
    assert_eq!(parse(&[0xc3, 0xc3], &Type::Bool), Err("bytes follow the value".to_owned()));
}

fn types() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![Just(Type::Bool), Just(Type::Number), Just(Type::String)];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::set),
            inner.clone().prop_map(Type::map),
            prop::collection::vec(inner.clone(), 0..3).prop_map(Type::Tuple),
            prop::collection::btree_map("[a-c]", inner, 0..3).prop_map(Type::Object),
        ]
    })
}

fn values(ty: &Type) -> BoxedStrategy<Raw> {
    let known = match ty {
        Type::Bool => any::<bool>().prop_map(Raw::Bool).boxed(),
        Type::Number => prop_oneof![
            any::<i64>().prop_map(|i| Raw::Number(i.into())),
            "[1-9]{1,30}\\.[1-9]".prop_map(|s| number(&s))
        ]
        .boxed(),
        Type::String => ".{0,40}".prop_map(Raw::string).boxed(),
        Type::List(t) => prop::collection::vec(values(t), 0..4).prop_map(Raw::List).boxed(),
        Type::Set(t) => prop::collection::vec(values(t), 0..4).prop_map(Raw::set).boxed(),
        Type::Map(t) => prop::collection::btree_map(".{0,4}", values(t), 0..4).prop_map(Raw::Map).boxed(),
        Type::Tuple(ts) => ts.iter().map(values).collect::<Vec<_>>().prop_map(Raw::List).boxed(),
        Type::Object(ts) => {
            let names: Vec<String> = ts.keys().cloned().collect();
            let values: Vec<_> = ts.values().map(values).collect();
            values.prop_map(move |values| Raw::Map(names.iter().cloned().zip(values).collect())).boxed()
        }
        Type::Dynamic => types()
            .prop_flat_map(|t| values(&t).prop_map(move |v| Raw::Dynamic(Box::new((t.clone(), v)))))
            .boxed(),
    };
    prop_oneof![1 => Just(Raw::Null), 1 => Just(Raw::Unknown), 6 => known].boxed()
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        (ty, raw) in types().prop_flat_map(|ty| { let v = values(&ty); (Just(ty), v) }),
        (dynamic, any) in (Just(Type::Dynamic), values(&Type::Dynamic)),
    ) {
        for (ty, raw) in [(ty, raw), (dynamic, any)] {
            let bytes = written(&raw, &ty);
            prop_assert!(bytes.len() <= size(&raw, &ty), "the buffer has grown");
            prop_assert_eq!(parse(&bytes, &ty).unwrap(), raw);
        }
    }

    #[test]
    fn a_value_that_is_cut_off_is_refused(
        (ty, raw) in types().prop_flat_map(|ty| { let v = values(&ty); (Just(ty), v) }),
    ) {
        let bytes = written(&raw, &ty);
        for end in 1..bytes.len() {
            prop_assert!(parse(&bytes[..end], &ty).is_err());
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), ty in types()) {
        let _ = parse(&bytes, &ty);
        let _ = parse(&bytes, &Type::Dynamic);
    }
}
