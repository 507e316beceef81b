//! Whether the eyes are open: what Prometheus remembers is evidence only while it goes on looking.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use slo::Clock;
use stage::StageKind;

use super::Sources;
use crate::http::get;
use crate::machine;
use crate::prometheus::Series;

/// The longest wait for one answer about the eyes themselves.
const TIME_OUT: Duration = Duration::from_secs(2);
/// Most bytes of such an answer.
const LONGEST: usize = 8 << 20;
/// The stage clock looks every second. A pod that goes is looked for up to three seconds longer.
const STALE: f64 = 5.0;
/// The same on the real clock, which looks twice a minute.
const STALE_REAL: f64 = 120.0;
/// Fewer bytes than this on the disk, and nothing is written down any more.
const DISK: u64 = 4 << 20;
/// Of ten samples so many have to be taken of the target that is looked at most often, or the
/// machine has no time to look.
const ENOUGH: f64 = 7.0;

/// When others take this share of all cores, nothing that is slow is the fault of what is looked
/// at. With half of its cores taken, a play still holds.
const CROWDED: f64 = 0.7;

impl Sources {
    /// Whether any pod was scraped, successfully and lately.
    pub(super) async fn has_data(&self) -> bool {
        self.seen().await.is_none()
    }

    /// Why nobody can judge now, although Prometheus answers.
    pub(super) async fn blind(&self) -> Option<String> {
        if let Some(why) = self.full_disk() {
            return Some(why);
        }
        if let Some(why) = self.seen().await {
            return Some(why);
        }
        match self.unevaluated().await {
            Some(why) => Some(why),
            None => self.silent_alertmanager().await,
        }
    }

    /// Samples: there are some, and the newest of every target is not too old. `up` alone would say
    /// for minutes what was true once.
    async fn seen(&self) -> Option<String> {
        let up = self.up().await;
        let seen = self.prometheus.query(&format!("{up} == 1"), None).await;
        if seen.is_ok_and(|series| series.is_empty()) {
            return Some("no pod was scraped successfully".to_owned());
        }
        let ages = format!("time() - timestamp({up})");
        let ages = self.prometheus.query(&ages, None).await.ok()?;
        let oldest = ages.iter().max_by(|one, other| one.number().total_cmp(&other.number()))?;
        (oldest.number() > self.stale()).then(|| {
            let name = |series: &Series| {
                let label = |name| series.metric.get(name).cloned();
                label("pod").or_else(|| label("instance")).unwrap_or_else(|| "a target".to_owned())
            };
            format!("no sample of {} for {:.0} s", name(oldest), oldest.number())
        })
    }

    /// The series that say whether a target answers: on a cluster those of the stage's own pods, as
    /// others may be looked at twice a minute, or not at all.
    async fn up(&self) -> String {
        if self.stage.place().kind == StageKind::Local {
            return "up".to_owned();
        }
        let status = self.stage.status().await.unwrap_or_default();
        let own: BTreeSet<&str> = status.pods.iter().map(|pod| pod.namespace.as_str()).collect();
        format!("up{{namespace=~\"{}\"}}", Vec::from_iter(own).join("|"))
    }

    /// Rules: they were evaluated lately, as often as they want to be.
    async fn unevaluated(&self) -> Option<String> {
        let url = format!("{}/api/v1/rules", self.stage.place().prometheus.as_ref()?);
        let text = get(&url, TIME_OUT, LONGEST).await.ok()?;
        let body: serde_json::Value = serde_json::from_slice(&text).ok()?;
        let groups = body["data"]["groups"].as_array()?;
        let now = jiff::Timestamp::now();
        let ages = groups.iter().filter_map(|group| {
            let at: jiff::Timestamp = group["lastEvaluation"].as_str()?.parse().ok()?;
            let pause = 3.0 * group["interval"].as_f64().unwrap_or_default();
            Some(now.duration_since(at).as_secs_f64() - pause.max(self.stale()))
        });
        ages.fold(f64::NEG_INFINITY, f64::max)
            .gt(&0.0)
            .then(|| "Prometheus does not evaluate its rules any more".to_owned())
    }

    /// Alertmanager answers.
    async fn silent_alertmanager(&self) -> Option<String> {
        let url = format!("{}/-/healthy", self.stage.place().alertmanager.as_ref()?);
        let why = get(&url, TIME_OUT, LONGEST).await.err()?;
        Some(format!("Alertmanager does not answer: {why:#}"))
    }

