//! Runs a target: on its corpus, then on changes of that, for as long as it is told.
//!
//! `NOVA_FUZZ_SECONDS` says how long, `NOVA_TEST_SEED` what is drawn, and `NOVA_FUZZ_INPUT` names a file that
//! is to be run instead of all that. An input fails its target if that panics, takes more memory than its
//! bound, or does not end. It is written to a file then.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use std::{env, fs, thread};

use allocation_counter::measure;

use crate::corpus;
use crate::random::Random;
use crate::trace::Trace;

/// Without `NOVA_FUZZ_SECONDS`.
const SECONDS_DEFAULT: u64 = 1;
/// An input that takes longer hangs its target, on however busy a machine.
const INPUT_TIMEOUT: Duration = Duration::from_secs(30);
/// Inputs that are kept to be changed further, beside the corpus.
const POOL_BYTES_MAX: usize = 64 << 20;

/// Something that reads what others wrote.
pub(crate) struct Target {
    /// Of the test that fuzzes it, and of the folder of its corpus.
    pub(crate) name: &'static str,
    /// What the corpus must hold at least: real encodings, each with a name.
    pub(crate) seeds: fn() -> Vec<(&'static str, Vec<u8>)>,
    /// Makes a new input of one of the pool's.
    pub(crate) mutate: fn(&mut Random, &[Vec<u8>], &mut Vec<u8>),
    /// Reads an input, and panics if something is wrong with what comes of it.
    pub(crate) run: fn(&[u8], &mut Trace),
    /// The most memory that it may take, on its own thread.
    pub(crate) memory: Memory,
}

/// A bound on memory: so much for each byte of the input, and so much beside that.
pub(crate) struct Memory {
    pub(crate) per_byte: u64,
    pub(crate) beside: u64,
}

/// What was run.
struct Report {
    inputs: u64,
    steps: usize,
    memory_bytes_max: u64,
}

/// An input that fails its target.
struct Failure {
    input: Vec<u8>,
    how: &'static str,
}

/// What is being run, since when.
type Current = Arc<Mutex<(Instant, Vec<u8>)>>;

#[expect(clippy::print_stdout, reason = "the seed and the figures are for people")]
pub(crate) fn fuzz(target: &'static Target) {
    if let Some(path) = env::var_os("NOVA_FUZZ_INPUT") {
        let input = fs::read(&path).expect("NOVA_FUZZ_INPUT names a file");
        run(target, &input, &mut Trace::default());
        return;
    }
    let seconds = number("NOVA_FUZZ_SECONDS").unwrap_or(SECONDS_DEFAULT);
    let seed = number("NOVA_TEST_SEED").unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64
    });
    let name = target.name;
    println!("{name}: NOVA_TEST_SEED={seed}");
    let corpus = corpus::inputs(name);
    match search(target, corpus, seed, Duration::from_secs(seconds), INPUT_TIMEOUT) {
        Ok(Report { inputs, steps, memory_bytes_max }) => println!(
            "{name}: {} inputs a second, {inputs} in all; {steps} different steps; {memory_bytes_max} bytes of \
             memory at most",
            inputs / seconds.max(1)
        ),
        Err(Failure { input, how }) => {
            let path = written(name, &input);
            let path = path.display();
            panic!(
                "{name} {how} at the input in {path}; to repeat it:\n\
                 NOVA_FUZZ_INPUT={path} cargo test --release -p nova-tests --test fuzz {name}\n\
                 once it is mended, the file belongs into tests/corpus/{name}"
            );
        }
    }
}

/// Runs a corpus and changes of it, on a thread of its own, until the time is over or an input fails.
fn search(
    target: &'static Target,
    corpus: Vec<Vec<u8>>,
    seed: u64,
    time: Duration,
    input_timeout: Duration,
) -> Result<Report, Failure> {
    let current: Current = Arc::new(Mutex::new((Instant::now(), Vec::new())));
    let (done, ended) = channel();
    let fuzzing = Arc::clone(&current);
    thread::spawn(move || {
        // After a time-out nobody waits.
        let _ = done.send(run_all(target, corpus, Random::new(seed), time, &fuzzing));
    });
    loop {
        let result = ended.recv_timeout(input_timeout.min(Duration::from_secs(1)));
        let current = current.lock().unwrap_or_else(PoisonError::into_inner);
        let how = match result {
            Ok(report) => return Ok(report),
            Err(RecvTimeoutError::Disconnected) => "fails",
            Err(RecvTimeoutError::Timeout) if current.0.elapsed() > input_timeout => "hangs",
            Err(RecvTimeoutError::Timeout) => continue,
        };
        return Err(Failure { input: current.1.clone(), how });
    }
}

