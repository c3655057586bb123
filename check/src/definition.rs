//! The members that rules ask for, each where it stands.

use hydrant_template::{Node, Span};

/// A stream's definition as it is written.
pub(crate) struct Definition<'n> {
    /// The S3 destination, and the name of its member.
    pub(crate) destination: &'n Node,
    pub(crate) member: &'static str,
    /// Where that name stands: findings about the destination as a whole point at it.
    pub(crate) span: Span,
    /// The processors where processing is on.
    pub(crate) processors: Vec<Processor<'n>>,
}

/// A processor.
#[derive(Clone, Copy)]
pub(crate) struct Processor<'n> {
    pub(crate) node: &'n Node,
    pub(crate) kind: &'n str,
}

/// The destinations that Hydrant checks.
pub(crate) const S3: [&str; 2] = [
    "ExtendedS3DestinationConfiguration",
    "S3DestinationConfiguration",
];

impl<'n> Definition<'n> {
    pub(crate) fn new(root: &'n Node) -> Option<Self> {
        let (member, found) = S3
            .into_iter()
            .find_map(|name| Some((name, root.member(name)?)))?;
        let destination = &found.value;
        let processing = destination.get("ProcessingConfiguration");
        let processors = match flag(processing.and_then(|it| it.get("Enabled")), false) {
            Some(false) => Vec::new(),
            // Where it is not known, what would run is checked.
            _ => processors(processing),
        };
        Some(Self {
            destination,
            member,
            span: found.name_span,
            processors,
        })
    }

    /// A member's full name.
    pub(crate) fn path(&self, name: &str) -> String {
        format!("{}.{name}", self.member)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'n Node> {
        self.destination.get(name)
    }

    pub(crate) fn at(&self, path: &[&str]) -> Option<&'n Node> {
        self.destination.at(path)
    }

    /// Whether records are partitioned by keys; `None` where that is not known.
    pub(crate) fn is_partitioned(&self) -> Option<bool> {
        flag(
            self.at(&["DynamicPartitioningConfiguration", "Enabled"]),
            false,
        )
    }

    /// Whether records are converted to Parquet or ORC. A block that does not say is on.
    pub(crate) fn is_converted(&self) -> Option<bool> {
        match self.get("DataFormatConversionConfiguration") {
            None => Some(false),
            Some(block) => flag(block.get("Enabled"), true),
        }
    }

    /// The first processor of a kind.
    pub(crate) fn processor(&self, kind: &str) -> Option<Processor<'n>> {
        self.processors.iter().copied().find(|it| it.kind == kind)
    }
}

/// The processors of a `ProcessingConfiguration`, running or not.
pub(crate) fn processors(processing: Option<&Node>) -> Vec<Processor<'_>> {
    let list = processing.and_then(|it| it.get("Processors"));
    let elements = list.map_or(&[][..], Node::elements);
    let processor = |node| {
        Some(Processor {
            node,
            kind: Node::get(node, "Type")?.as_text()?,
        })
    };
    elements.iter().filter_map(processor).collect()
}

impl<'n> Processor<'n> {
    /// The value of a parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&'n Node> {
        self.parameters()
            .find(|(known, _)| known.as_text() == Some(name))
            .map(|(_, value)| value)
    }

    /// Names and values of the parameters.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = (&'n Node, &'n Node)> + use<'n> {
        let list = self.node.get("Parameters").map_or(&[][..], Node::elements);
        list.iter()
            .filter_map(|it| Some((it.get("ParameterName")?, it.get("ParameterValue")?)))
    }
}

/// A boolean member: `absent` where it is not there, `None` where it is not known.
pub(crate) fn flag(node: Option<&Node>, absent: bool) -> Option<bool> {
    match node {
        None => Some(absent),
        Some(node) => node.as_bool(),
    }
}

/// A member's text; the empty one is none.
pub(crate) fn text(node: Option<&Node>) -> Option<&str> {
    node.and_then(Node::as_text).filter(|text| !text.is_empty())
}
