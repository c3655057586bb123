//! One request on its way, until all of its entries were accepted, refused, or given up.

use std::{path::PathBuf, sync::Mutex, sync::PoisonError, time::Duration};

use anyhow::{Context, Result, bail};
use rand::RngExt as _;
use serde_json::{Value, json};

use crate::args::ApiArgs;

/// How long a request may take: the longest that API Gateway lets one take, and some.
const TIMEOUT: Duration = Duration::from_secs(35);

/// The longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What became of the entries of a request.
#[derive(Debug, Default)]
pub(super) struct Posted {
    pub(super) accepted: u64,
    /// Entries, each with the reason.
    pub(super) refused: Vec<(String, String)>,
    pub(super) requests: u64,
    /// Entries that were accepted, but not at first.
    pub(super) again: u64,
}

/// Posts to one front door.
pub(super) struct Poster {
    client: reqwest::Client,
    url: String,
    token: Mutex<Option<String>>,
    token_file: Option<PathBuf>,
    attempts: usize,
}

/// What an answer says.
enum Answer {
    /// Of each entry: nothing, or why it was refused and whether it may be sent again.
    Entries(Vec<Option<(String, bool)>>),
    /// Of all of them.
    All { reason: String, passing: bool },
    /// The token is not good.
    Token(String),
}

impl Poster {
    pub(super) fn new(url: &str, args: &ApiArgs, attempts: usize) -> Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let token = match &args.token_file {
            Some(path) => Some(read(path)?),
            None => args.token.as_deref().map(|token| token.trim().to_owned()),
        };
        if token
            .as_deref()
            .is_some_and(|token| token.is_empty() || !token.is_ascii())
        {
            bail!("the token is empty, or no token; `hydrant token --client ID` makes one");
        }
        Ok(Self {
            client,
            url: url.to_owned(),
            token: Mutex::new(token),
            token_file: args.token_file.clone(),
            attempts,
        })
    }

    /// Posts entries. Those that were refused for a passing reason are posted again, later and later.
    pub(super) async fn post(&self, mut entries: Vec<String>) -> Posted {
        let mut posted = Posted::default();
        for attempt in 1.. {
            let body: Vec<Value> = entries
                .iter()
                .map(|entry| json!({"entry": entry}))
                .collect();
            let body = json!({"entries": body}).to_string();
            posted.requests += 1;
            let mut answer = self.ask(body, entries.len()).await;
            let last = attempt >= self.attempts;
            if let Answer::Token(reason) = &answer {
                let passing = !last && self.renew();
                let reason = reason.clone();
                answer = Answer::All { reason, passing };
            }
            let mut again = Vec::new();
            let told = match answer {
                Answer::Entries(told) => told,
                Answer::All { reason, passing } => vec![Some((reason, passing)); entries.len()],
                Answer::Token(_) => Vec::new(),
            };
            for (entry, told) in std::mem::take(&mut entries).into_iter().zip(told) {
                match told {
                    None => {
                        posted.accepted += 1;
                        posted.again += u64::from(attempt > 1);
                    }
                    Some((_, true)) if !last => again.push(entry),
                    Some((reason, _)) => posted.refused.push((entry, reason)),
                }
            }
            if again.is_empty() {
                break;
            }
            entries = again;
            tokio::time::sleep(pause(attempt)).await;
        }
        posted
    }

    async fn ask(&self, body: String, sent: usize) -> Answer {
        let mut request = self
            .client
            .post(&self.url)
            .header("content-type", "application/json");
        let token = self
            .token
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let answer = async {
            let answer = request.body(body).send().await?;
            let status = answer.status().as_u16();
            Ok::<_, reqwest::Error>((status, answer.bytes().await?))
        };
        match answer.await {
            Ok((status, body)) => understand(status, &body, sent),
            Err(error) => Answer::All {
                reason: causes(&error),
                passing: !error.is_builder(),
            },
        }
    }

    /// Reads the token's file again; whether there is another token in it.
    fn renew(&self) -> bool {
        let fresh = self.token_file.as_deref().and_then(|path| read(path).ok());
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if fresh.is_none() || *token == fresh {
            return false;
        }
        *token = fresh;
        true
    }
}

