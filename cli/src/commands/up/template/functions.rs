//! The functions of a template that its streams name.

use std::{
    collections::BTreeMap,
    fmt,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use hydrant_delivery::{DeliveryStream, Function, Transform};

use crate::function::{self, Again, Handler, Variables};

/// A function as a template has it.
#[derive(Debug)]
pub(crate) struct Declared {
    /// Its logical id.
    pub(crate) id: String,
    /// `FunctionName`, or the id.
    pub(crate) name: String,
    runs: Runs,
    variables: Variables,
    /// Variables that only a deployment knows.
    unknown: Vec<String>,
    timeout: Option<Duration>,
    memory_mb: Option<u32>,
}

/// What runs for a function.
#[derive(Debug)]
enum Runs {
    /// A program that speaks the Lambda Runtime API.
    Built(PathBuf),
    /// A handler in a language of which we know the runtime.
    Handler { folder: PathBuf, handler: String },
    /// Hydrant's own, in this process.
    Transformer,
    /// The same.
    Partitioner,
    /// The same: for an API.
    Authorizer,
    /// Nothing that is there; what to do about it.
    Nothing(String),
}

impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Built(path) => write!(f, "{}", path.display()),
            Self::Handler { folder, handler } => {
                let file = Handler::in_folder(folder, handler);
                let file = file.map_or_else(|| folder.clone(), |it| it.file().to_owned());
                write!(f, "{}", file.display())
            }
            Self::Transformer => f.write_str("Hydrant's transformer, in this process"),
            Self::Partitioner => f.write_str("Hydrant's partitioner, in this process"),
            Self::Authorizer => f.write_str("Hydrant's authorizer, in this process"),
            Self::Nothing(help) => f.write_str(help),
        }
    }
}

impl Declared {
    /// A function of the template at `template`.
    pub(super) fn new(function: hydrant_template::Function<'_>, template: &Path) -> Self {
        let id = function.resource.id.clone();
        let mut variables = BTreeMap::new();
        let mut unknown = Vec::new();
        for variable in function.environment() {
            match variable.value.scalar() {
                Some(value) => {
                    variables.insert(variable.name.clone(), value.into_owned());
                }
                None => unknown.push(variable.name.clone()),
            }
        }
        let timeout = function.timeout().and_then(|it| it.scalar()?.parse().ok());
        Self {
            name: function.name().unwrap_or(&id).to_owned(),
            runs: runs(function, template),
            id,
            variables,
            unknown,
            timeout: timeout.map(Duration::from_secs),
            memory_mb: function.memory_mb(),
        }
    }

    /// Whether someone who types `name` means it.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name || self.id == name
    }

    /// A variable that the template gives it.
    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// What runs for it, for people.
    pub(crate) fn described(&self) -> String {
        let mut text = self.runs.to_string();
        if !self.unknown.is_empty() && !matches!(self.runs, Runs::Authorizer) {
            let names = self.unknown.join(", ");
            text = format!("{text}; without {names}, which only a deployment knows");
        }
        text
    }

    /// Gives a process what the template says of the function.
    pub(crate) fn settle(&self, function: &mut Function, region: &str) {
        let variables = self.variables.iter();
        function.environment = variables
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        for name in ["AWS_REGION", "AWS_DEFAULT_REGION"] {
            function.environment.push((name.into(), region.into()));
        }
        if let Some(timeout) = self.timeout {
            function.timeout = timeout;
        }
        if let Some(memory_mb) = self.memory_mb {
            function.memory_mb = memory_mb;
        }
    }

    /// What runs for it in a process of its own; `None` for what runs in this one.
    pub(crate) fn process(&self) -> Result<Option<Function>> {
        Ok(Some(match &self.runs {
            Runs::Built(path) => Function::new(&self.name, path),
            Runs::Handler { folder, handler } => {
                let handler = Handler::in_folder(folder, handler);
                handler
                    .context("the handler's file is gone")?
                    .function(&self.name)?
            }
            Runs::Transformer | Runs::Partitioner | Runs::Authorizer => return Ok(None),
            Runs::Nothing(help) => bail!("{}: {help}", self.name),
        }))
    }

    /// What runs for it in this process, for `stream`.
    pub(crate) fn in_process(
        &self,
        stream: &DeliveryStream,
        again: &Again,
    ) -> Result<Arc<dyn Transform>> {
        match self.runs {
            Runs::Partitioner => function::partitioner(&self.variables, stream),
            _ => function::transformer(&self.variables, stream, again),
        }
    }
}

