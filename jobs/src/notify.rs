//! Telling somebody how a run ended.

use std::time::Duration;

use serde_json::json;

use crate::{
    job::Job,
    ledger::{Outcome, Run},
};

/// How long a webhook may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Begins the name of an environment variable that has the URL: a webhook's URL is often a secret.
const FROM_ENVIRONMENT: &str = "env:";

/// Who is told of which runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// The URL, or `env:` and the variable that has it.
    pub(crate) webhook: String,
    /// Of good runs too.
    pub(crate) always: bool,
}

impl Notify {
    pub(crate) fn new(webhook: &str, on: Option<&str>) -> Result<Self, String> {
        let is_url = webhook.starts_with("https://") || webhook.starts_with("http://");
        if !is_url && !webhook.starts_with(FROM_ENVIRONMENT) {
            return Err(
                "a webhook is an https URL, or env:NAME for the environment variable that has it"
                    .to_owned(),
            );
        }
        let always = match on {
            None | Some("failure") => false,
            Some("always") => true,
            Some(other) => {
                return Err(format!("on = \"{other}\": write \"failure\" or \"always\""));
            }
        };
        Ok(Self {
            webhook: webhook.to_owned(),
            always,
        })
    }

    /// Tells of a run, if it is one to tell of. That this fails is logged and changes nothing.
    pub(crate) async fn tell(&self, job: &Job, run: &Run) {
        if run.outcome == Outcome::Done && !self.always {
            return;
        }
        if let Err(reason) = self.post(job, run).await {
            tracing::warn!(job = job.name, %reason, "the webhook was not told");
        }
    }

    async fn post(&self, job: &Job, run: &Run) -> Result<(), String> {
        let url = match self.webhook.strip_prefix(FROM_ENVIRONMENT) {
            Some(name) => std::env::var(name)
                .map_err(|_| format!("the environment variable {name} is not set"))?,
            None => self.webhook.clone(),
        };
        // The URL stays out of messages: who has it can post.
        let error = |error: reqwest::Error| error.without_url().to_string();
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .build()
            .map_err(error)?;
        let posted = client
            .post(url)
            .header("content-type", "application/json")
            .body(message(job, run).to_string())
            .send()
            .await
            .map_err(error)?;
        match posted.status() {
            status if status.is_success() => Ok(()),
            status => Err(format!("it answered {status}")),
        }
    }
}

/// The message: a sentence in `text`, where chat services look for it, and the same in parts.
fn message(job: &Job, run: &Run) -> serde_json::Value {
    let label = job.label(&run.interval());
    let text = match (&run.outcome, &run.reason) {
        (Outcome::Done, _) => format!("{} {label}: {} rows", job.name, run.rows),
        (outcome, Some(reason)) => format!("{} {label}: {outcome}: {reason}", job.name),
        (outcome, None) => format!("{} {label}: {outcome}", job.name),
    };
    json!({
        "text": text,
        "job": job.name,
        "interval": {"start": run.interval_start, "end": run.interval_end},
        "outcome": run.outcome,
        "reason": run.reason,
        "rows": run.rows,
        "took_ms": run.took_ms,
        "output": run.output,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_a_url_or_a_variable() {
        assert!(
            Notify::new("https://example.com/hook", Some("always"))
                .unwrap()
                .always
        );
        assert!(!Notify::new("env:HOOK", None).unwrap().always);
        assert!(Notify::new("HOOK", None).is_err());
        assert!(Notify::new("env:HOOK", Some("never")).is_err());
    }
}
