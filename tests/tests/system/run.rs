//! One run of a program: started, waited for within a bound, and judged.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::Value;

/// What takes longer hangs.
const RUN_TIMEOUT: Duration = Duration::from_secs(60);

/// A program that is about to run.
pub(crate) struct Run(Command);

/// A running program; killed if the test gives it up.
pub(crate) struct Running {
    child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

/// A program that ran.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code, or `None` if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn new(command: Command) -> Self {
        Self(command)
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    pub(crate) fn in_folder(mut self, folder: impl AsRef<Path>) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// Has the file take what goes to the standard output.
    pub(crate) fn stdout_to(mut self, file: std::fs::File) -> Self {
        self.0.stdout(file);
        self
    }

    /// Has the file take what goes to the standard error.
    pub(crate) fn stderr_to(mut self, file: std::fs::File) -> Self {
        self.0.stderr(file);
        self
    }

    /// Starts it, with the standard error being read.
    pub(crate) fn start(mut self) -> Running {
        let mut child = self.0.spawn().expect("the program can be started");
        let stderr = child.stderr.take().map(read_all);
        Running { child, stdout: None, stderr }
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(mut self) -> Ended {
        self.0.stdin(Stdio::null());
        self.start().end()
    }

    /// Runs it to its end, which must be a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Ended {
        self.run().code(0)
    }
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The standard output, for a test that reads it itself; before [`Self::end`].
    pub(crate) fn take_stdout(&mut self) -> ChildStdout {
        self.child.stdout.take().expect("it was piped and is taken once")
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_none()
    }

    /// Waits for the end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        self.stdout = self.child.stdout.take().map(read_all);
        let deadline = Instant::now() + RUN_TIMEOUT;
        let mut hangs = false;
        let code = wait_for("the program to end", 2 * RUN_TIMEOUT, || {
            if Instant::now() > deadline && !hangs {
                hangs = true;
                drop(self.child.kill());
            }
            self.child.try_wait().expect("a child can be waited for")
        });
        let take = |reader: Option<JoinHandle<Vec<u8>>>| {
            reader.map_or_else(Vec::new, |reader| reader.join().expect("reading does not panic"))
        };
        let ended = Ended {
            code: code.code(),
            stdout: take(self.stdout.take()),
            stderr: String::from_utf8_lossy(&take(self.stderr.take())).into_owned(),
        };
        assert!(!hangs, "no end after {RUN_TIMEOUT:?}; so far: {}\n{}", ended.text(), ended.stderr);
        ended
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already if the test went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Ended {
    /// Asserts the exit code.
    #[track_caller]
    pub(crate) fn code(self, expected: i32) -> Self {
        assert_eq!(self.code, Some(expected), "{}\n{}", self.text(), self.stderr);
        self
    }

    /// Asserts that the standard error speaks of all these.
    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in: {}", self.stderr);
        }
        self
    }

    /// Asserts that the standard error is empty.
    #[track_caller]
    pub(crate) fn says_nothing(self) -> Self {
        assert_eq!(self.stderr, "");
        self
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The one JSON object on the standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    /// The JSON objects on the standard output, one a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let parse =
            |line: &str| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        self.text().lines().map(parse).collect()
    }

    /// The names of the symbols on the standard output, in their order.
    #[track_caller]
    pub(crate) fn names(&self) -> Vec<String> {
        self.strings("name")
    }

    /// One field of all the objects on the standard output.
    #[track_caller]
    pub(crate) fn strings(&self, field: &str) -> Vec<String> {
        let text = |line: Value| line[field].as_str().expect("the field is a string").to_owned();
        self.json_lines().into_iter().map(text).collect()
    }
}

/// Looks again and again until there is an outcome.
#[track_caller]
pub(crate) fn wait_for<T>(
    what: &str,
    bound: Duration,
    mut outcome: impl FnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + bound;
    loop {
        if let Some(outcome) = outcome() {
            return outcome;
        }
        assert!(Instant::now() < deadline, "waited {bound:?} for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn read_all(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).expect("a pipe can be read");
        bytes
    })
}
