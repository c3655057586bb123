//! Templates, read for what of them runs here: one file a kind of resource.

mod apis;
mod buses;
mod functions;
mod nested;
mod streams;
mod tables;

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, bail};
use hydrant_check::{Report, Severity};
use hydrant_records::DeliveryStreamInput;
use hydrant_template::{Overrides, Presence, Source, Stack, Template};
use serde_json::Value;

use crate::{args::UpArgs, output, text};

pub(super) use apis::{DeclaredApi, Style};
pub(super) use buses::{Part, PartKind};
pub(super) use functions::Declared;

use super::functions::Chosen;

/// What of templates runs here.
#[derive(Debug, Default)]
pub(super) struct Deployment {
    /// Delivery streams, each with the name of its template.
    pub(super) streams: Vec<(String, DeliveryStreamInput)>,
    /// The functions that they name, and that rules have as targets.
    pub(super) functions: Vec<Declared>,
    /// The Glue tables that they convert their records to, each with the name of its template.
    pub(super) tables: Vec<(String, Value)>,
    /// APIs in front of a bus.
    pub(super) apis: Vec<DeclaredApi>,
    /// The functions that their authorizers name.
    pub(super) authorizers: Vec<Declared>,
    /// Buses and what belongs to them, in the order in which they are made.
    pub(super) parts: Vec<Part>,
    /// Resources that nothing stands for, by their type.
    pub(super) left_out: BTreeMap<String, Vec<String>>,
}

/// Kinds that nobody misses here: the lake stands for all buckets, files for queues, and nobody is refused for want of
/// a permission.
const ONLY_THERE: [&str; 10] = [
    "AWS::ApplicationInsights::",
    "AWS::CloudWatch::",
    "AWS::IAM::",
    "AWS::KMS::",
    "AWS::Lambda::Permission",
    "AWS::Logs::",
    "AWS::ResourceGroups::",
    "AWS::S3::",
    "AWS::SNS::",
    "AWS::SQS::",
];

/// How deep templates may be nested.
const MOST_DEPTH: usize = 8;

/// A template with its parameters put in.
struct Resolved<'a> {
    path: &'a Path,
    report: Report,
    stack: Stack,
    region: &'a str,
    account: &'a str,
}

impl Deployment {
    /// Reads the templates that were named.
    pub(super) fn read(args: &UpArgs) -> Result<Self> {
        let mut overrides: Overrides = args.parameter.iter().cloned().collect();
        for (name, value) in [
            ("AWS::Region", args.region.as_str()),
            ("AWS::AccountId", args.account.as_str()),
            ("AWS::Partition", "aws"),
        ] {
            overrides
                .entry(name.to_owned())
                .or_insert_with(|| value.to_owned());
        }
        let mut deployment = Self::default();
        for path in &args.template {
            deployment.add_all(path, &overrides, args, 0)?;
        }
        if !args.template.is_empty() && deployment.is_empty() {
            let names: Vec<_> = args
                .template
                .iter()
                .map(|it| it.display().to_string())
                .collect();
            bail!(
                "{} has neither AWS::KinesisFirehose::DeliveryStream nor an API nor AWS::Events resources, so there is nothing to run",
                names.join(", ")
            );
        }
        Ok(deployment)
    }

    /// Says what of the templates runs, and what does not.
    pub(super) fn show(&self, functions: &Chosen) {
        for (name, runs) in functions.described() {
            output::say(&format!("function  {name}: {runs}"));
        }
        let only_there = |kind: &str| ONLY_THERE.iter().any(|it| kind.starts_with(it));
        let mut rest = 0;
        for (kind, ids) in &self.left_out {
            if only_there(kind) {
                rest += ids.len() as u64;
            } else {
                output::say(&format!("not run   {kind} {}", ids.join(", ")));
            }
        }
        if rest > 0 {
            let resources = text::plural(rest, "resource");
            output::say(&format!(
                "not here  {resources} that only AWS has: roles, logs, alarms, buckets, queues"
            ));
        }
    }

    fn is_empty(&self) -> bool {
        self.streams.is_empty() && self.apis.is_empty() && self.parts.is_empty()
    }

    /// Adds a template, and those that it nests.
    fn add_all(
        &mut self,
        path: &Path,
        overrides: &Overrides,
        args: &UpArgs,
        depth: usize,
    ) -> Result<()> {
        let resolved = resolve(path, overrides, args)?;
        for nested in nested::of(&resolved.stack, path, overrides) {
            if depth >= MOST_DEPTH {
                bail!(
                    "{}: templates are nested more than {MOST_DEPTH} deep",
                    path.display()
                );
            }
            self.add_all(&nested.path, &nested.overrides, args, depth + 1)?;
        }
        self.add(&resolved)
    }

    fn add(&mut self, resolved: &Resolved<'_>) -> Result<()> {
        let name = resolved.path.display().to_string();
        let mut run = Vec::new();
        for part in buses::of(resolved) {
            run.push(part.id.clone());
            for function in resolved.stack.functions() {
                let declared = Declared::new(function, resolved.path);
                let is_target = part
                    .input
                    .to_string()
                    .contains(&format!(":function:{}\"", declared.name));
                if is_target && self.functions.iter().all(|it| it.id != declared.id) {
                    run.push(declared.id.clone());
                    self.functions.push(declared);
                }
            }
            self.parts.push(part);
        }
        for api in apis::of(&resolved.stack) {
            for function in resolved.stack.functions() {
                let id = &function.resource.id;
                if api.names(id) && self.authorizers.iter().all(|it| it.id != *id) {
                    run.push(id.clone());
                    self.authorizers
                        .push(Declared::new(function, resolved.path));
                }
            }
            run.push(api.id.clone());
            self.apis.push(api);
        }
        for table in tables::of(&resolved.stack) {
            self.tables.push((name.clone(), table));
        }
        for stream in streams::of(resolved)? {
            run.push(stream.id);
            if let Some(function) = stream.function {
                run.push(function.id.clone());
                if self.functions.iter().all(|it| it.id != function.id) {
                    self.functions.push(function);
                }
            }
            self.streams.push((name.clone(), stream.input));
        }
        for resource in resolved.stack.resources.values() {
            let left_out = !run.contains(&resource.id)
                && !apis::is_part(resource)
                && !tables::is_one(resource)
                && !nested::is_one(resource, resolved.path);
            if resource.presence != Presence::Absent && left_out {
                let ids = self.left_out.entry(resource.kind.clone()).or_default();
                ids.push(resource.id.clone());
            }
        }
        Ok(())
    }
}

fn resolve<'a>(path: &'a Path, overrides: &Overrides, args: &'a UpArgs) -> Result<Resolved<'a>> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    let mut report = Report::of_template(Source::new(&*name, &*text), overrides);
    if report.count(Severity::Error) > 0 {
        let summary = report.summary();
        report
            .diagnostics
            .retain(|it| it.severity == Severity::Error);
        output::say(&report.text());
        bail!("{name}: {summary}");
    }
    // Whoever cannot be parsed has an error.
    let template = Template::parse(&text).with_context(|| name.clone())?;
    let stack = template.resolve(overrides);
    Ok(Resolved {
        path,
        report,
        stack,
        region: &args.region,
        account: &args.account,
    })
}
