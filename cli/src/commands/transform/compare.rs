//! `hydrant transform --compare`: another function's answers beside ours, record by record.

mod answer;
mod batches;
mod difference;
mod other;
mod report;

use std::sync::Arc;

use anyhow::{Result, bail};
use hydrant_delivery::{Clock, Ids, RuntimeApi, SystemClock};
use hydrant_transformer::Transformer;

use crate::{
    args::{CompareArgs, TransformArgs},
    function, input, output,
    progress::{self, Unit},
    text,
};
use answer::{Answer, Outcome};
use batches::{Batch, Batches};
use other::Other;
use report::Report;

/// Runs `command` as a Lambda function on the same batches as the transformer, and says where they differ.
pub(crate) async fn run(args: &TransformArgs, command: &str, quiet: bool) -> Result<()> {
    let transformer = Transformer::new(function::options(&args.transformer, &[])?);
    let other = Other::new(command)?;
    let ids = || Ids::from_seed(rand::random());
    let theirs = RuntimeApi::new(other.function(), Arc::new(SystemClock), ids());

    let files = input::files(&args.input.files)?;
    let bar = progress::bar("compared", Unit::Bytes, input::total_bytes(&files), quiet);
    let bus = args.input.bus(Box::new(SystemClock), ids());
    let now = SystemClock.now().as_millisecond();
    let mut batches = Batches::new(input::Records::new(files, bus), ids(), now);
    let mut report = Report::new(&args.compare);
    let mut answered = false;
    while let Some(batch) = batches.next()? {
        bar.inc(batch.bytes());
        let ours = ours(&transformer, &batch);
        let event = serde_json::to_vec(&batch.event)?;
        let theirs = match theirs.call(event.into()).await {
            Ok(answer) => {
                answered = true;
                Answer::read(&answer)
            }
            Err(error) if !answered => {
                bar.finish_and_clear();
                bail!("{command}: {error}{}", other.last_words());
            }
            Err(error) => Answer::failed(&error.to_string()),
        };
        for (record, place) in batch.event.records.iter().zip(&batch.places) {
            let id = &record.record_id;
            report.add(place, &ours.outcome(id), &theirs.outcome(id));
        }
    }
    bar.finish_and_clear();
    for refused in batches.refused() {
        output::say(refused);
    }
    report.write()?;
    match report.different() {
        0 => Ok(()),
        records => bail!(
            "{} different",
            text::plural(records, "record") + if records == 1 { " is" } else { " are" }
        ),
    }
}

/// What the transformer answers, with the reason for each refusal.
fn ours(transformer: &Transformer, batch: &Batch) -> Answer {
    let (answer, summary) = transformer.transform_batch(batch.event.clone());
    let refusals = summary
        .refusals
        .iter()
        .map(|refused| (refused.record_id.clone(), refused.refusal.to_string()));
    Answer::ours(answer, refusals)
}

impl CompareArgs {
    /// Whether records are the same when their documents are.
    fn is_same_enough(&self, kind: difference::Kind) -> bool {
        use difference::Kind;
        match kind {
            Kind::Same => true,
            Kind::Bytes => self.same_document,
            Kind::Document | Kind::Keys | Kind::Result => false,
        }
    }
}
