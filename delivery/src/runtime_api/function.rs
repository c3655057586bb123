use std::{ffi::OsString, fmt, num::NonZeroUsize, sync::Arc, time::Duration};

/// A program to run as a Lambda function, and how.
#[derive(Clone)]
pub struct Function {
    /// The function's name: `AWS_LAMBDA_FUNCTION_NAME`.
    pub name: String,
    /// The program, such as a `bootstrap` or an interpreter.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables to add to the environment that this process has.
    pub environment: Vec<(OsString, OsString)>,
    /// The longest that an event may take; Lambda's own default is 3 s.
    pub timeout: Duration,
    /// The longest that a process may take until it asks for its first event.
    pub init_timeout: Duration,
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`, in MB. It limits nothing here.
    pub memory_mb: u32,
    /// The most processes at once.
    pub concurrency: NonZeroUsize,
    /// Takes each line that the function writes; by default it goes to the log.
    pub output: Arc<dyn Fn(&str) + Send + Sync>,
}

impl Function {
    /// `program` with Lambda's defaults, one process at a time.
    pub fn new(name: impl Into<String>, program: impl Into<OsString>) -> Self {
        let name = name.into();
        Self {
            output: {
                let name = name.clone();
                Arc::new(move |line| tracing::info!(function = name, "{line}"))
            },
            name,
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            timeout: Duration::from_secs(3),
            init_timeout: Duration::from_secs(10),
            memory_mb: 128,
            concurrency: NonZeroUsize::MIN,
        }
    }

    /// The same with one more variable in its environment.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The ARN that the function is told to have been invoked by.
    pub(super) fn arn(&self) -> String {
        format!(
            "arn:aws:lambda:us-east-1:123456789012:function:{}",
            self.name
        )
    }
}

/// Without the environment, which may hold secrets.
impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("name", &self.name)
            .field("program", &self.program)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.program.display())
    }
}