    /// What could not be delivered since the play began, if there is such: then nobody knows what
    /// would have been sent.
    pub(super) async fn undelivered(&self) -> Option<String> {
        let now = self.lost().await;
        let since = now.into_iter().zip(self.lost_before);
        let ways = ["from Prometheus to Alertmanager", "from Alertmanager to its receivers"];
        let mut lost = ways.into_iter().zip(since).filter(|(_, (now, before))| now > before);
        let (way, (now, before)) = lost.next()?;
        Some(format!("{:.0} notifications got lost {way}", now - before))
    }

    /// How many notifications got lost so far, on each part of their way. Elsewhere than on this
    /// machine, others may have lost some before.
    pub(crate) async fn lost(&self) -> [f64; 2] {
        let place = self.stage.place();
        let count = async |server: &Option<String>, counters: &[&str]| {
            let Some(server) = server else {
                return 0.0;
            };
            let text = get(&format!("{server}/metrics"), TIME_OUT, LONGEST).await;
            let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
            counters.iter().map(|counter| sum(&text, counter)).sum()
        };
        let by_prometheus =
            ["prometheus_notifications_errors_total", "prometheus_notifications_dropped_total"];
        let by_alertmanager = ["alertmanager_notifications_failed_total"];
        [
            count(&place.prometheus, &by_prometheus).await,
            count(&place.alertmanager, &by_alertmanager).await,
        ]
    }

    fn full_disk(&self) -> Option<String> {
        let left = rustix::fs::statvfs(&self.state_dir).ok()?;
        let bytes = left.f_bavail.saturating_mul(left.f_frsize);
        (bytes < DISK).then(|| {
            format!(
                "the disk of {} is full ({} kB left), so nothing is measured; free some",
                self.state_dir.display(),
                bytes / 1000
            )
        })
    }

    /// Why what did not happen since then may not be held against anybody: the machine had no time.
    pub(super) async fn starved(&self, since: Instant) -> Option<String> {
        let others = self.ticks.others_since(since).filter(|share| *share >= CROWDED);
        let what = if let Some(late) = self.ticks.worst_since(since) {
            format!("a clock was late by {:.1} s", late.as_secs_f64())
        } else if let Some(taken) = self.too_few_samples().await {
            format!("{taken:.0} of 10 samples were taken in 10 s")
        } else if let Some(share) = others {
            format!("others take {:.0} % of its CPU time", share * 100.0)
        } else {
            return None;
        };
        let pressure = machine::cpu_pressure();
        let pressure =
            pressure.map_or_else(String::new, |share| format!(", CPU pressure {share:.0} %"));
        let busiest = machine::busiest().await;
        let close = match busiest.is_empty() {
            true => "give it more cores".to_owned(),
            false => format!("close {}", busiest.join(", ")),
        };
        Some(format!(
            "the machine has no time for this ({what}{pressure}): {close}, and play again"
        ))
    }

    /// How many samples were taken in ten seconds, if that was too few. Only the stage clock is in
    /// such a hurry.
    async fn too_few_samples(&self) -> Option<f64> {
        if self.stage.place().clock != Clock::Stage {
            return None;
        }
        let up = self.up().await;
        let taken = format!("max(count_over_time({up}[10s]) and {up} offset 12s)");
        let taken = self.prometheus.query(&taken, None).await.ok()?.first()?.number();
        (taken < ENOUGH).then_some(taken)
    }

    fn stale(&self) -> f64 {
        match self.stage.place().clock {
            Clock::Stage => STALE,
            Clock::Real => STALE_REAL,
        }
    }
}

/// The sum of a counter over its labels, in Prometheus' text format.
fn sum(text: &str, counter: &str) -> f64 {
    let values = text.lines().filter_map(|line| {
        let rest = line.strip_prefix(counter).filter(|rest| rest.starts_with(['{', ' ']))?;
        rest.rsplit_once(' ')?.1.parse::<f64>().ok()
    });
    values.sum()
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn a_counter_is_summed_over_its_labels_and_no_other() {
        let text = "# HELP a_total x\na_total{b=\"c d\"} 1\na_total{b=\"e\"} 2.5\na_total_more 7\na_total 1\n";
        assert!((sum(text, "a_total") - 4.5).abs() < 1e-9);
    }
}
