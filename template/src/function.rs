//! Lambda functions of a template.

use crate::{
    node::{Content, Member, Node},
    template::Resource,
};

/// SAM's function.
pub(crate) const SERVERLESS: &str = "AWS::Serverless::Function";
const PLAIN: &str = "AWS::Lambda::Function";

/// A Lambda function.
#[derive(Debug, Clone, Copy)]
pub struct Function<'s> {
    /// The resource.
    pub resource: &'s Resource,
}

impl<'s> Function<'s> {
    pub(crate) fn new(resource: &'s Resource) -> Option<Self> {
        [SERVERLESS, PLAIN]
            .contains(&resource.kind.as_str())
            .then_some(Self { resource })
    }

    fn property(self, name: &str) -> Option<&'s Node> {
        self.resource.properties.get(name)
    }

    /// `FunctionName`, where it is given and known.
    pub fn name(self) -> Option<&'s str> {
        self.property("FunctionName")?.as_text()
    }

    /// `Handler`.
    pub fn handler(self) -> Option<&'s str> {
        self.property("Handler")?.as_text()
    }

    /// `Runtime`.
    pub fn runtime(self) -> Option<&'s Node> {
        self.property("Runtime")
    }

    /// `CodeUri`, where it is a path; SAM's functions only.
    pub fn code_uri(self) -> Option<&'s str> {
        self.property("CodeUri")?.as_text()
    }

    /// `Timeout`: seconds, 3 where none is given (Lambda developer guide).
    pub fn timeout(self) -> Option<&'s Node> {
        self.property("Timeout")
    }

    /// `MemorySize` in MiB, 128 where none is given (Lambda developer guide); `None` where it is not known.
    pub fn memory_mb(self) -> Option<u32> {
        match self.property("MemorySize") {
            None => Some(128),
            Some(node) => node.scalar()?.parse().ok(),
        }
    }

    /// Whether it runs on Graviton.
    pub fn is_arm64(self) -> bool {
        let architectures = self.property("Architectures");
        let first = architectures.and_then(|list| list.elements().first());
        first.and_then(Node::as_text) == Some("arm64")
    }

    /// The environment variables.
    pub fn environment(self) -> &'s [Member] {
        let variables = self.resource.properties.at(&["Environment", "Variables"]);
        variables.map_or(&[], Node::members)
    }

    /// The binary that cargo-lambda builds for it (`Metadata.BuildProperties.Binary`), where it does.
    pub fn cargo_binary(self) -> Option<&'s str> {
        let metadata = &self.resource.metadata;
        if metadata.get("BuildMethod").and_then(Node::as_text) != Some("rust-cargolambda") {
            return None;
        }
        metadata.at(&["BuildProperties", "Binary"])?.as_text()
    }
}

/// Gives a function what SAM's `Globals.Function` says and it does not: maps are merged, the rest replaced.
pub(crate) fn put_in_globals(properties: &mut Node, globals: &Node) {
    let Content::Map(members) = &mut properties.content else {
        return;
    };
    for global in globals.members() {
        match members.iter_mut().find(|it| it.name == global.name) {
            Some(Member { value, .. }) => put_in_globals(value, &global.value),
            None => members.push(global.clone()),
        }
    }
}
