//! Exact decimals: `1 - 0.999` is `0.001`, not `0.0010000000000000009`.
//!
//! Targets are typed by people in decimal and printed into rules that people read. Binary floats
//! would add noise to both, so a number keeps the digits it was written with.

use std::fmt;

/// `mantissa / 10^scale`, at most 15 digits behind the point; always reduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    mantissa: i128,
    scale: u32,
}

/// More digits than a target or a threshold ever needs, few enough that no operation here
/// overflows.
const MAX_DIGITS: usize = 30;
const MAX_SCALE: u32 = 15;

impl Decimal {
    /// One.
    pub const ONE: Self = Self { mantissa: 1, scale: 0 };

    /// The decimal a person meant by this float (its shortest text), or `None` if it is not finite
    /// or absurdly long.
    pub fn from_f64(number: f64) -> Option<Self> {
        number.is_finite().then(|| format!("{number}").parse().ok())?
    }

    /// The nearest float.
    pub fn to_f64(self) -> f64 {
        // Parsing the text rounds once; dividing two floats would round twice.
        self.to_string().parse().expect("a decimal prints as a float")
    }

    /// `1 - self`, exactly.
    pub fn one_minus(self) -> Self {
        Self { mantissa: 10i128.pow(self.scale) - self.mantissa, scale: self.scale }.reduced()
    }

    /// `self / 100`, exactly: percent to ratio.
    pub fn percent(self) -> Self {
        Self { mantissa: self.mantissa, scale: self.scale + 2 }.reduced()
    }

    /// `self * 100`, exactly: ratio to percent.
    pub fn times_100(self) -> Self {
        Self { mantissa: self.mantissa * 100, scale: self.scale }.reduced()
    }

    fn reduced(mut self) -> Self {
        while self.scale > 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.scale -= 1;
        }
        self
    }
}

/// The text is not a plain decimal of a sensible size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a decimal number with at most 15 digits behind the point")]
pub struct NotADecimal(String);

impl std::str::FromStr for Decimal {
    type Err = NotADecimal;

    fn from_str(text: &str) -> Result<Self, NotADecimal> {
        let refuse = || NotADecimal(text.to_owned());
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = format!("{whole}{fraction}");
        let plain = !whole.is_empty() && all.bytes().all(|b| b.is_ascii_digit());
        let scale = u32::try_from(fraction.len()).map_err(|_| refuse())?;
        if !plain || all.len() > MAX_DIGITS || scale > MAX_SCALE {
            return Err(refuse());
        }
        let mantissa: i128 = all.parse().map_err(|_| refuse())?;
        Ok(Self { mantissa: sign * mantissa, scale }.reduced())
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        let scale = self.scale.max(other.scale);
        let widen = |d: &Self| d.mantissa.checked_mul(10i128.pow(scale - d.scale));
        match (widen(self), widen(other)) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => self.to_f64().partial_cmp(&other.to_f64()),
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let digits = self.mantissa.unsigned_abs().to_string();
        let scale = self.scale as usize;
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = padded.split_at(padded.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_error_budget_has_no_float_noise() {
        for (target, budget) in [("0.999", "0.001"), ("0.99", "0.01"), ("0.9995", "0.0005")] {
            let float: f64 = target.parse().unwrap();
            let decimal = Decimal::from_f64(float).unwrap();
            assert_eq!(decimal.one_minus().to_string(), budget);
        }
    }

    #[test]
    fn ninety_nine_point_nine_percent_is_0_999() {
        assert_eq!("99.9".parse::<Decimal>().unwrap().percent().to_string(), "0.999");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "-", ".5", "1e9", "NaN", "1.2.3", "0.1234567890123456"] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
        assert_eq!(Decimal::from_f64(f64::NAN), None);
        assert_eq!(Decimal::from_f64(1e300), None);
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverse(mantissa in -1_000_000_000_000i64..1_000_000_000_000, scale in 0u32..10) {
            let decimal = Decimal { mantissa: mantissa.into(), scale }.reduced();
            prop_assert_eq!(decimal.to_string().parse::<Decimal>().unwrap(), decimal);
            prop_assert_eq!(decimal.one_minus().one_minus(), decimal);
        }
    }
}
