//! Resolves derived views: what they return, and a description of how the server derives them.

use serde_json::Value;

use super::event::segments;
use crate::model::{Output, View};
use crate::spec;

/// Returns the views of an entity without duplicates.
pub(super) fn views(entity: &spec::Entity) -> Vec<View> {
    let mut views: Vec<View> = Vec::new();
    for spec in &entity.views {
        if is_id(&spec.id) && views.iter().all(|view| view.id != spec.id) {
            views.push(view(entity, spec));
        }
    }
    views
}

/// Returns whether a text is a view's id: an entity's name and the view's name.
fn is_id(id: &str) -> bool {
    let parts = id.split_once('/');
    parts
        .is_some_and(|(entity, name)| !entity.is_empty() && !name.is_empty() && !name.contains('/'))
}

fn view(entity: &spec::Entity, spec: &spec::View) -> View {
    let mut steps = Vec::new();
    let (of, id) = (&spec.source["Entity"]["name"], &spec.source["View"]["id"]);
    match (of.as_str(), id.as_str()) {
        (Some(name), _) if name != entity.state_name => steps.push(format!("of `{name}`")),
        (_, Some(id)) => steps.push(format!("of the view `{id}`")),
        _ => {}
    }
    steps.extend(spec.pipeline.iter().map(step));
    let output = match (&spec.output, &spec.output["Keyed"]) {
        (Value::String(output), _) if output == "Single" => Output::Single,
        (_, Value::Object(keyed)) => {
            steps.push(format!("by `{}`", path(&keyed["key_field"])));
            Output::Keyed
        }
        _ => Output::Collection,
    };
    View {
        id: spec.id.clone(),
        output,
        steps,
    }
}

fn step(step: &Value) -> String {
    if let Some(step) = step.as_str() {
        return format!("the {} one", step.to_lowercase());
    }
    let Some((kind, step)) = step.as_object().and_then(|object| object.iter().next()) else {
        return step.to_string();
    };
    match &**kind {
        "Sort" => {
            let order = match step["order"].as_str() {
                Some(order) if order.eq_ignore_ascii_case("desc") => "descending",
                _ => "ascending",
            };
            format!("sorted by `{}`, {order}", path(&step["key"]))
        }
        "Take" => format!("the first {}", step["count"]),
        "Skip" => format!("without the first {}", step["count"]),
        "MaxBy" => format!("the one with the greatest `{}`", path(&step["key"])),
        "MinBy" => format!("the one with the least `{}`", path(&step["key"])),
        "Filter" => format!("where {}", predicate(&step["predicate"])),
        kind => kind.to_lowercase(),
    }
}

fn predicate(predicate: &Value) -> String {
    let Some((kind, inner)) = predicate
        .as_object()
        .and_then(|object| object.iter().next())
    else {
        return predicate.to_string();
    };
    let all = |by: &str| {
        let each = inner.as_array().map_or(&[][..], Vec::as_slice);
        let each: Vec<_> = each.iter().map(self::predicate).collect();
        format!("({})", each.join(by))
    };
    match &**kind {
        "Compare" => {
            let op = match inner["op"].as_str().unwrap_or_default() {
                "Eq" => "is",
                "Ne" => "is not",
                "Gt" => "is greater than",
                "Gte" => "is at least",
                "Lt" => "is less than",
                "Lte" => "is at most",
                op => op,
            };
            let value = &inner["value"];
            let value = match (&value["Field"], &value["Dynamic"], &value["Literal"]) {
                (Value::Object(_), _, _) => format!("`{}`", path(&value["Field"])),
                (_, Value::String(dynamic), _) => format!("`{dynamic}`"),
                (_, _, literal) => format!("`{literal}`"),
            };
            format!("`{}` {op} {value}", path(&inner["field"]))
        }
        "And" => all(" and "),
        "Or" => all(" or "),
        "Not" => format!("not {}", self::predicate(inner)),
        "Exists" => format!("`{}` is there", path(&inner["field"])),
        kind => kind.to_lowercase(),
    }
}

fn path(path: &Value) -> String {
    segments(path).unwrap_or_default().join(".")
}
