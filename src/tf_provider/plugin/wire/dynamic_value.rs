//! Values on the wire: msgpack, read and written by a type that both sides know.
//!
//! No error quotes a value, because it may be a secret. Numbers are read as integers or as decimal text and never as
//! floats, because Terraform compares their decimal digits. Numbers are written as text. Terraform reads its state in
//! the same way, with the same precision. If an integer was sent as an integer, `plan -refresh-only -detailed-exitcode`
//! reported the same number as a change (seen with Terraform 1.11.4).

use std::collections::BTreeMap;
use std::fmt;

use rmp::{Marker, decode, encode};

use super::proto::DynamicValue;
use crate::tf_provider::framework::{Number, Raw, Type};

/// The deepest nesting of values. Only types inside dynamic values can come near it.
const MAX_DEPTH: usize = 64;

/// The plainest unknown value: extension type 0 with one meaningless byte. On reading, any extension is an unknown
/// value.
const UNKNOWN: [u8; 3] = [0xd4, 0, 0];

/// Bytes or a value that do not fit the type. It has the place and never the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The path from the value to the fault, in HCL's notation. The innermost step is last.
    at: Vec<String>,
    what: String,
}

impl Malformed {
    fn new(what: impl Into<String>) -> Self {
        Self { at: Vec::new(), what: what.into() }
    }

    fn inside(mut self, step: impl Into<String>) -> Self {
        self.at.insert(0, step.into());
        self
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.at.is_empty() {
            write!(f, "{}: ", self.at.join("."))?;
        }
        f.write_str(&self.what)
    }
}

impl std::error::Error for Malformed {}

/// Reads a value. An absent value, or one with both forms empty, is null.
///
/// # Errors
/// If the bytes are damaged or do not fit the type.
pub fn read(value: Option<&DynamicValue>, ty: &Type) -> Result<Raw, Malformed> {
    match value {
        Some(value) if !value.msgpack.is_empty() => {
            let mut reader = Reader { rest: &value.msgpack };
            let raw = reader.value(ty, 0)?;
            if reader.rest.is_empty() { Ok(raw) } else { Err(Malformed::new("bytes follow the value")) }
        }
        Some(value) if !value.json.is_empty() => read_json(&value.json, ty),
        _ => Ok(Raw::Null),
    }
}

/// Reads a value in its JSON form, which stored state uses too.
///
/// # Errors
/// If it is not JSON or does not fit the type.
pub fn read_json(json: &[u8], ty: &Type) -> Result<Raw, Malformed> {
    let json = serde_json::from_slice(json)
        .map_err(|e| Malformed::new(format!("no JSON (line {}, column {})", e.line(), e.column())))?;
    Raw::from_json(&json, ty).map_err(Malformed::new)
}

