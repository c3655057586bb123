//! Which function runs for a stream: the command that was given for its name, what its template has, or the
//! transformer.

use std::{collections::BTreeMap, ffi::OsString, net::SocketAddr, sync::Arc};

use anyhow::{Result, bail};
use hydrant_delivery::{
    DeliveryStream, Function, Functions, Ids, LambdaProcessor, RemoteFunction, RuntimeApi,
    SystemClock, Transform,
};

use super::template::Declared;
use crate::{
    args::{TransformerArgs, UpArgs},
    function::{self, Again, InProcess},
};

/// What stands before the name or the ARN of a function that is not run here, but called.
const REMOTE: &str = "lambda:";

/// The functions of one run.
#[derive(Debug)]
pub(super) struct Chosen {
    /// Those in processes of their own and elsewhere, by the name in their ARN.
    processes: BTreeMap<String, Arc<dyn Transform>>,
    /// Those of them in processes of their own, which take any event.
    hosts: BTreeMap<String, Arc<RuntimeApi>>,
    /// The commands that were typed.
    typed: BTreeMap<String, String>,
    declared: Vec<Declared>,
    transformer: TransformerArgs,
    again: Again,
}

impl Chosen {
    /// What was typed comes before what templates declare. `address` is where this service listens.
    pub(super) fn new(args: &UpArgs, declared: Vec<Declared>, address: SocketAddr) -> Result<Self> {
        let mut processes: BTreeMap<String, Arc<dyn Transform>> = BTreeMap::new();
        let mut hosts = BTreeMap::new();
        let mut typed = BTreeMap::new();
        for given in &args.function {
            let of_template = declared.iter().find(|it| it.is(&given.name));
            let name = of_template.map_or(&given.name, |it| &it.name);
            if let Some(target) = given.command.strip_prefix(REMOTE) {
                if target.is_empty() {
                    bail!(
                        "--function {name}={REMOTE}: write {REMOTE} and a function's name or ARN"
                    );
                }
                processes.insert(name.clone(), Arc::new(RemoteFunction::new(target)));
                typed.insert(name.clone(), given.command.clone());
                continue;
            }
            let mut function = function::of_command(name, &given.command)?;
            function.timeout = args.function_timeout;
            if let Some(of_template) = of_template {
                of_template.settle(&mut function, &args.region);
            }
            let host = host(function, args, address);
            hosts.insert(name.clone(), Arc::clone(&host));
            processes.insert(name.clone(), host);
            typed.insert(name.clone(), given.command.clone());
        }
        for it in &declared {
            if processes.contains_key(&it.name) {
                continue;
            }
            if let Some(mut function) = it.process()? {
                it.settle(&mut function, &args.region);
                let host = host(function, args, address);
                hosts.insert(it.name.clone(), Arc::clone(&host));
                processes.insert(it.name.clone(), host);
            }
        }
        Ok(Self {
            processes,
            hosts,
            typed,
            declared,
            transformer: args.transformer.clone(),
            again: Again::default(),
        })
    }

    /// Where functions find the streams of this process.
    pub(super) fn again(&self) -> &Again {
        &self.again
    }

    /// The functions that were typed or declared, and what runs for each.
    pub(super) fn described(&self) -> impl Iterator<Item = (&str, String)> {
        let typed = self.typed.iter();
        let typed = typed.map(|(name, command)| (name.as_str(), command.clone()));
        let declared = self.declared.iter();
        let declared = declared.filter(|it| !self.typed.contains_key(&it.name));
        typed.chain(declared.map(|it| (it.name.as_str(), it.described())))
    }

    /// The process of the function that `arn` names.
    pub(super) fn host(&self, arn: &str) -> Option<Arc<RuntimeApi>> {
        self.hosts.get(name_in(arn)).cloned()
    }

    /// Whether functions are called that run elsewhere.
    pub(super) fn has_remote(&self) -> bool {
        self.typed.values().any(|it| it.starts_with(REMOTE))
    }

    /// The function that is called elsewhere for the one that `arn` names.
    pub(super) fn remote(&self, arn: &str) -> Option<&str> {
        self.typed.get(name_in(arn))?.strip_prefix(REMOTE)
    }

