//! Resolves derived views: what they return, and a description of how the server derives them.

use serde_json::Value;

use super::event::segments;
use crate::model::{Output, View};
use crate::spec::{self, view_parts, StackFile};

/// Returns the views that the stack offers of an entity, without duplicates. Returns `None` if the stack does not
/// offer the entity.
///
/// Adds a warning for each view that the server cannot have.
pub(super) fn offered(
    entity: &spec::Entity,
    file: &StackFile,
    warnings: &mut Vec<String>,
) -> Option<Vec<View>> {
    let name = &entity.state_name;
    if let Some(selected) = &file.selected {
        let is_own = |id: &String| view_parts(id).is_some_and(|(entity, _)| entity == name);
        if !selected.iter().any(is_own) {
            return None;
        }
    }
    let mut views: Vec<View> = Vec::new();
    for spec in &entity.views {
        let Some((of, view_name)) = view_parts(&spec.id) else {
            warnings.push(format!(
                "entity `{name}`: the view `{}` is left out: expected an entity and a view with one `/`, such as \
                 `{name}/latest`",
                spec.id
            ));
            continue;
        };
        if !file.entities.iter().any(|entity| entity.state_name == of) {
            warnings.push(format!(
                "entity `{name}`: the view `{}` is left out: no entity is named `{of}`",
                spec.id
            ));
            continue;
        }
        let is_selected = file
            .selected
            .as_ref()
            .is_none_or(|ids| ids.contains(&spec.id));
        // Every entity has these two, and newer files list them.
        let is_implicit = matches!(view_name, "state" | "list");
        if is_selected && !is_implicit && views.iter().all(|view| view.id != spec.id) {
            views.push(view(entity, spec));
        }
    }
    Some(views)
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
