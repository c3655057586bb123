//! Which function runs for a stream: the command that was given for its name, or the transformer.

use std::{collections::BTreeMap, sync::Arc};

use hydrant_delivery::{
    DeliveryStream, Function, Functions, Ids, LambdaProcessor, RuntimeApi, SystemClock, Transform,
};

use crate::{
    args::{TransformerArgs, UpArgs},
    function::{self, InProcess},
};

/// The functions of one run.
#[derive(Debug)]
pub(super) struct Chosen {
    commands: BTreeMap<String, Arc<RuntimeApi>>,
    transformer: TransformerArgs,
}

impl Chosen {
    pub(super) fn new(args: &UpArgs) -> Self {
        let commands = args.function.iter().map(|given| {
            // The shell knows how a command is taken apart, and makes way for it.
            let mut function = Function::new(&given.name, "sh");
            function.arguments = vec!["-c".into(), format!("exec {}", given.command).into()];
            function.timeout = args.function_timeout;
            function.concurrency = args.function_concurrency;
            let ids = Ids::from_seed(rand::random());
            let host = RuntimeApi::new(function, Arc::new(SystemClock), ids);
            (given.name.clone(), Arc::new(host))
        });
        Self {
            commands: commands.collect(),
            transformer: args.transformer.clone(),
        }
    }
}

impl Functions for Chosen {
    fn find(
        &self,
        stream: &DeliveryStream,
        lambda: &LambdaProcessor,
    ) -> Result<Arc<dyn Transform>, String> {
        let name = name_in(&lambda.arn);
        if let Some(command) = self.commands.get(name) {
            return Ok(Arc::clone(command) as _);
        }
        let options = function::options_for(stream, &self.transformer)
            .map_err(|error| format!("{error:#}"))?;
        Ok(InProcess::new(options))
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
