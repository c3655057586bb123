//! `hydrant demo --full`: the whole system once, from a client's token to the answer of a query, by the template that is
//! deployed. Each step is the command that somebody would type.

mod desk;

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use crate::{args::DemoArgs, output, text};
use desk::Desk;

const TEMPLATE: &str = include_str!("../../../../deploy/sam/template.yaml");
const FRONT: &str = include_str!("../../../../deploy/sam/front.yaml");

const CLIENT: &str = "shop-7";
const ACCOUNT: &str = "000000000000";

/// Events of a run: enough for every kind, few enough to wait for.
const MOST_EVENTS: u64 = 2000;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) async fn run(args: &DemoArgs, quiet: bool) -> Result<()> {
    let walk = Walk::begin(args, quiet)?;
    let desk = Desk::start().await?;
    walk.say(&format!(
        "A service desk stands in at {}. The pipeline, by the template that is deployed on AWS:\n",
        desk.url
    ));
    let up = walk.up(&desk.url)?;
    let url = up.url.clone();
    let done = walk.through(&url, &desk).await;
    up.stop();
    done?;
    walk.say(&format!(
        "\nEverything is in {}: the template, the lake, and what the buses keep.\nTry next:\n  \
         hydrant up -t template.yaml --secrets secrets.json --flush 1s   (there)\n  \
         hydrant demo\n",
        walk.folder.display()
    ));
    Ok(())
}

/// One run.
struct Walk {
    folder: PathBuf,
    events: u64,
    seed: u64,
    quiet: bool,
}

impl Walk {
    /// Writes the files that the commands name.
    fn begin(args: &DemoArgs, quiet: bool) -> Result<Self> {
        // The lake of the other demo is left alone.
        let folder = match args.dir.to_str() {
            Some("hydrant-demo") => PathBuf::from("hydrant-demo-full"),
            _ => args.dir.clone(),
        };
        if folder.exists() {
            // Nothing but an earlier run is there: it has the template's name.
            ensure!(
                folder.join("template.yaml").is_file() && folder.join("secrets.json").is_file(),
                "{} is not of an earlier demo; choose another --dir",
                folder.display()
            );
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let secrets = r#"{"service-desk":{"user":"agent/token","apiKey":"only-for-the-demo"}}"#;
        for (name, content) in [
            ("template.yaml", TEMPLATE),
            ("front.yaml", FRONT),
            ("secrets.json", secrets),
        ] {
            let path = folder.join(name);
            std::fs::write(&path, content)
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(Self {
            folder,
            events: args.events.clamp(10, MOST_EVENTS),
            seed: args.seed,
            quiet,
        })
    }

    fn say(&self, message: &str) {
        if !self.quiet {
            output::say(message);
        }
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let program = std::env::current_exe().context("where this program is")?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder);
        // What is configured for other pipelines does not concern this one.
        command.env("HYDRANT_CONFIG", "").env_remove("AWS_REGION");
        let shown = arguments.iter().map(|argument| shown(argument));
        self.say(&format!(
            "$ hydrant {}",
            shown.collect::<Vec<_>>().join(" ")
        ));
        Ok(command)
    }

    /// Runs a command to its end; what it prints.
    fn run(&self, arguments: &[&str]) -> Result<String> {
        let ran = self.command(arguments)?.stderr(Stdio::piped()).output()?;
        let said = String::from_utf8_lossy(&ran.stderr);
        ensure!(
            ran.status.success(),
            "`hydrant {}` failed: {}",
            arguments.first().unwrap_or(&""),
            said.trim()
        );
        let printed = String::from_utf8_lossy(&ran.stdout).into_owned();
        for line in said.lines() {
            self.say(&format!("  {line}"));
        }
        Ok(printed)
    }

    fn up(&self, desk: &str) -> Result<Up> {
        let url = format!("ServiceDeskUrl={desk}");
        let arguments = [
            "up",
            "-t",
            "template.yaml",
            "--parameter",
            &url,
            "--secrets",
            "secrets.json",
            "--flush",
            "1s",
            "--listen",
            "127.0.0.1:0",
        ];
        let mut child = self
            .command(&arguments)?
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(self.folder.join("up.log"))?)
            .spawn()
            .context("cannot start `hydrant up`")?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        let url = line.trim().to_owned();
        if url.is_empty() {
            child.wait().ok();
            let said = std::fs::read_to_string(self.folder.join("up.log")).unwrap_or_default();
            bail!("`hydrant up` did not start: {}", said.trim());
        }
        self.say(&format!("  {url}"));
        Ok(Up { child, url })
    }

