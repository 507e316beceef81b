//! Kubernetes' small value types: quantities, Prometheus durations, and "a number or a percentage".

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A number, or text such as `25%`, `http`, `128Mi`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum IntOrString {
    /// A plain number.
    Int(u64),
    /// Text.
    Text(String),
}

impl IntOrString {
    /// The absolute number out of `total`: a percentage is rounded up (surge) or down
    /// (unavailable).
    pub fn absolute(&self, total: u32, round_up: bool) -> Option<u32> {
        match self {
            Self::Int(n) => u32::try_from(*n).ok(),
            Self::Text(text) => {
                let percent: u64 = text.strip_suffix('%')?.parse().ok()?;
                let product = u64::from(total).checked_mul(percent)?;
                u32::try_from(if round_up { product.div_ceil(100) } else { product / 100 }).ok()
            }
        }
    }
}

/// Bytes of a memory quantity (`128Mi`, `1G`, `1e6`, plain bytes).
pub fn memory_bytes(quantity: &IntOrString) -> Option<u64> {
    let text = match quantity {
        IntOrString::Int(bytes) => return Some(*bytes),
        IntOrString::Text(text) => text,
    };
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale = match unit {
        "" => 1.0,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        exponent => 10f64.powi(exponent.strip_prefix(['e', 'E'])?.parse::<u8>().ok()?.into()),
    };
    let bytes = number.parse::<f64>().ok()? * scale;
    // Above 2^53 a float no longer counts single bytes, and no laptop has that much memory.
    (0.0..9e15).contains(&bytes).then_some(bytes as u64)
}

/// Thousandths of a core of a CPU quantity (`500m`, `0.5`, `2`), rounded up.
pub fn cpu_millis(quantity: &IntOrString) -> Option<u64> {
    let text = match quantity {
        IntOrString::Int(cores) => return cores.checked_mul(1000),
        IntOrString::Text(text) => text,
    };
    if let Some(millis) = text.strip_suffix('m') {
        return millis.parse().ok();
    }
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let millis = text.parse::<f64>().ok().filter(|_| plain)? * 1000.0;
    (0.0..9e15).contains(&millis).then_some(millis.ceil() as u64)
}

/// A Prometheus duration: `5s`, `1h30m`, `250ms`.
pub fn prometheus_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let millis: u64 = match &rest[..letters] {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            "y" => 31_536_000_000,
            _ => return None,
        };
        total = total.checked_add(Duration::from_millis(number.checked_mul(millis)?))?;
        rest = &rest[letters..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(s: &str) -> IntOrString {
        IntOrString::Text(s.into())
    }

    #[test]
    fn memory_quantities_use_kubernetes_units() {
        assert_eq!(memory_bytes(&text("128Mi")), Some(134_217_728));
        assert_eq!(memory_bytes(&text("1.5G")), Some(1_500_000_000));
        assert_eq!(memory_bytes(&text("1e6")), Some(1_000_000));
        assert_eq!(memory_bytes(&IntOrString::Int(42)), Some(42));
        assert_eq!(memory_bytes(&text("128MB")), None);
        assert_eq!(memory_bytes(&text("")), None);
    }

    #[test]
    fn cpu_quantities_are_cores_or_thousandths_of_one() {
        assert_eq!(cpu_millis(&text("250m")), Some(250));
        assert_eq!(cpu_millis(&text("0.5")), Some(500));
        assert_eq!(cpu_millis(&IntOrString::Int(2)), Some(2000));
        for wrong in ["", "m", "1u", "1e3", "-1", "inf"] {
            assert_eq!(cpu_millis(&text(wrong)), None, "{wrong}");
        }
    }

    #[test]
    fn durations_chain_units_and_need_one() {
        assert_eq!(prometheus_duration("1h30m"), Some(Duration::from_secs(5400)));
        assert_eq!(prometheus_duration("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(prometheus_duration("30"), None);
        assert_eq!(prometheus_duration("5 s"), None);
    }

    proptest! {
        #[test]
        fn a_percentage_rounds_up_for_surge_and_down_for_unavailable(total in 0u32..10_000, percent in 0u64..=100) {
            let value = text(&format!("{percent}%"));
            let (down, up) = (value.absolute(total, false).unwrap(), value.absolute(total, true).unwrap());
            prop_assert!(down <= up && up - down <= 1 && up <= total);
            prop_assert!(u64::from(down) * 100 <= u64::from(total) * percent);
            prop_assert!(u64::from(up) * 100 >= u64::from(total) * percent);
        }

        #[test]
        fn no_text_makes_the_parsers_panic(s in "\\PC{0,12}") {
            let _ = prometheus_duration(&s);
            let _ = memory_bytes(&text(&s));
            let _ = cpu_millis(&text(&s));
        }
    }
}
