//! How long queries take: each one's median, and the percentiles of those over all queries.

use std::time::{Duration, Instant};

/// The median time of each query.
pub struct Latencies<'q> {
    /// The slowest first.
    slowest_first: Vec<(Duration, &'q str)>,
}

impl<'q> Latencies<'q> {
    /// Runs all queries so many times, one after the other on this thread. They take turns, so that
    /// what disturbs the machine for a while disturbs no query's median.
    pub fn measure(queries: &[&'q str], repetitions: usize, mut run: impl FnMut(&str)) -> Self {
        let mut times = vec![Vec::with_capacity(repetitions); queries.len()];
        for _ in 0..repetitions {
            for (query, times) in queries.iter().zip(&mut times) {
                let started = Instant::now();
                run(query);
                times.push(started.elapsed());
            }
        }
        let medians = times.into_iter().map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2]
        });
        let mut slowest_first: Vec<_> = medians.zip(queries.iter().copied()).collect();
        slowest_first.sort_unstable_by(|a, b| b.cmp(a));
        Self { slowest_first }
    }

    /// Those of some of the queries.
    pub fn only(&self, is_wanted: impl Fn(&str) -> bool) -> Self {
        let wanted = self.slowest_first.iter().filter(|(_, query)| is_wanted(query));
        Self { slowest_first: wanted.copied().collect() }
    }

    /// The heading of [`Self::row`]s.
    pub fn heading() -> &'static str {
        "| what                               | queries |          p50 |          p90 |          p99 |          max |\n\
         |------------------------------------|--------:|-------------:|-------------:|-------------:|-------------:|"
    }

    /// A row of a table: the number of queries, p50, p90, p99, the slowest.
    pub fn row(&self, what: &str) -> String {
        let [p50, p90, p99, max] = [50, 90, 99, 100].map(|it| millis(self.percentile(it)));
        let queries = self.slowest_first.len();
        format!("| {what:<34} | {queries:>7} | {p50:>12} | {p90:>12} | {p99:>12} | {max:>12} |")
    }

    /// The slowest queries with their times.
    pub fn slowest(&self, count: usize) -> impl Iterator<Item = (&'q str, String)> {
        let slowest = self.slowest_first.iter().take(count);
        slowest.map(|(time, query)| (*query, millis(*time)))
    }

    /// The smallest time that so many percent of the queries do not exceed.
    fn percentile(&self, percent: usize) -> Duration {
        let queries = self.slowest_first.len();
        let within = (queries * percent).div_ceil(100).max(1);
        self.slowest_first[queries - within].0
    }
}

fn millis(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_the_time_that_so_many_queries_keep_to() {
        let slowest_first = (1..=200).rev().map(|it| (Duration::from_micros(it), "")).collect();
        let latencies = Latencies { slowest_first };
        let micros = |percent| latencies.percentile(percent).as_micros();
        assert_eq!([50, 90, 99, 100].map(micros), [100, 180, 198, 200]);
    }
}
