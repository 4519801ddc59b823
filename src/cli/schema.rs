//! The JSON Schema of lesson files, for editors. Written from the same declaration that checks
//! them.

use crate::lesson::{FORMAT, Record, Shape};
use serde_json::{Map, Value, json};

/// The JSON Schema (2020-12) of lesson files, as it is published beside them.
pub fn schema() -> String {
    let mut definitions = Map::new();
    let mut root = write(&FORMAT, &mut definitions);
    if let Value::Object(root) = &mut root {
        root.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        root.insert("title".into(), json!("A pushpull lesson"));
        root.insert("$defs".into(), Value::Object(definitions));
    }
    format!("{root:#}\n")
}

fn write(shape: &Shape, definitions: &mut Map<String, Value>) -> Value {
    match shape {
        Shape::Words => json!({ "type": "string", "minLength": 1 }),
        Shape::Name => json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
        Shape::Whole(least, u64::MAX) => json!({ "type": "integer", "minimum": least }),
        Shape::Whole(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Shape::Flag => json!({ "type": "boolean" }),
        Shape::Time => json!({
            "type": "string",
            "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*(ns|us|µs|ms|s|min|h|d)\s*$",
        }),
        Shape::Rate => json!({ "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)?\s*/\s*s\s*$" }),
        Shape::Word(words) => {
            let word =
                |(word, about): &(&str, &str)| json!({ "const": word, "description": about });
            json!({ "oneOf": words.iter().map(word).collect::<Vec<_>>() })
        }
        Shape::Settings => json!({
            "type": "object",
            "additionalProperties": { "type": ["string", "integer", "boolean"] },
        }),
        Shape::List(least, of) => {
            json!({ "type": "array", "minItems": least, "items": write(of, definitions) })
        }
        Shape::Record(record) => named(record, false, definitions),
        Shape::Tagged(record) => named(record, true, definitions),
    }
}

/// What has a name of its own ("a step") is written once and referred to.
fn named(record: &Record, tagged: bool, definitions: &mut Map<String, Value>) -> Value {
    let name = record.name.strip_prefix("a ").or_else(|| record.name.strip_prefix("an "));
    let Some(name) = name.filter(|name| *name != "lesson") else {
        return object(record, tagged, definitions);
    };
    if !definitions.contains_key(name) {
        definitions.insert(name.to_owned(), Value::Null);
        let written = object(record, tagged, definitions);
        definitions.insert(name.to_owned(), written);
    }
    json!({ "$ref": format!("#/$defs/{}", name.replace(' ', "%20")) })
}

fn object(record: &Record, tagged: bool, definitions: &mut Map<String, Value>) -> Value {
    let mut properties = Map::new();
    for field in record.fields {
        let mut value = write(&field.shape, definitions);
        if let Value::Object(value) = &mut value {
            value.insert("description".into(), json!(field.about));
        }
        properties.insert(field.key.into(), value);
    }
    let mut object = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    let required: Vec<_> = record.fields.iter().filter(|f| f.required).map(|f| f.key).collect();
    if tagged {
        object["minProperties"] = json!(1);
        object["maxProperties"] = json!(1);
    } else if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}
