//! Templates in templates: applications and stacks whose template is a file.

use std::path::{Path, PathBuf};

use hydrant_template::{Node, Overrides, Presence, Resource, Stack};

/// A template that another one nests.
pub(super) struct Nested {
    pub(super) path: PathBuf,
    /// What it is given, and what every template knows.
    pub(super) overrides: Overrides,
}

/// Whether a resource is one whose file is there.
pub(super) fn is_one(resource: &Resource, path: &Path) -> bool {
    file(resource, path).is_some()
}

/// The templates that are nested in a stack, beside the file that it comes from.
pub(super) fn of(stack: &Stack, path: &Path, overrides: &Overrides) -> Vec<Nested> {
    let there = stack
        .resources
        .values()
        .filter(|it| it.presence != Presence::Absent);
    let nested = there.filter_map(|resource| {
        let mut given: Overrides = overrides
            .iter()
            .filter(|(name, _)| name.starts_with("AWS::"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let parameters = resource
            .properties
            .get("Parameters")
            .map_or(&[][..], Node::members);
        for parameter in parameters {
            // What only a deployment knows is left to the parameter's default.
            if let Some(value) = parameter.value.scalar() {
                given.insert(parameter.name.clone(), value.into_owned());
            }
        }
        Some(Nested {
            path: file(resource, path)?,
            overrides: given,
        })
    });
    nested.collect()
}

/// The file of a nested template, beside the one that nests it.
fn file(resource: &Resource, path: &Path) -> Option<PathBuf> {
    let name = match resource.kind.as_str() {
        "AWS::Serverless::Application" => "Location",
        "AWS::CloudFormation::Stack" => "TemplateURL",
        _ => return None,
    };
    let location = resource.properties.get(name)?.as_text()?;
    let file = path.parent().unwrap_or(Path::new("")).join(location);
    file.is_file().then_some(file)
}
