//! Measures a worker that does not see the router's disk, over TLS on this machine, beside workers that do:
//!
//!     cargo run --release -p nova-benches --bin remote -- TREE
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use nova_benches::memory::peak_resident_bytes;
use nova_benches::nova;
use nova_tests::wire::{Conditions, Loss, Wire};

/// Runs of each kind, by turns; the best of each counts.
const RUNS: usize = 5;
/// Edits that are measured one by one.
const EDITS: usize = 100;
/// A wire to another town.
const SLOW: Conditions = Conditions {
    latency: Duration::from_millis(20),
    bytes_per_second: Some(SLOW_BYTES_PER_SECOND),
    loss: Loss { per_mille: 0, seed: 0 },
};
const SLOW_BYTES_PER_SECOND: u64 = 100_000_000 / 8;

fn main() -> anyhow::Result<()> {
    let tree = std::env::args_os().nth(1).context("name a folder of Java sources")?;
    let bench = Bench::new(PathBuf::from(tree))?;
    println!("| what | result |\n|---|---|");
    bench.measure_runs()?;
    bench.measure_slow_wire()?;
    bench.measure_edits()
}

struct Bench {
    nova: PathBuf,
    tree: PathBuf,
    scratch: tempfile::TempDir,
    port: u16,
}

/// Ended when it is dropped.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        // It has ended already if all went well.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Bench {
    fn new(tree: PathBuf) -> anyhow::Result<Self> {
        let scratch = tempfile::tempdir()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let bench = Self { nova: nova::build()?, tree: tree.canonicalize()?, scratch, port };
        let trust = bench.path("trust");
        let cert = |arguments: &[&str]| -> anyhow::Result<()> {
            let mut command = Command::new(&bench.nova);
            command.arg("cert").args(arguments).arg("--trust-dir").arg(&trust);
            let output = command.current_dir(bench.scratch.path()).output()?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Ok(())
        };
        cert(&["init", "--name", "localhost"])?;
        cert(&["worker", "big"])?;
        Ok(bench)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// `nova COMMAND` at the tree, with workers of its own or taking in one.
    fn router(&self, command: &[&str], cache: &str, is_remote: bool) -> Command {
        let mut router = Command::new(&self.nova);
        router.args(command).arg("--cache-dir").arg(self.path(cache)).arg(&self.tree);
        if is_remote {
            router.args([
                "--workers",
                "0",
                "--listen",
                &format!("tcp+tls:localhost:{}", self.port),
            ]);
            router.arg("--trust-dir").arg(self.path("trust"));
        }
        router.stdout(Stdio::null()).stderr(Stdio::null());
        router
    }

    /// Starts a worker as soon as there is a router.
    fn worker(&self, port: u16) -> anyhow::Result<Ending> {
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let mut worker = Command::new(&self.nova);
        worker.args(["worker", "--connect", &format!("tcp+tls:localhost:{port}")]);
        worker.arg("--tls-ca-cert").arg(self.path("big/ca.pem"));
        worker.arg("--tls-client-cert").arg(self.path("big/big.pem"));
        worker.arg("--tls-client-key").arg(self.path("big/big-key.pem"));
        worker.arg("--cache-dir").arg(self.path("store"));
        Ok(Ending(worker.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?))
    }

    /// One `nova index` with a worker elsewhere at the other end of a wire.
    fn index_remotely(&self, wire: &Wire) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let mut router = Ending(self.router(&["index"], "remote", true).spawn()?);
        let _worker = self.worker(wire.port)?;
        ensure!(router.0.wait()?.success(), "nova index failed");
        Ok(started.elapsed())
    }

    fn index_locally(&self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        ensure!(self.router(&["index"], "local", false).status()?.success(), "nova index failed");
        Ok(started.elapsed())
    }

    fn measure_runs(&self) -> anyhow::Result<()> {
        let wire = Wire::new(self.port)?;
        let mut best = [Duration::MAX; 4];
        let mut bytes = [0; 2];
        for _ in 0..RUNS {
            for folder in ["local", "remote", "store"] {
                remove(&self.path(folder))?;
            }
            let mut note = |at: usize, time: Duration| best[at] = best[at].min(time);
            note(0, self.index_locally()?);
            let before = passed(&wire);
            note(1, self.index_remotely(&wire)?);
            bytes[0] = passed(&wire) - before;
            note(2, self.index_locally()?);
            // Nobody waits for a worker that is not needed.
            let before = passed(&wire);
            let started = Instant::now();
            ensure!(self.router(&["index"], "remote", true).status()?.success(), "it failed");
            note(3, started.elapsed());
            bytes[1] = passed(&wire) - before;
        }
        let [local, remote, local_again, remote_again] = best.map(|it| it.as_secs_f64() * 1e3);
        row("index, cold, workers on this disk", &format!("{local:.0} ms"));
        let ratio = remote / local;
        row("the same, one worker elsewhere", &format!("{remote:.0} ms = {ratio:.2} ×"));
        row("bytes on the wire", &megabytes(bytes[0]));
        row("once more, nothing changed, workers on this disk", &format!("{local_again:.0} ms"));
        let ratio = remote_again / local_again;
        row("the same, one worker elsewhere", &format!("{remote_again:.0} ms = {ratio:.2} ×"));
        row("bytes on the wire", &bytes[1].to_string());
        remove(&self.path("remote"))?;
        let mut router = self.router(&["index"], "remote", true);
        let _worker = std::thread::scope(|scope| {
            let worker = scope.spawn(|| self.worker(self.port));
            let peak = peak_resident_bytes(&mut router);
            row("the router's memory at its peak, texts in the store", &megabytes(peak?));
            worker.join().map_err(|_| anyhow::anyhow!("the worker was not started"))?
        })?;
        Ok(())
    }

    fn measure_slow_wire(&self) -> anyhow::Result<()> {
        for folder in ["remote", "store"] {
            remove(&self.path(folder))?;
        }
        let wire = Wire::with(self.port, SLOW)?;
        let started = Instant::now();
        let mut router = Ending(self.router(&["index"], "remote", true).spawn()?);
        let _worker = self.worker(wire.port)?;
        // While texts stream: between the first tenth and the last of all that passes.
        let mut seen = Vec::new();
        while router.0.try_wait()?.is_none() {
            seen.push((started.elapsed(), passed(&wire)));
            std::thread::sleep(Duration::from_millis(10));
        }
        let all = passed(&wire);
        let at = |part: u64| {
            seen.iter()
                .find(|it| it.1 >= all * part / 10)
                .copied()
                .unwrap_or((started.elapsed(), all))
        };
        let ((from, first), (to, last)) = (at(1), at(9));
        let rate = (last - first) as f64 / (to - from).as_secs_f64();
        let used = rate / SLOW_BYTES_PER_SECOND as f64 * 100.0;
        let seconds = started.elapsed().as_secs_f64();
        row("over 20 ms and 100 Mbit/s, cold", &format!("{seconds:.1} s, {}", megabytes(all)));
        row("of the bandwidth, while texts stream", &format!("{used:.0}%"));
        Ok(())
    }

    fn measure_edits(&self) -> anyhow::Result<()> {
        let tree = self.path("edited");
        std::fs::create_dir_all(tree.join("p"))?;
        let bench = Self {
            nova: self.nova.clone(),
            tree,
            scratch: tempfile::tempdir()?,
            port: TcpListener::bind("127.0.0.1:0")?.local_addr()?.port(),
        };
        for folder in ["trust", "big"] {
            copy(&self.path(folder), &bench.path(folder))?;
        }
        for is_remote in [false, true] {
            let mut router = Ending(bench.router(&["serve"], "cache", is_remote).spawn()?);
            let _worker = if is_remote { Some(bench.worker(bench.port)?) } else { None };
            let mut times = Vec::new();
            for edit in 0..EDITS {
                let text = format!("package p; class Edit{edit}q {{}}");
                std::fs::write(bench.tree.join("p/A.java"), text)?;
                let started = Instant::now();
                let mut search = Command::new(&bench.nova);
                search.args(["search", &format!("Edit{edit}q"), "--cache-dir"]);
                let output = search.arg(bench.path("cache")).arg(&bench.tree).output()?;
                ensure!(!output.stdout.is_empty(), "edit {edit} was not found");
                times.push(started.elapsed());
            }
            times.sort_unstable();
            let p50 = times[EDITS / 2].as_secs_f64() * 1e3;
            let place = if is_remote { "elsewhere" } else { "on this disk" };
            row(
                &format!("a write to the disk, then `nova search` as a process, worker {place}"),
                &format!("p50 {p50:.1} ms"),
            );
            let mut stop = Command::new(&bench.nova);
            stop.args(["serve", "--stop", "--cache-dir"]).arg(bench.path("cache"));
            stop.arg(&bench.tree).output()?;
            router.0.wait()?;
        }
        Ok(())
    }
}

/// Bytes that have passed, both ways.
fn passed(wire: &Wire) -> u64 {
    wire.bytes().iter().sum()
}

fn row(what: &str, result: &str) {
    println!("| {what} | {result} |");
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let status = Command::new("cp").arg("-r").arg(from).arg(to).status()?;
    ensure!(status.success(), "cannot copy {}", from.display());
    Ok(())
}
