//! What a template may have, each with its source. Bounds that are ours say so.

/// Largest template in bytes (CloudFormation user guide, quotas: 1 MB for a template in an S3 object).
pub const MAX_TEMPLATE_BYTES: usize = 1_000_000;

/// Most resources in a template (CloudFormation user guide, quotas).
pub const MAX_RESOURCES: usize = 500;

/// Most problems of a template that are told. Ours.
pub const MAX_PROBLEMS: usize = 1_000;

/// Deepest nesting of lists and mappings. Ours, and that of JSON here: a hostile text costs only its bytes.
pub const MAX_DEPTH: usize = hydrant_records::limits::MAX_JSON_DEPTH;

/// Most values in a template once YAML aliases are written out. Ours: a template of the largest size has
/// about a quarter of this, and a bomb of aliases has no end.
pub const MAX_NODES: usize = 500_000;

/// Most bytes of text that intrinsic functions may make. Ours.
pub const MAX_RESOLVED_BYTES: usize = 16 << 20;

/// Most values that resolving visits. Ours.
pub const MAX_RESOLVE_WORK: usize = 4_000_000;

/// Deepest that resolving goes, conditions and names of resources included. Ours.
pub const MAX_RESOLVE_DEPTH: usize = 200;
