//! Student's t: how often chance goes that far.

/// Probability that t with so many degrees of freedom is above `t`.
pub(crate) fn beyond(t: f64, freedom: f64) -> f64 {
    if !t.is_finite() {
        return if t > 0.0 { 0.0 } else { 1.0 };
    }
    let tail = 0.5 * incomplete_beta(freedom / 2.0, 0.5, freedom / (freedom + t * t));
    if t > 0.0 { tail } else { 1.0 - tail }
}

/// The regularized incomplete beta function, by its continued fraction (Lentz).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front =
        (libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * x.ln() + b * (1.0 - x).ln())
            .exp();
    // The fraction converges fast on this side only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x);
    }
    const TINY: f64 = 1e-300;
    let safe = |value: f64| if value.abs() < TINY { TINY } else { value };
    let (mut c, mut d) = (1.0, 1.0 / safe(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for step in 1..300 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        for term in [even, odd] {
            d = 1.0 / safe(1.0 + term * d);
            c = safe(1.0 + term / c);
            fraction *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-14 {
            break;
        }
    }
    front * fraction / a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_the_t_distribution_are_met() {
        // One-sided, from any table: 5 % and 0.5 %.
        for (t, freedom, p) in [
            (6.314, 1.0, 0.05),
            (2.015, 5.0, 0.05),
            (1.753, 15.0, 0.05),
            (63.657, 1.0, 0.005),
            (4.032, 5.0, 0.005),
            (2.947, 15.0, 0.005),
            (0.0, 7.0, 0.5),
        ] {
            let found = beyond(t, freedom);
            assert!((found - p).abs() < 2e-5 + 1e-3 * p, "{t} {freedom}: {found}");
            assert!((beyond(-t, freedom) - (1.0 - found)).abs() < 1e-12);
        }
    }
}
