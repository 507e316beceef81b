//! Whether this machine has time for a play: how late a clock ticks, how much others wait for the
//! CPU, and who takes it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;
use tokio::time::sleep;

/// How often the clock ticks.
const TICK: Duration = Duration::from_millis(100);
/// A tick that is later than this is remembered: nobody looked for so long.
const LATE: Duration = Duration::from_secs(1);
/// How many ticks lie between two looks at who takes the CPU time.
const LOOK: u32 = 20;
/// Looks that tell something: six seconds.
const ENOUGH: i32 = 3;
/// What is remembered at most, of either kind.
const KEPT: usize = 1000;
/// How long processes are watched.
const WATCHED: Duration = Duration::from_secs(1);
/// A process that takes less of a core is not worth closing.
const WORTH: f64 = 0.2;

/// A clock that remembers when it was late, and how much CPU time others took meanwhile. It ends
/// when it is dropped.
pub struct Ticks {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    /// By how much it was late, and when.
    late: VecDeque<(Instant, Duration)>,
    /// The share of all cores that others took since the look before.
    others: VecDeque<(Instant, f64)>,
}

impl Ticks {
    /// Ticks from now on.
    pub fn start() -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let remembered = seen.clone();
        let task = tokio::spawn(async move {
            let mut before = None;
            for tick in 0_u32.. {
                let began = Instant::now();
                sleep(TICK).await;
                let late = began.elapsed().saturating_sub(TICK);
                let mut share = None;
                if tick % LOOK == 0
                    && let Ok(now) = tokio::task::spawn_blocking(Cpu::now).await
                {
                    share = before.as_ref().map(|before| now.since(before).share);
                    before = Some(now);
                }
                let mut seen = lock(&remembered);
                if late > LATE {
                    keep(&mut seen.late, late);
                }
                share.into_iter().for_each(|share| keep(&mut seen.others, share));
            }
        });
        Self { seen, task }
    }

    /// By how much it was late at worst since then.
    pub fn worst_since(&self, since: Instant) -> Option<Duration> {
        let seen = lock(&self.seen);
        seen.late.iter().filter(|(at, _)| *at >= since).map(|(_, by)| *by).max()
    }

    /// The share of all cores that others took since then, on average; none if that was too short
    /// to tell.
    pub fn others_since(&self, since: Instant) -> Option<f64> {
        let seen = lock(&self.seen);
        let shares = seen.others.iter().filter(|(at, _)| *at >= since).map(|(_, share)| *share);
        let (sum, count) = shares.fold((0.0, 0), |(sum, count), share| (sum + share, count + 1));
        (count >= ENOUGH).then(|| sum / f64::from(count))
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Remembers what is so now; the oldest goes first.
fn keep<T>(all: &mut VecDeque<(Instant, T)>, what: T) {
    if all.len() == KEPT {
        all.pop_front();
    }
    all.push_back((Instant::now(), what));
}

impl Drop for Ticks {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// For what share of the last ten seconds, in percent, something waited for the CPU; none on a
/// kernel that does not tell.
pub fn cpu_pressure() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/pressure/cpu").ok()?;
    pressure(&text)
}

fn pressure(text: &str) -> Option<f64> {
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split(' ').find_map(|pair| pair.strip_prefix("avg10="))?.parse().ok()
}

/// Who takes the CPU time.
#[derive(Debug)]
struct Others {
    /// The share of all cores that others than this process and its children take: 0 to 1.
    share: f64,
    /// Those of them that take most: `rustc (4711)`.
    busiest: Vec<String>,
}

/// The processes that take most CPU time, other than this one and its children: `rustc (4711)`.
pub async fn busiest() -> Vec<String> {
    let before = Cpu::now();
    sleep(WATCHED).await;
    Cpu::now().since(&before).busiest
}

/// What every process has taken so far.
struct Cpu {
    at: Instant,
    processes: BTreeMap<u32, Process>,
    cores: Option<(u64, u64)>,
}

impl Cpu {
    fn now() -> Self {
        Self { at: Instant::now(), processes: processes(), cores: all_cores() }
    }

    fn since(&self, before: &Self) -> Others {
        let mine = std::process::id();
        let seconds = (self.at - before.at).as_secs_f64().max(0.01);
        let mut busy: Vec<(f64, String)> = Vec::new();
        let mut ours = 0;
        for (pid, process) in &self.processes {
            let spent = before.processes.get(pid);
            let spent = spent.and_then(|before| process.ticks.checked_sub(before.ticks));
            let spent = spent.unwrap_or(0);
            if descends(*pid, mine, &self.processes) {
                ours += spent;
                continue;
            }
            // The kernel counts in hundredths of a second.
            let share = spent as f64 / 100.0 / seconds;
            if share >= WORTH {
                busy.push((share, format!("{} ({pid})", process.name)));
            }
        }
        busy.sort_by(|one, other| other.0.total_cmp(&one.0));
        let share = match (before.cores, self.cores) {
            (Some(before), Some(after)) if after.1 > before.1 => {
                let taken = after.0.saturating_sub(before.0).saturating_sub(ours);
                taken as f64 / (after.1 - before.1) as f64
            }
            _ => 0.0,
        };
        Others { share, busiest: busy.into_iter().take(3).map(|(_, name)| name).collect() }
    }
}

/// Ticks of all cores since the start of the machine: those that were used, and all.
fn all_cores() -> Option<(u64, u64)> {
    cores(&std::fs::read_to_string("/proc/stat").ok()?)
}

/// The first line of proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal.
fn cores(stat: &str) -> Option<(u64, u64)> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> =
        line.split_whitespace().take(8).map_while(|word| word.parse().ok()).collect();
    let all: u64 = ticks.iter().sum();
    let idle = ticks.get(3)? + ticks.get(4)?;
    Some((all - idle, all))
}