/// Writes a value as msgpack. It gets exactly the attributes of the type, with null for those that the value lacks.
///
/// # Errors
/// If the value does not fit the type, which is a bug of the provider.
pub fn write(raw: &Raw, ty: &Type) -> Result<DynamicValue, Malformed> {
    // The buffer is allocated once: a growing buffer would leave copies behind, and the value may be a secret.
    let mut msgpack = Vec::with_capacity(size(raw, ty));
    put(&mut msgpack, raw, ty)?;
    Ok(DynamicValue { msgpack, json: Vec::new() })
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn value(&mut self, ty: &Type, depth: usize) -> Result<Raw, Malformed> {
        if depth > MAX_DEPTH {
            return Err(Malformed::new("nested too deeply"));
        }
        match self.peek()? {
            Marker::Null => self.skip(1).map(|()| Raw::Null),
            Marker::FixExt1
            | Marker::FixExt2
            | Marker::FixExt4
            | Marker::FixExt8
            | Marker::FixExt16
            | Marker::Ext8
            | Marker::Ext16
            | Marker::Ext32 => {
                // An unknown value. Its refinements (extension 12) are of no use to a provider.
                let header = decode::read_ext_meta(&mut self.rest).map_err(|_| truncated())?;
                self.skip(header.size as usize).map(|()| Raw::Unknown)
            }
            marker => self.known(marker, ty, depth + 1),
        }
    }

    fn known(&mut self, marker: Marker, ty: &Type, depth: usize) -> Result<Raw, Malformed> {
        match ty {
            Type::Bool => decode::read_bool(&mut self.rest).map(Raw::Bool).map_err(|_| expected(ty)),
            Type::Number => self.number(marker).map(Raw::Number),
            Type::String => self.text().map(Raw::string),
            Type::List(element) => self.elements(depth, |_| Ok(element)).map(Raw::List),
            Type::Set(element) => self.elements(depth, |_| Ok(element)).map(Raw::set),
            Type::Tuple(elements) => {
                let of = |i| elements.get(i).ok_or_else(|| expected(ty));
                let values = self.elements(depth, of)?;
                if values.len() == elements.len() { Ok(Raw::List(values)) } else { Err(expected(ty)) }
            }
            Type::Map(element) => self.pairs(depth, |_| Ok(element)).map(Raw::Map),
            Type::Object(attributes) => {
                let of = |name: &str| attributes.get(name).ok_or_else(|| unknown_attribute(name));
                let values = self.pairs(depth, of)?;
                match attributes.keys().find(|name| !values.contains_key(*name)) {
                    Some(missing) => Err(Malformed::new(format!("the attribute `{missing}` is missing"))),
                    None => Ok(Raw::Map(values)),
                }
            }
            Type::Dynamic => self.dynamic(depth),
        }
    }

    /// Reads `[type as JSON, value]`.
    fn dynamic(&mut self, depth: usize) -> Result<Raw, Malformed> {
        if self.length(decode::read_array_len, &Type::Dynamic)? != 2 {
            return Err(expected(&Type::Dynamic));
        }
        let length = decode::read_bin_len(&mut self.rest).map_err(|_| expected(&Type::Dynamic))?;
        let json = self.take(length as usize)?;
        let ty = serde_json::from_slice(json).ok().as_ref().and_then(Type::from_json);
        let ty = ty.ok_or_else(|| Malformed::new("the type of a dynamic value cannot be read"))?;
        let value = self.value(&ty, depth)?;
        Ok(Raw::Dynamic(Box::new((ty, value))))
    }

    fn number(&mut self, marker: Marker) -> Result<Number, Malformed> {
        let wrong = || expected(&Type::Number);
        match marker {
            Marker::F32 => {
                decode::read_f32(&mut self.rest).map_err(|_| truncated()).and_then(|f| float(f.into()))
            }
            Marker::F64 => decode::read_f64(&mut self.rest).map_err(|_| truncated()).and_then(float),
            Marker::U64 => {
                let integer = decode::read_u64(&mut self.rest).map_err(|_| truncated())?;
                Ok(Number::from_text(&integer.to_string()))
            }
            Marker::FixStr(_) | Marker::Str8 | Marker::Str16 | Marker::Str32 => {
                let text = self.text()?;
                if is_decimal(text) { Ok(Number::from_text(text)) } else { Err(wrong()) }
            }
            _ => decode::read_int::<i64, _>(&mut self.rest).map(Number::from).map_err(|_| wrong()),
        }
    }

    fn text(&mut self) -> Result<&'a str, Malformed> {
        let (text, rest) = decode::read_str_from_slice(self.rest).map_err(|_| expected(&Type::String))?;
        self.rest = rest;
        Ok(text)
    }

    fn elements<'t>(
        &mut self,
        depth: usize,
        ty: impl Fn(usize) -> Result<&'t Type, Malformed>,
    ) -> Result<Vec<Raw>, Malformed> {
        let length = self.length(decode::read_array_len, &Type::list(Type::Dynamic))?;
        let element = |i| ty(i).and_then(|ty| self.value(ty, depth)).map_err(|e| e.inside(format!("[{i}]")));
        (0..length).map(element).collect()
    }

    fn pairs<'t>(
        &mut self,
        depth: usize,
        ty: impl Fn(&str) -> Result<&'t Type, Malformed>,
    ) -> Result<BTreeMap<String, Raw>, Malformed> {
        let length = self.length(decode::read_map_len, &Type::map(Type::Dynamic))?;
        let mut pairs = BTreeMap::new();
        for _ in 0..length {
            let key = self.text()?;
            let value = self.value(ty(key)?, depth).map_err(|e| e.inside(key))?;
            pairs.insert(key.to_owned(), value);
        }
        Ok(pairs)
    }

    /// Reads a length. Every element has at least one byte, so a length beyond the remaining bytes is wrong.
    fn length<E>(
        &mut self,
        read: impl FnOnce(&mut &'a [u8]) -> Result<u32, E>,
        ty: &Type,
    ) -> Result<usize, Malformed> {
        let length = read(&mut self.rest).map_err(|_| expected(ty))? as usize;
        if length > self.rest.len() { Err(truncated()) } else { Ok(length) }
    }

    fn peek(&self) -> Result<Marker, Malformed> {
        self.rest.first().map(|byte| Marker::from_u8(*byte)).ok_or_else(truncated)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    fn skip(&mut self, count: usize) -> Result<(), Malformed> {
        self.take(count).map(drop)
    }
}

fn truncated() -> Malformed {
    Malformed::new("the value ends too early")
}

fn expected(ty: &Type) -> Malformed {
    Malformed::new(format!("a value of type {ty} was expected"))
}

fn unknown_attribute(name: &str) -> Malformed {
    Malformed::new(format!("the schema has no attribute `{name}`"))
}

fn float(float: f64) -> Result<Number, Malformed> {
    if float.is_finite() {
        Ok(Number::from_f64(float))
    } else {
        Err(Malformed::new("the number is not finite"))
    }
}

/// Whether the text is digits with at most one point, an optional sign and an optional exponent.
fn is_decimal(text: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    digits(whole.strip_prefix('-').unwrap_or(whole))
        && digits(fraction)
        && digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))
}

