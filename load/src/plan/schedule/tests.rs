//! The mathematics of profiles, against their definition.

use proptest::prelude::*;

use super::*;

fn constant(rate: f64, seconds: f64) -> Schedule {
    Schedule::new(vec![Piece { seconds, from: rate, to: rate }])
}

fn pieces() -> impl Strategy<Value = Schedule> {
    let rate = || prop_oneof![Just(0.0), 0.0..500.0_f64];
    let piece =
        (0.01..5.0_f64, rate(), rate(), any::<bool>()).prop_map(|(seconds, from, to, flat)| {
            Piece { seconds, from, to: if flat { from } else { to } }
        });
    prop::collection::vec(piece, 1..6).prop_map(Schedule::new)
}

#[test]
fn two_hundred_a_second_for_ten_seconds_are_two_thousand_five_milliseconds_apart() {
    let due: Vec<_> = constant(200.0, 10.0).due_times(None).collect();
    assert_eq!(due.len(), 2000);
    for (n, due) in due.iter().enumerate() {
        let exact = n as f64 * 0.005;
        assert!((due.as_secs_f64() - exact).abs() < 1e-8, "{n}: {due:?}");
    }
}

#[test]
fn a_ramp_from_nothing_to_ten_in_two_seconds_has_ten_arrivals() {
    let ramp = Schedule::new(vec![Piece { seconds: 2.0, from: 0.0, to: 10.0 }]);
    let due: Vec<_> = ramp.due_times(None).map(|due| due.as_secs_f64()).collect();
    assert_eq!(due.len(), 10);
    // N(t) = 2.5 t², so arrival n is due at sqrt(n / 2.5).
    for (n, due) in due.into_iter().enumerate() {
        assert!((due - (n as f64 / 2.5).sqrt()).abs() < 1e-8);
    }
}

#[test]
fn a_rate_of_zero_has_no_arrivals() {
    assert_eq!(constant(0.0, 5.0).due_times(None).count(), 0);
    assert_eq!(constant(0.0, 5.0).due_times(Some(1)).count(), 0);
}

#[test]
fn poisson_arrivals_have_the_mean_and_the_variance_of_their_law() {
    // The number of arrivals in each second has mean = variance = rate.
    let seconds = 2000;
    let mut counts = vec![0.0_f64; seconds];
    for due in constant(50.0, seconds as f64).due_times(Some(42)) {
        counts[due.as_secs() as usize] += 1.0;
    }
    let mean = counts.iter().sum::<f64>() / seconds as f64;
    let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / seconds as f64;
    assert!((mean - 50.0).abs() < 1.0, "mean {mean}");
    assert!((variance - 50.0).abs() < 6.0, "variance {variance}");
}

#[test]
fn ten_million_arrivals_end_where_they_should() {
    let due = constant(100_000.0, 100.0).due_times(None);
    let (count, last) = due.fold((0_u64, Duration::ZERO), |(count, _), due| (count + 1, due));
    assert_eq!(count, 10_000_000);
    assert!((last.as_secs_f64() - 99.999_99).abs() < 1e-6, "{last:?}");
}

proptest! {
    #[test]
    fn the_number_of_arrivals_up_to_any_time_is_the_integral_of_the_rate(schedule in pieces(), part in 0.0..1.0_f64) {
        let until = schedule.duration().as_secs_f64() * part;
        let due = schedule.due_times(None).filter(|due| due.as_secs_f64() < until).count() as f64;
        let integral = schedule.arrivals_until(until);
        prop_assert!((due - integral).abs() <= 1.0 + 1e-5, "{due} arrivals, integral {integral}");
    }

    #[test]
    fn the_total_is_the_integral_rounded_up(schedule in pieces()) {
        let count = schedule.due_times(None).count() as f64;
        let total = schedule.total();
        prop_assert!(count >= total - 1e-5 && count < total + 1.0 + 1e-5, "{count} of {total}");
    }

    #[test]
    fn due_times_never_go_back_and_stay_inside_the_run(schedule in pieces(), seed in prop::option::of(any::<u64>())) {
        let due: Vec<_> = schedule.due_times(seed).collect();
        prop_assert!(due.is_sorted());
        let end = schedule.duration() + Duration::from_nanos(100);
        prop_assert!(due.last().is_none_or(|last| *last <= end));
    }

    #[test]
    fn each_arrival_is_due_where_the_integral_reaches_its_number(schedule in pieces()) {
        for (n, due) in schedule.due_times(None).enumerate() {
            let reached = schedule.arrivals_until(due.as_secs_f64());
            prop_assert!((reached - n as f64).abs() < 1e-3, "arrival {n} at integral {reached}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_arrivals_and_another_seed_others(seed in any::<u64>()) {
        let due = |seed| constant(100.0, 1.0).due_times(Some(seed)).collect::<Vec<_>>();
        prop_assert_eq!(due(seed), due(seed));
        prop_assert_ne!(due(seed), due(seed.wrapping_add(1)));
    }

    #[test]
    fn scaling_scales_the_peak_and_the_duration(schedule in pieces(), rate in 0.1..10.0_f64, time in 0.1..10.0_f64) {
        let scaled = schedule.scaled(rate, time);
        prop_assert!((scaled.peak() - schedule.peak() * rate).abs() < 1e-6);
        prop_assert!((scaled.total() - schedule.total() * rate * time).abs() < 1e-3);
    }
}