fn read(path: &std::path::Path) -> Result<String> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the token from {}", path.display()))?;
    Ok(text.trim().to_owned())
}

/// What an answer of `PutEvents` says, or what came in its place.
fn understand(status: u16, body: &[u8], sent: usize) -> Answer {
    let read: Value = serde_json::from_slice(body).unwrap_or_default();
    if let Some(entries) = read.get("Entries").and_then(Value::as_array)
        && entries.len() == sent
    {
        return Answer::Entries(entries.iter().map(entry).collect());
    }
    let text = |name: &str| read.get(name).and_then(Value::as_str);
    let message = text("message").or_else(|| text("Message"));
    let kind = text("__type").map(|kind| kind.rsplit('#').next().unwrap_or(kind));
    let told = match (kind, message) {
        (Some(kind), Some(message)) => format!("{kind}: {message}"),
        (Some(kind), None) => kind.to_owned(),
        // Our own template says why the bus did not take it.
        (None, Some(message)) => match text("reason").filter(|reason| !reason.is_empty()) {
            Some(reason) => format!("{message}: {reason}"),
            None => message.to_owned(),
        },
        (None, None) if body.is_empty() => "no text".to_owned(),
        (None, None) => String::from_utf8_lossy(body).chars().take(200).collect(),
    };
    let reason = format!("{status} {told}");
    if status == 401 {
        return Answer::Token(reason);
    }
    Answer::All {
        reason,
        passing: status == 429 || status == 408 || status >= 500,
    }
}

fn entry(entry: &Value) -> Option<(String, bool)> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let code = text("ErrorCode")?;
    let message = text("ErrorMessage").unwrap_or_default();
    let passing = matches!(code, "InternalFailure" | "ThrottlingException");
    Some((format!("{code}: {message}"), passing))
}

/// Half a second, doubled with each attempt, by chance shorter.
fn pause(attempt: usize) -> Duration {
    let doubled = u32::try_from(attempt.saturating_sub(1)).unwrap_or(8).min(8);
    let longest = (Duration::from_millis(500) * 2_u32.pow(doubled)).min(LONGEST_PAUSE);
    longest.mul_f64(rand::rng().random_range(0.5..1.0))
}

/// An error with all that is behind it.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16, body: &str, sent: usize) -> String {
        match understand(status, body.as_bytes(), sent) {
            Answer::Entries(entries) => format!("{entries:?}"),
            Answer::All { reason, passing } => format!("all, {reason}, passing: {passing}"),
            Answer::Token(reason) => format!("token, {reason}"),
        }
    }

    #[test]
    fn an_answer_is_told_apart_from_what_looks_like_one() {
        let partial = r#"{"FailedEntryCount":1,"Entries":[{"EventId":"a"},{"ErrorCode":"MalformedDetail","ErrorMessage":"Detail is malformed."}]}"#;
        insta::assert_snapshot!(told(207, partial, 2), @r#"[None, Some(("MalformedDetail: Detail is malformed.", false))]"#);
        // An answer about other entries than were sent says nothing of these.
        assert!(told(200, partial, 3).starts_with("all, 200"));
        insta::assert_snapshot!(told(401, r#"{"message":"Unauthorized"}"#, 1), @"token, 401 Unauthorized");
        // What the AWS sample answers to an apostrophe: 200, and an error.
        insta::assert_snapshot!(told(200, r#"{"__type":"com.amazon.coral.service#SerializationException"}"#, 1), @"all, 200 SerializationException, passing: false");
        insta::assert_snapshot!(told(504, "", 1), @"all, 504 no text, passing: true");
    }
}