    /// The steps of the walk.
    async fn through(&self, url: &str, desk: &Desk) -> Result<()> {
        self.say("\nA client proves who it is, and sends events:\n");
        let token = self.run(&["token", "--client", CLIENT])?;
        std::fs::write(self.folder.join("token"), token)?;
        let (events, seed) = (self.events.to_string(), self.seed.to_string());
        let api = format!("{url}/prod/event");
        self.run(&[
            "send",
            "--api",
            &api,
            "--token-file",
            "token",
            "--events",
            &events,
            "--seed",
            &seed,
            "--loyalty",
        ])?;
        let client = Client::new(url)?;
        client.flush().await?;

        self.say("\nThey are in the lake, each under the client's id:\n");
        let by_type = "select detail.clientId, detail.eventType, count(*) as events from events \
                       group by 1, 2 order by 3 desc";
        let answer = self.run(&["sql", "--lake", "lake", "-c", by_type])?;
        self.say(&answer);
        let loyal = "select count(*) as n from events where detail.eventType = 'loyaltypurchase'";
        let tickets = self.count(loyal)?;
        let got = desk.wait_for(tickets, PATIENCE).await?;
        self.say(&format!(
            "{} went to the service desk as a ticket. The first request:\n",
            text::plural(tickets, "loyalty purchase")
        ));
        self.say(&got);

        self.say("\nThe archive has them all. A replay of it into the stream:\n");
        self.say(&format!(
            "$ aws events start-replay --endpoint-url {url} --replay-name again …"
        ));
        client.replay().await?;
        client.flush().await?;
        let twice = "select count(*) as n from events";
        let once = "select count(distinct id) as n from events";
        let (rows, ids) = (self.count(twice)?, self.count(once)?);
        self.say(&format!(
            "  {} rows, {} ids: at least once, and `id` tells which are the same",
            text::count(rows),
            text::count(ids)
        ));
        ensure!(
            ids == self.events && rows == 2 * self.events,
            "{} events were accepted, {rows} rows are there with {ids} ids: this is a defect, please report it",
            self.events
        );
        Ok(())
    }

    fn count(&self, query: &str) -> Result<u64> {
        let answer = self.run(&["sql", "--lake", "lake", "--format", "json", "-c", query])?;
        let answer: Value = serde_json::from_str(&answer)?;
        answer[0]["n"].as_u64().context("a count is a number")
    }
}

/// An argument as a shell takes it.
fn shown(argument: &str) -> String {
    if argument.contains([' ', '\'', '(', '*']) {
        format!("\"{argument}\"")
    } else {
        argument.to_owned()
    }
}

/// `hydrant up`, for as long as this lives.
struct Up {
    child: Child,
    url: String,
}

impl Up {
    /// Everything is delivered by now; what is kept is on disk.
    fn stop(mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A client of the endpoint.
struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    fn new(url: &str) -> Result<Self> {
        Ok(Self {
            http: reqwest::Client::builder().timeout(PATIENCE).build()?,
            url: url.to_owned(),
        })
    }

    async fn flush(&self) -> Result<()> {
        let flush = format!("{}/_hydrant/flush", self.url);
        self.http.post(flush).send().await?.error_for_status()?;
        Ok(())
    }

    async fn events(&self, operation: &str, input: &Value) -> Result<Value> {
        let request = self.http.post(&self.url).body(input.to_string());
        let request = request.header("x-amz-target", format!("AWSEvents.{operation}"));
        let answer = request.send().await?;
        let (status, body) = (answer.status(), answer.bytes().await?);
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        ensure!(status.is_success(), "{operation}: {body}");
        Ok(body)
    }

    /// Replays the archive into the stream alone, and waits for the end.
    async fn replay(&self) -> Result<()> {
        let arn = |what: &str| format!("arn:aws:events:us-east-1:{ACCOUNT}:{what}");
        let input = json!({
            "ReplayName": "again",
            "EventSourceArn": arn("archive/client-events-archive"),
            "EventStartTime": 1,
            "EventEndTime": 4_000_000_000_u32,
            "Destination": {
                "Arn": arn("event-bus/client-events"),
                "FilterArns": [arn("rule/client-events/client-events-to-stream")],
            },
        });
        self.events("StartReplay", &input).await?;
        let asked = json!({"ReplayName": "again"});
        let done = async {
            loop {
                let replay = self.events("DescribeReplay", &asked).await?;
                match replay["State"].as_str() {
                    Some("COMPLETED") => return Ok(()),
                    Some("FAILED" | "CANCELLED") => bail!("the replay: {replay}"),
                    _ => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            }
        };
        tokio::time::timeout(PATIENCE, done)
            .await
            .context("the replay takes too long")?
    }
}