fn put(out: &mut Vec<u8>, raw: &Raw, ty: &Type) -> Result<(), Malformed> {
    match (ty, raw) {
        (_, Raw::Null) => out.push(Marker::Null.to_u8()),
        (_, Raw::Unknown) => out.extend_from_slice(&UNKNOWN),
        (Type::Bool, Raw::Bool(b)) => encode::write_bool(out, *b).map_err(unwritable)?,
        (Type::Number, Raw::Number(number)) => {
            encode::write_str(out, number.as_text()).map_err(unwritable)?;
        }
        (Type::String, Raw::String(text)) => encode::write_str(out, text).map_err(unwritable)?,
        (Type::List(element), Raw::List(values)) | (Type::Set(element), Raw::Set(values)) => {
            put_elements(out, values.iter().map(|value| (value, &**element)))?;
        }
        (Type::Tuple(elements), Raw::List(values)) if elements.len() == values.len() => {
            put_elements(out, values.iter().zip(elements))?;
        }
        (Type::Map(element), Raw::Map(values)) => {
            put_pairs(out, values.iter().map(|(key, value)| (key, value, &**element)))?;
        }
        (Type::Object(attributes), Raw::Map(values)) => {
            if let Some(extra) = values.keys().find(|name| !attributes.contains_key(*name)) {
                return Err(unknown_attribute(extra));
            }
            put_pairs(out, attributes.iter().map(|(name, ty)| (name, raw.get(name), ty)))?;
        }
        (Type::Dynamic, Raw::Dynamic(typed)) => {
            let (ty, value) = &**typed;
            encode::write_array_len(out, 2).map_err(unwritable)?;
            encode::write_bin(out, ty.to_json().to_string().as_bytes()).map_err(unwritable)?;
            put(out, value, ty)?;
        }
        _ => return Err(expected(ty)),
    }
    Ok(())
}

fn put_elements<'a>(
    out: &mut Vec<u8>,
    values: impl ExactSizeIterator<Item = (&'a Raw, &'a Type)>,
) -> Result<(), Malformed> {
    encode::write_array_len(out, length(values.len())?).map_err(unwritable)?;
    values
        .enumerate()
        .try_for_each(|(i, (value, ty))| put(out, value, ty).map_err(|e| e.inside(format!("[{i}]"))))
}

fn put_pairs<'a>(
    out: &mut Vec<u8>,
    mut values: impl ExactSizeIterator<Item = (&'a String, &'a Raw, &'a Type)>,
) -> Result<(), Malformed> {
    encode::write_map_len(out, length(values.len())?).map_err(unwritable)?;
    values.try_for_each(|(key, value, ty)| {
        encode::write_str(out, key).map_err(unwritable)?;
        put(out, value, ty).map_err(|e| e.inside(key))
    })
}

fn length(length: usize) -> Result<u32, Malformed> {
    u32::try_from(length).map_err(|_| Malformed::new("too many elements"))
}

fn unwritable<E>(_: E) -> Malformed {
    Malformed::new("the value cannot be written")
}

/// An upper limit of the value's size in bytes.
fn size(raw: &Raw, ty: &Type) -> usize {
    const HEADER: usize = 9;
    HEADER
        + match (ty, raw) {
            (_, Raw::String(text)) => text.len(),
            (_, Raw::Number(number)) => number.as_text().len(),
            (Type::List(element) | Type::Set(element), Raw::List(values) | Raw::Set(values)) => {
                values.iter().map(|value| size(value, element)).sum()
            }
            (Type::Tuple(elements), Raw::List(values)) => {
                values.iter().zip(elements).map(|(value, ty)| size(value, ty)).sum()
            }
            (Type::Map(element), Raw::Map(values)) => {
                values.iter().map(|(key, value)| HEADER + key.len() + size(value, element)).sum()
            }
            (Type::Object(attributes), Raw::Map(_)) => {
                attributes.iter().map(|(name, ty)| HEADER + name.len() + size(raw.get(name), ty)).sum()
            }
            (_, Raw::Dynamic(typed)) => {
                HEADER + typed.0.to_json().to_string().len() + size(&typed.1, &typed.0)
            }
            _ => 0,
        }
}

#[cfg(test)]
mod tests;