    fn choose(
        &self,
        stream: &DeliveryStream,
        lambda: &LambdaProcessor,
    ) -> Result<Arc<dyn Transform>> {
        let name = name_in(&lambda.arn);
        if let Some(process) = self.processes.get(name) {
            return Ok(Arc::clone(process));
        }
        if let Some(declared) = self.declared.iter().find(|it| it.name == name) {
            return declared.in_process(stream, &self.again);
        }
        Ok(InProcess::new(function::options_for(
            stream,
            &self.transformer,
        )?))
    }
}

impl Functions for Chosen {
    fn find(
        &self,
        stream: &DeliveryStream,
        lambda: &LambdaProcessor,
    ) -> Result<Arc<dyn Transform>, String> {
        self.choose(stream, lambda)
            .map_err(|error| format!("{error:#}"))
    }
}

fn host(mut function: Function, args: &UpArgs, address: SocketAddr) -> Arc<RuntimeApi> {
    at_home(&mut function, address, |name| {
        std::env::var_os(name).is_some()
    });
    function.concurrency = args.function_concurrency;
    let ids = Ids::from_seed(rand::random());
    Arc::new(RuntimeApi::new(function, Arc::new(SystemClock), ids))
}

/// What puts records again, as AWS's blueprint does, puts them into the stream that runs here, unless it is told of
/// another endpoint. A function of ours signs with what is in its environment, where Lambda has its credentials;
/// beyond the loopback interface `hydrant up` has to have those of --access-keys.
fn at_home(function: &mut Function, address: SocketAddr, is_set: impl Fn(&str) -> bool) {
    let has = |function: &Function, name: &str| {
        is_set(name) || function.environment.iter().any(|(it, _)| it == name)
    };
    let endpoints = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_FIREHOSE"];
    if endpoints.iter().all(|name| !has(function, name)) {
        let endpoint = format!("http://{address}");
        function
            .environment
            .push(("AWS_ENDPOINT_URL_FIREHOSE".into(), endpoint.into()));
    }
    let puts_again = |(name, value): &(OsString, OsString)| name == "REINGEST" && value == "true";
    if function.environment.iter().any(puts_again) && !has(function, "AWS_ACCESS_KEY_ID") {
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            function.environment.push((name.into(), "local".into()));
        }
    }
}

/// The function's name in `arn:aws:lambda:<region>:<account>:function:<name>[:<version>]`, or the whole text
/// where it is no such ARN.
fn name_in(arn: &str) -> &str {
    let mut parts = arn.splitn(8, ':').skip(5);
    match (parts.next(), parts.next()) {
        (Some("function"), Some(name)) => name,
        _ => arn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_puts_records_again_puts_them_here_unless_it_is_told_otherwise() {
        let address = "127.0.0.1:4566".parse().unwrap();
        let told = |reingest: bool, set: &[&str]| {
            let mut function = Function::new("f", "f");
            if reingest {
                function = function.with_variable("REINGEST", "true");
            }
            at_home(&mut function, address, |name| set.contains(&name));
            let names = function
                .environment
                .into_iter()
                .map(|(name, value)| format!("{}={}", name.display(), value.display()));
            names.collect::<Vec<_>>().join(" ")
        };
        let here = "AWS_ENDPOINT_URL_FIREHOSE=http://127.0.0.1:4566";
        assert_eq!(told(false, &[]), here);
        assert_eq!(told(false, &["AWS_ENDPOINT_URL"]), "");
        assert_eq!(
            told(true, &[]),
            format!("REINGEST=true {here} AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local")
        );
        assert_eq!(
            told(true, &["AWS_ACCESS_KEY_ID"]),
            format!("REINGEST=true {here}")
        );
    }

    #[test]
    fn a_function_is_found_by_the_name_in_its_arn() {
        for (arn, name) in [
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:enrich",
                "enrich",
            ),
            (
                "arn:aws:lambda:eu-west-1:123456789012:function:enrich:$LATEST",
                "enrich",
            ),
            ("enrich", "enrich"),
        ] {
            assert_eq!(name_in(arn), name);
        }
    }
}
