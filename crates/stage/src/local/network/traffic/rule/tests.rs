//! Tests of `rule.rs`.

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;

fn slow(latency: Duration, jitter: Duration, correlation: f64) -> NetworkRule {
    let delay = Some(NetworkDelay { latency, jitter, correlation });
    NetworkRule::new(&NetworkFault { delay, ..NetworkFault::default() }, None)
}

fn lossy(loss_percent: f64, loss_correlation: f64) -> NetworkRule {
    let fault = NetworkFault { loss_percent, loss_correlation, ..NetworkFault::default() };
    NetworkRule::new(&fault, None)
}

fn shape(rule: NetworkRule, now: Instant) -> Shape {
    Shape::new(vec![(Arc::new(rule), now)], &[])
}

proptest! {
    #[test]
    fn a_delay_stays_within_its_jitter(latency in 0u64..500, jitter in 0u64..600, correlation in 0.0..=100.0_f64, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        let ms = Duration::from_millis;
        let wait = slow(ms(latency), ms(jitter), correlation).delay(&mut random);
        prop_assert!(wait + Duration::from_micros(1) >= ms(latency.saturating_sub(jitter)));
        prop_assert!(wait <= ms(latency + jitter) + Duration::from_micros(1));
    }

    #[test]
    fn a_link_never_passes_more_than_its_rate(sizes in proptest::collection::vec(1usize..5_000, 1..50), rate in 1u64..1_000_000) {
        let now = Instant::now();
        let shape = shape(NetworkRule { bandwidth: Some(Bandwidth::new(rate)), ..NetworkRule::default() }, now);
        let mut random = StdRng::seed_from_u64(1);
        let last = sizes.iter().map(|bytes| shape.times(*bytes, now, &mut random).sent).last();
        let total: usize = sizes.iter().sum();
        let took = last.unwrap().duration_since(now).as_secs_f64();
        prop_assert!(took * rate as f64 >= total as f64 * 0.999 - 1.0);
    }

    #[test]
    fn a_chunk_is_never_empty(rate: u64) {
        let chunk = shape(NetworkRule { bandwidth: Some(Bandwidth::new(rate)), ..NetworkRule::default() }, Instant::now()).chunk(16_384);
        prop_assert!((256..=16_384).contains(&chunk));
    }
}

#[test]
fn lost_chunks_stall_for_a_retransmission_time_that_doubles() {
    let mut random = StdRng::seed_from_u64(7);
    let rule = lossy(10.0, 0.0);
    let stalls: Vec<u128> =
        (0..10_000).map(|_| rule.stall(RETRANSMISSION, &mut random).as_millis()).collect();
    let share = |ms| stalls.iter().filter(|stall| **stall == ms).count();
    assert_eq!(
        share(0) + share(200) + share(600) + share(1400) + share(3000) + share(6200),
        10_000
    );
    assert!((8_800..9_200).contains(&share(0)), "{}", share(0));
    assert!((800..1_000).contains(&share(200)), "{}", share(200));
    assert_eq!(lossy(0.0, 0.0).stall(RETRANSMISSION, &mut random), Duration::ZERO);
    let always = lossy(100.0, 0.0).stall(RETRANSMISSION, &mut random);
    assert_eq!(always, Duration::from_millis(200 * 63));
}

/// As the kernel's `netem`: with half a memory losses come in runs; with nothing but memory the
/// first fate is that of all.
#[test]
fn correlated_losses_come_in_runs() {
    let mut random = StdRng::seed_from_u64(7);
    let mut runs = |correlation| {
        let rule = lossy(50.0, correlation);
        let lost: Vec<bool> =
            (0..10_000).map(|_| rule.losses.draw(&mut random) * 100.0 < rule.loss).collect();
        lost.windows(2).filter(|pair| pair[0] != pair[1]).count()
    };
    let (independent, correlated, stuck) = (runs(0.0), runs(75.0), runs(100.0));
    assert!((4_700..5_300).contains(&independent), "{independent}");
    assert!(correlated < independent * 3 / 4, "{correlated} of {independent}");
    assert_eq!(stuck, 0);
}

#[test]
fn faults_of_several_experiments_add_up() {
    let now = Instant::now();
    let slow = |ms| {
        let latency = Duration::from_millis(ms);
        (Arc::new(slow(latency, Duration::ZERO, 0.0)), now + latency)
    };
    let shape = Shape::new(vec![slow(30), slow(20)], &[]);
    let times = shape.times(100, now, &mut StdRng::seed_from_u64(1));
    assert_eq!(times, Times { sent: now, due: now + Duration::from_millis(50) });
    assert_eq!(shape.until, Some(now + Duration::from_millis(20)));
    let syn = shape.syn(&mut StdRng::seed_from_u64(1));
    assert_eq!(syn, Duration::from_millis(50));
}