/// Panics at an input that fails, which is `current` then.
fn run_all(
    target: &Target,
    mut corpus: Vec<Vec<u8>>,
    mut random: Random,
    time: Duration,
    current: &Current,
) -> Report {
    assert!(!corpus.is_empty(), "there is no corpus for {}", target.name);
    let start = Instant::now();
    let (mut pool, mut pool_bytes) = (Vec::new(), 0);
    let mut known = HashSet::<u64>::new();
    let mut report = Report { inputs: 0, steps: 0, memory_bytes_max: 0 };
    while !corpus.is_empty() || start.elapsed() < time {
        let given = corpus.pop();
        let is_given = given.is_some();
        let input = given.unwrap_or_else(|| {
            let mut input = random.one_of::<Vec<u8>>(&pool).clone();
            (target.mutate)(&mut random, &pool, &mut input);
            input
        });
        {
            let mut current = current.lock().unwrap_or_else(PoisonError::into_inner);
            current.0 = Instant::now();
            current.1.clone_from(&input);
        }
        let mut trace = Trace::default();
        let memory_bytes = run(target, &input, &mut trace);
        report.inputs += 1;
        report.memory_bytes_max = report.memory_bytes_max.max(memory_bytes);
        let before = known.len();
        known.extend(trace.steps());
        let is_new = known.len() > before;
        if is_given || (is_new && pool_bytes + input.len() <= POOL_BYTES_MAX) {
            pool_bytes += input.len();
            pool.push(input);
        }
    }
    report.steps = known.len();
    report
}

/// Runs one input, and answers the memory it took; panics if the target does, or if that is too much.
fn run(target: &Target, input: &[u8], trace: &mut Trace) -> u64 {
    let mut result = Ok(());
    // A panic must not leave the measurement half done.
    let memory = measure(|| {
        result = catch_unwind(AssertUnwindSafe(|| (target.run)(input, trace)));
    });
    if let Err(panic) = result {
        resume_unwind(panic);
    }
    let max = target.memory.beside + target.memory.per_byte * input.len() as u64;
    let (found, bytes) = (memory.bytes_max, input.len());
    assert!(found <= max, "{bytes} bytes of input took {found} bytes of memory, more than {max}");
    found
}

/// Writes an input that fails to a file.
fn written(target: &str, input: &[u8]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    let path = folder.join(format!("{target}-{}", corpus::name_of(input)));
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, input));
    written.expect("the target folder can be written to");
    path
}

fn number(variable: &str) -> Option<u64> {
    let value = env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is no number: {value}")))
}

#[test]
fn an_input_that_panics_hangs_or_takes_too_much_memory_is_found() {
    const BYTES: Target = Target {
        name: "bytes",
        seeds: Vec::new,
        mutate: crate::mutation::mutate,
        run: |_, _| {},
        memory: Memory { per_byte: 1, beside: 1 << 10 },
    };
    const PANICS: Target = Target {
        // One byte is found after the other, as each is a new step.
        run: |input, trace| match input {
            [b'a', b'b', b'c', ..] => panic!("as it should"),
            [b'a', next, ..] => trace.note(next),
            _ => {}
        },
        ..BYTES
    };
    const HANGS: Target = Target {
        run: |input, _| {
            while input.len() > 10 {
                thread::park();
            }
        },
        ..BYTES
    };
    const HOARDS: Target = Target {
        run: |input, _| {
            if input.contains(&b'h') {
                std::hint::black_box(vec![0_u8; 2 << 10]);
            }
        },
        ..BYTES
    };
    let found = |target, timeout| {
        let corpus = vec![b"axy".to_vec()];
        search(target, corpus, 1, Duration::from_secs(60), timeout).err().expect("it is found")
    };
    let Failure { input, how } = found(&PANICS, INPUT_TIMEOUT);
    assert!(how == "fails" && input.starts_with(b"abc"), "{how} {input:?}");
    let Failure { input, how } = found(&HANGS, Duration::from_millis(100));
    assert!(how == "hangs" && input.len() > 10, "{how} {input:?}");
    let Failure { input, how } = found(&HOARDS, INPUT_TIMEOUT);
    assert!(how == "fails" && input.contains(&b'h'), "{how} {input:?}");
}
