//! One-sided Wilson bounds: what a number of events can prove about a ratio.

/// The 95 % quantile of the normal distribution: one-sided bounds at 95 % confidence.
const Z: f64 = 1.644_853_626_951_472_7;

/// Lower and upper bound of the true ratio after `good` of `total` events; each is exceeded with 5
/// % probability.
///
/// Valid for independent events only. `None` without events.
pub fn bounds(good: f64, total: f64) -> Option<(f64, f64)> {
    bounds_at(good, total, Z)
}

fn bounds_at(good: f64, total: f64, z: f64) -> Option<(f64, f64)> {
    let valid = total > 0.0 && total.is_finite() && good >= 0.0 && good.is_finite();
    if !valid {
        return None;
    }
    // Extrapolated rates are not whole events: good may exceed total by a fraction.
    let ratio = (good / total).min(1.0);
    let z2 = z * z;
    let center = ratio + z2 / (2.0 * total);
    let spread = z * (ratio * (1.0 - ratio) / total + z2 / (4.0 * total * total)).sqrt();
    let scale = 1.0 + z2 / total;
    // With no event of one kind the bound on that side is exactly 0 or 1, which floats miss by a
    // hair.
    let low = if good == 0.0 { 0.0 } else { (center - spread) / scale };
    let high = if ratio == 1.0 { 1.0 } else { (center + spread) / scale };
    Some((low.max(0.0), high.min(1.0)))
}

/// Events without a single error that prove a target at 95 % confidence.
pub fn events_to_prove(target: f64) -> f64 {
    // Solving `lower(n, n) = n / (n + z^2) >= target` for n.
    (Z * Z * target / (1.0 - target)).ceil()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ten_of_a_hundred_have_the_textbook_interval() {
        let (low, high) = bounds_at(10.0, 100.0, 1.959_963_985).unwrap();
        assert!((low - 0.0552).abs() < 5e-5, "{low}");
        assert!((high - 0.1744).abs() < 5e-5, "{high}");
    }

    #[test]
    fn a_target_needs_as_many_events_as_the_table_says() {
        for (target, events) in [(0.99, 268.0), (0.995, 539.0), (0.999, 2703.0), (0.9995, 5409.0)] {
            assert_eq!(events_to_prove(target), events);
            assert!(bounds(events, events).unwrap().0 >= target);
            assert!(bounds(events - 1.0, events - 1.0).unwrap().0 < target);
        }
    }

    #[test]
    fn what_was_never_seen_is_bounded_exactly() {
        assert_eq!(bounds(2094.0, 2094.0).unwrap().1, 1.0);
        assert_eq!(bounds(0.0, 2094.0).unwrap().0, 0.0);
    }

    #[test]
    fn no_events_prove_nothing() {
        assert_eq!(bounds(0.0, 0.0), None);
        assert_eq!(bounds(f64::NAN, 10.0), None);
        assert_eq!(bounds(1.0, f64::INFINITY), None);
    }

    proptest! {
        #[test]
        fn bounds_enclose_the_ratio(total in 1u32..1_000_000, share in 0.0f64..=1.0) {
            let good = (f64::from(total) * share).floor();
            let (low, high) = bounds(good, total.into()).unwrap();
            let ratio = good / f64::from(total);
            prop_assert!(low <= ratio + 1e-12 && ratio <= high + 1e-12);
            prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
        }
    }
}
