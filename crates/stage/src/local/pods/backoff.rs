//! How long a container that keeps ending waits before it is started again: as kubelet does it, at
//! once the first time, then 10 s doubling to 5 min, forgotten after 10 quiet minutes. The same for
//! an image that cannot be pulled, without the first time. The stage clock divides all of that.

use std::time::{Duration, Instant};

use slo::Clock;

/// The back-off of one container.
#[derive(Debug, Clone)]
pub(super) struct BackOff {
    base: Duration,
    cap: Duration,
    forget: Duration,
    next: Duration,
}

impl BackOff {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            base: clock.scale(Duration::from_secs(10)),
            cap: clock.scale(Duration::from_secs(300)),
            forget: clock.scale(Duration::from_secs(600)),
            next: Duration::ZERO,
        }
    }

    /// The wait before the next start of a container that started at `started` and ended at `now`.
    pub(super) fn after_exit(&mut self, started: Instant, now: Instant) -> Duration {
        if now.duration_since(started) >= self.forget {
            self.next = Duration::ZERO;
        }
        let wait = self.next;
        self.next = (self.next * 2).clamp(self.base, self.cap);
        wait
    }

    /// The wait before the next pull of an image: never none.
    pub(super) fn after_failed_pull(&mut self) -> Duration {
        let wait = self.next.max(self.base);
        self.next = (wait * 2).min(self.cap);
        wait
    }

    /// Starts over: the end was not the container's own doing.
    pub(super) fn reset(&mut self) {
        self.next = Duration::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_kubelets_and_sixty_times_shorter_on_the_stage_clock() {
        let now = Instant::now();
        let waits = |clock| {
            let mut back_off = BackOff::new(clock);
            (0..8).map(|_| back_off.after_exit(now, now).as_millis()).collect::<Vec<_>>()
        };
        assert_eq!(
            waits(Clock::Real),
            [0, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]
        );
        assert_eq!(waits(Clock::Stage), [0, 166, 333, 666, 1_333, 2_666, 5_000, 5_000]);
    }

    #[test]
    fn a_pull_that_fails_waits_from_the_first_time_on() {
        let mut back_off = BackOff::new(Clock::Real);
        let waits: Vec<u64> = (0..7).map(|_| back_off.after_failed_pull().as_secs()).collect();
        assert_eq!(waits, [10, 20, 40, 80, 160, 300, 300]);
        back_off.reset();
        assert_eq!(back_off.after_failed_pull(), Duration::from_secs(10));
    }

    #[test]
    fn ten_quiet_minutes_are_forgiven() {
        let start = Instant::now();
        let mut back_off = BackOff::new(Clock::Real);
        back_off.after_exit(start, start);
        assert_eq!(
            back_off.after_exit(start, start + Duration::from_secs(599)),
            Duration::from_secs(10)
        );
        assert_eq!(back_off.after_exit(start, start + Duration::from_secs(600)), Duration::ZERO);
    }
}
