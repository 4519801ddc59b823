//! Reading a checked tree: what is not there or not of its shape has been reported before, and
//! reads as nothing.

use super::shape;
use crate::event::{Name, Settings};
use crate::sim::Span;
use jsonc_parser::ast::{ObjectProp, Value};

/// A field's value.
pub(super) fn get<'v, 't>(value: &'v Value<'t>, key: &str) -> Option<&'v Value<'t>> {
    value.as_object()?.get(key).map(|property| &property.value)
}

/// The elements of a list under a field.
pub(super) fn list<'v, 't>(value: &'v Value<'t>, key: &str) -> &'v [Value<'t>] {
    get(value, key).and_then(Value::as_array).map_or(&[], |array| &array.elements)
}

/// A text.
pub(super) fn string(value: &Value) -> Option<String> {
    value.as_string_lit().map(|text| text.value.to_string())
}

/// The text under a field.
pub(super) fn text(value: &Value, key: &str) -> String {
    get(value, key).and_then(string).unwrap_or_default()
}

/// The name under a field.
pub(super) fn name(value: &Value, key: &str) -> Name {
    text(value, key).into()
}

/// The names under a field.
pub(super) fn names(value: &Value, key: &str) -> Vec<Name> {
    list(value, key).iter().filter_map(string).map(Name::from).collect()
}

/// The whole number under a field.
pub(super) fn number(value: &Value, key: &str) -> Option<u64> {
    shape::whole(get(value, key)?.as_number_lit()?.value)
}

/// The time under a field.
pub(super) fn span(value: &Value, key: &str) -> Option<Span> {
    shape::time(&get(value, key)?.as_string_lit()?.value)
}

/// The settings under `config`.
pub(super) fn settings(value: &Value) -> Settings {
    let object = get(value, "config").and_then(Value::as_object);
    let properties = object.map_or(&[][..], |object| &object.properties);
    let setting = |property: &ObjectProp| {
        Some((property.name.as_str().into(), shape::setting(&property.value)?.into()))
    };
    properties.iter().filter_map(setting).collect()
}

/// The one field of a tagged object.
pub(super) fn tagged<'v, 't>(value: &'v Value<'t>) -> Option<(&'v str, &'v Value<'t>)> {
    let property = value.as_object()?.properties.first()?;
    Some((property.name.as_str(), &property.value))
}

/// A field that is true or false.
pub(super) fn flag(value: &Value, key: &str) -> Option<bool> {
    Some(get(value, key)?.as_boolean_lit()?.value)
}
