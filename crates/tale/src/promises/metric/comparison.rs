//! A query without its comparison: PromQL yields nothing as long as a comparison is false, and a
//! room wants to see the value climb.

use promql_parser::parser::{self, Expr};

/// Two sides, and how they are compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Comparison {
    /// What is measured.
    pub(super) left: String,
    /// What it is compared with.
    pub(super) right: String,
    /// The same, if it is a number.
    pub(super) limit: Option<f64>,
    how: How,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Above(&'static str),
    Below(&'static str),
    Equal,
    Other,
}

impl Comparison {
    /// The comparison that a query is, if it is one.
    pub(super) fn read(query: &str) -> Option<Self> {
        let mut expr = parser::parse(query).ok()?;
        while let Expr::Paren(inner) = expr {
            expr = *inner.expr;
        }
        let Expr::Binary(compared) = expr else {
            return None;
        };
        let how = how(&compared.op.to_string())?;
        // `bool` yields something in any case.
        if compared.return_bool() {
            return None;
        }
        Some(Self {
            left: compared.lhs.to_string(),
            right: compared.rhs.to_string(),
            limit: number(&compared.rhs),
            how,
        })
    }

    /// The value that is nearest to holding: with several series, one is enough.
    pub(super) fn nearest(&self, values: &[f64], limit: Option<f64>) -> Option<f64> {
        let values = values.iter().copied();
        let away = |value: &f64| (value - limit.unwrap_or(0.0)).abs();
        match self.how {
            How::Above(_) => values.max_by(f64::total_cmp),
            How::Below(_) => values.min_by(f64::total_cmp),
            How::Equal => values.min_by(|one, other| away(one).total_cmp(&away(other))),
            How::Other => values.max_by(|one, other| away(one).total_cmp(&away(other))),
        }
    }

    /// Where the value has to get: `> 1.1`, or `4`.
    pub(super) fn wanted(&self, limit: &str) -> String {
        match self.how {
            How::Above(sign) | How::Below(sign) => format!("{sign} {limit}"),
            How::Equal => limit.to_owned(),
            How::Other => format!("anything but {limit}"),
        }
    }
}

fn how(operator: &str) -> Option<How> {
    Some(match operator {
        ">" => How::Above(">"),
        ">=" => How::Above(">="),
        "<" => How::Below("<"),
        "<=" => How::Below("<="),
        "==" => How::Equal,
        "!=" => How::Other,
        _ => return None,
    })
}

fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::NumberLiteral(number) => Some(number.val),
        Expr::Paren(inner) => number(&inner.expr),
        Expr::Unary(minus) => number(&minus.expr).map(|number| -number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_taken_apart() {
        let read = Comparison::read("max(a / min_over_time(b:c[1d])) > 1.1").unwrap();
        assert_eq!(
            (read.left.as_str(), read.limit),
            ("max(a / min_over_time(b:c[1d]))", Some(1.1))
        );
        assert_eq!(read.wanted("1.1"), "> 1.1");
        let two =
            Comparison::read("(sum(rate(a[5s])) < 1.5 * sum(rate(a[5s] offset 15s)))").unwrap();
        assert_eq!((two.left.as_str(), two.limit), ("sum(rate(a[5s]))", None));
        assert!(two.right.contains("offset"), "{}", two.right);
        assert_eq!(Comparison::read("count(up == 1) == -4").unwrap().limit, Some(-4.0));
        for other in ["up", "sum(up == 1)", "a > bool 1", "a > 1 and b > 1", "a >"] {
            assert_eq!(Comparison::read(other), None, "{other}");
        }
    }

    #[test]
    fn of_several_series_the_one_nearest_to_holding_is_shown() {
        let nearest = |query: &str| {
            let read = Comparison::read(query).unwrap();
            read.nearest(&[3.0, 1.0, 7.0], read.limit)
        };
        assert_eq!(nearest("a > 10"), Some(7.0));
        assert_eq!(nearest("a < 0"), Some(1.0));
        assert_eq!(nearest("a == 4"), Some(3.0));
        assert_eq!(nearest("a != 1"), Some(7.0));
    }
}