/// Finds what can run for a function.
fn runs(function: hydrant_template::Function<'_>, template: &Path) -> Runs {
    if function.cargo_binary() == Some("authorizer") {
        // What is built would ask for an issuer that only a deployment knows.
        return Runs::Authorizer;
    }
    let folder = template.parent().unwrap_or(Path::new(""));
    let id = &function.resource.id;
    // What `sam build` made has the dependencies of a handler too.
    let sam = folder.join(".aws-sam/build").join(id);
    let code = function.code_uri().map(|uri| folder.join(uri));
    let mut problems = Vec::new();
    let mut candidates = vec![sam.join("bootstrap")];
    if let Some(binary) = function.cargo_binary() {
        candidates.extend(cargo_lambda(binary, code.as_deref()));
    }
    candidates.extend(code.iter().map(|code| code.join("bootstrap")));
    for path in candidates {
        match runs_here(&path) {
            Ok(true) => return Runs::Built(path),
            Ok(false) => {}
            Err(problem) => problems.push(problem),
        }
    }
    match function.cargo_binary() {
        Some("transformer") => return Runs::Transformer,
        Some("partitioner") => return Runs::Partitioner,
        _ => {}
    }
    if let Some(handler) = function.handler() {
        for folder in [Some(&sam), code.as_ref()].into_iter().flatten() {
            if Handler::in_folder(folder, handler).is_some() {
                let (folder, handler) = (folder.clone(), handler.to_owned());
                return Runs::Handler { folder, handler };
            }
        }
    }
    problems.push(match (function.cargo_binary(), &code, function.handler()) {
        (Some(binary), ..) => format!("build it with cargo lambda build --bin {binary}"),
        (None, Some(code), Some(handler)) => {
            format!("no file in {} has its handler {handler}", code.display())
        }
        _ => "its code is not beside the template".to_owned(),
    });
    problems.push(format!("or give --function {id}=COMMAND"));
    Runs::Nothing(problems.join("; "))
}

/// Where cargo-lambda puts a binary: in the target folder of its workspace.
fn cargo_lambda(binary: &str, code: Option<&Path>) -> Vec<PathBuf> {
    let place = Path::new("lambda").join(binary).join("bootstrap");
    let configured = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let code = code.and_then(|code| std::fs::canonicalize(code).ok());
    let workspaces = code.iter().flat_map(|code| code.ancestors());
    let targets = configured
        .into_iter()
        .chain(workspaces.map(|folder| folder.join("target")));
    targets.map(|target| target.join(&place)).collect()
}

/// Whether there is a program that this machine runs; an error says why one that is there does not count.
fn runs_here(path: &Path) -> Result<bool, String> {
    let Ok(mut file) = std::fs::File::open(path) else {
        return Ok(false);
    };
    let mut head = [0; 20];
    if file.read_exact(&mut head).is_err() || !head.starts_with(b"\x7fELF") {
        // A script says itself what runs it.
        return Ok(head.starts_with(b"#!"));
    }
    // The machine that an ELF file is for (System V ABI, "ELF header").
    let machine = match u16::from_le_bytes([head[18], head[19]]) {
        0x3e => "x86_64",
        0xb7 => "aarch64",
        _ => "another machine",
    };
    if machine == std::env::consts::ARCH {
        return Ok(true);
    }
    Err(format!(
        "{} is built for {machine}, and this is {}",
        path.display(),
        std::env::consts::ARCH
    ))
}