struct Process {
    name: String,
    parent: u32,
    ticks: u64,
}

fn processes() -> BTreeMap<u32, Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid: u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some((pid, process(&stat)?))
    })
    .collect()
}

/// A line of proc_pid_stat(5). A name may hold blanks and parentheses.
fn process(stat: &str) -> Option<Process> {
    let (head, rest) = stat.rsplit_once(')')?;
    let name = head.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Process {
        name,
        parent: u32::try_from(number(1)?).ok()?,
        ticks: number(11)? + number(12)?,
    })
}

fn descends(pid: u32, from: u32, all: &BTreeMap<u32, Process>) -> bool {
    let mut at = pid;
    for _ in 0..64 {
        if at == from {
            return true;
        }
        match all.get(&at) {
            Some(process) if process.parent != at => at = process.parent,
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_words_are_understood() {
        let text =
            "some avg10=12.34 avg60=1.00 avg300=0.10 total=1\nfull avg10=0.00 avg60=0 total=0\n";
        assert_eq!(pressure(text), Some(12.34));
        assert_eq!(cores("cpu  10 5 20 100 30 1 2 3 0 0\ncpu0 1\n"), Some((41, 171)));
        let stat = "7 (a) b) (c)) S 3 7 7 0 -1 0 0 0 0 0 11 22 0 0 20 0 1 0 5 0 0";
        let read = process(stat).unwrap();
        assert_eq!((read.name.as_str(), read.parent, read.ticks), ("a) b) (c)", 3, 33));
        assert!(descends(std::process::id(), 1, &processes()) || std::process::id() == 1);
    }

    #[tokio::test]
    async fn a_short_look_at_what_others_take_tells_nothing_and_an_early_one_does_not_count() {
        let ticks = Ticks::start();
        keep(&mut lock(&ticks.seen).others, 0.1);
        sleep(Duration::from_millis(2)).await;
        let since = Instant::now();
        keep(&mut lock(&ticks.seen).others, 0.7);
        keep(&mut lock(&ticks.seen).others, 0.8);
        assert_eq!(ticks.others_since(since), None);
        keep(&mut lock(&ticks.seen).others, 0.9);
        let share = ticks.others_since(since).unwrap();
        assert!((share - 0.8).abs() < 1e-9, "{share}");
    }

    #[tokio::test]
    async fn a_clock_that_was_held_up_remembers_it() {
        let ticks = Ticks::start();
        let since = Instant::now();
        tokio::task::yield_now().await;
        assert_eq!(ticks.worst_since(since), None);
        std::thread::park_timeout(TICK + LATE + TICK); // in its own thread, so that it cannot tick
        let remembered = async {
            while ticks.worst_since(since).is_none() {
                sleep(TICK).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), remembered).await.unwrap();
    }
}
