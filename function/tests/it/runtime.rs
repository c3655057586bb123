use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hydrant_delivery::{Function, Ids, InvokeError, RuntimeApi, SystemClock};
use hydrant_function::{FunctionError, Handler, Invocation, SettingError};

/// Set in the process that is the function; this same test binary is it.
const SETTING: &str = "FUNCTION_UNDER_TEST";

/// Does what the event says.
struct Obedient {
    answered: u32,
}

impl Handler for Obedient {
    async fn answer(
        &mut self,
        invocation: &Invocation<'_>,
        event: &Bytes,
        out: &mut Vec<u8>,
    ) -> Result<(), FunctionError> {
        match &event[..] {
            b"\"panic\"" => panic!("as the event says"),
            b"\"fail\"" => return Err(FunctionError::new("Test.Failed", "as the event says")),
            #[expect(
                clippy::disallowed_methods,
                reason = "the event asks for a function that hangs"
            )]
            b"\"hang\"" => tokio::time::sleep(Duration::from_mins(1)).await,
            _ => {}
        }
        self.answered += 1;
        let deadline = invocation.deadline.as_secs();
        out.clear();
        out.extend_from_slice(format!("[{},{}]", self.answered, deadline > 0).as_bytes());
        Ok(())
    }
}

#[test]
fn the_function_itself() {
    if std::env::var_os(SETTING).is_none() {
        return;
    }
    let ended = hydrant_function::run("this test", |environment| {
        let answered = environment.parse(SETTING, str::parse)?;
        answered
            .map(|answered| Obedient { answered })
            .ok_or_else(|| SettingError {
                variable: SETTING,
                value: String::new(),
                reason: "it has to be set".to_owned(),
            })
    });
    assert_eq!(
        format!("{ended:?}"),
        format!("{:?}", std::process::ExitCode::SUCCESS)
    );
}

fn start(setting: &str, timeout: Duration) -> (RuntimeApi, Arc<Mutex<String>>) {
    let said = Arc::<Mutex<String>>::default();
    let mut function = Function::new("obedient", std::env::current_exe().unwrap());
    let arguments = ["--exact", "runtime::the_function_itself", "--nocapture"];
    function.arguments = arguments.map(Into::into).to_vec();
    function.timeout = timeout;
    function = function.with_variable(SETTING, setting);
    let log = Arc::clone(&said);
    function.output = Arc::new(move |line| log.lock().unwrap().push_str(line));
    let api = RuntimeApi::new(function, Arc::new(SystemClock), Ids::from_seed(1));
    (api, said)
}

async fn call(api: &RuntimeApi, event: &'static str) -> Result<String, InvokeError> {
    let answer = api.call(Bytes::from_static(event.as_bytes())).await?;
    Ok(String::from_utf8(answer.to_vec()).unwrap())
}

#[tokio::test]
async fn a_function_answers_event_after_event_and_knows_its_deadline() {
    let (api, _) = start("0", Duration::from_secs(20));
    for answer in ["[1,true]", "[2,true]", "[3,true]"] {
        assert_eq!(call(&api, "{}").await.unwrap(), answer);
    }
}

#[tokio::test]
async fn a_panic_and_an_error_fail_their_event_alone_and_the_process_goes_on() {
    let (api, said) = start("0", Duration::from_secs(20));
    assert_eq!(call(&api, "{}").await.unwrap(), "[1,true]");
    let panicked = call(&api, "\"panic\"").await.unwrap_err().to_string();
    assert!(panicked.contains("Hydrant.Panic"), "{panicked}");
    let failed = call(&api, "\"fail\"").await.unwrap_err().to_string();
    assert!(
        failed.contains("Test.Failed: as the event says"),
        "{failed}"
    );
    // The same process: it has not forgotten how many it answered.
    assert_eq!(call(&api, "{}").await.unwrap(), "[2,true]");
    let said = said.lock().unwrap().clone();
    assert!(said.contains("as the event says"), "{said}");
}

#[tokio::test]
async fn an_event_that_takes_too_long_is_given_up_and_the_next_one_gets_a_new_process() {
    let (api, _) = start("7", Duration::from_secs(1));
    assert_eq!(call(&api, "{}").await.unwrap(), "[8,true]");
    assert_eq!(call(&api, "\"hang\"").await, Err(InvokeError::TimedOut));
    assert_eq!(call(&api, "{}").await.unwrap(), "[8,true]");
}

#[tokio::test]
async fn a_setting_that_is_wrong_is_told_before_the_first_event() {
    let (api, _) = start("many", Duration::from_secs(20));
    let error = call(&api, "{}").await.unwrap_err().to_string();
    let wanted =
        "Hydrant.Settings: the environment variable FUNCTION_UNDER_TEST is \"many\": invalid digit";
    assert!(error.contains(wanted), "{error}");
}
