//! Is a text PromQL, and does it yield one value per series? Asked of a parser that follows
//! Prometheus' own grammar and types, so that no rule is written that Prometheus refuses.

use promql_parser::parser;
use promql_parser::parser::value::ValueType;

use super::WindowError;
use super::scan::scan;

/// Why a query cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}; {remedy}")]
pub struct Unusable {
    /// What is wrong with it.
    pub message: String,
    /// What to do about it.
    pub remedy: &'static str,
}

/// What other tools fill in, and nobody here.
const FOREIGN: [&str; 5] = ["{{", "$__", "$DURATION", "${", "[["];

pub(super) fn check_number(text: &str) -> Result<(), Unusable> {
    match typed(text)? {
        ValueType::Scalar => Ok(()),
        kind => is_vector(kind),
    }
}

pub(super) fn check(text: &str) -> Result<(), Unusable> {
    is_vector(typed(text)?)
}

fn unusable<T>(message: impl Into<String>, remedy: &'static str) -> Result<T, Unusable> {
    Err(Unusable { message: message.into(), remedy })
}

fn is_vector(kind: ValueType) -> Result<(), Unusable> {
    match kind {
        ValueType::Vector => Ok(()),
        ValueType::Matrix => {
            let why = WindowError::BareRange;
            unusable(why.to_string(), why.remedy())
        }
        ValueType::Scalar => unusable(
            "the query is a number, not a series",
            "name a metric, or write vector(..) around the number",
        ),
        ValueType::String => unusable("the query is a text, not a series", "name a metric"),
    }
}

fn typed(text: &str) -> Result<ValueType, Unusable> {
    if let Err(why) = scan(text) {
        return unusable(why.to_string(), why.remedy());
    }
    if has_a_huge_length(text) {
        return unusable(
            "the query has a length of time of more than some thousand years",
            "write a shorter one",
        );
    }
    // Prometheus 3 has another name for it, and the parser knows that one: lint tells them apart.
    let text = &text.replace("holt_winters", "double_exponential_smoothing");
    // A parser of somebody else's that panics on odd input must not take the program along.
    let parsed = std::panic::catch_unwind(|| parser::parse(text));
    match parsed.unwrap_or_else(|_| Err("the parser gave up".to_owned())) {
        Ok(expr) => Ok(expr.value_type()),
        Err(why) => match FOREIGN.iter().find(|mark| text.contains(**mark)) {
            Some(mark) => unusable(
                format!("the query has a placeholder that nobody fills in: {mark}.."),
                "write {{.window}} where the range belongs",
            ),
            None => {
                let why = why.lines().map(str::trim).collect::<Vec<_>>().join(" ");
                unusable(format!("the query is not PromQL: {why}"), "correct the PromQL")
            }
        },
    }
}

/// In brackets, or behind `offset` or `@`: the parser cannot hold it.
fn has_a_huge_length(text: &str) -> bool {
    let huge = |part: &str| {
        let words = part.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '_');
        let mut numbers = words.filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        numbers.any(|word| {
            let digits = word.bytes().filter(u8::is_ascii_alphanumeric).count();
            digits > 12 || word.parse::<f64>().is_ok_and(|number| number > 1e12)
        })
    };
    let in_brackets = text.split('[').skip(1).filter_map(|rest| rest.split(']').next());
    let lower = text.to_ascii_lowercase();
    let shifts = lower.split("offset").skip(1).chain(lower.split('@').skip(1));
    let first = |rest: &str| {
        let end = rest.find([')', ',', '}', '+', '*', '/']).unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    in_brackets.map(str::to_owned).chain(shifts.map(first)).any(|part| huge(&part))
}

#[cfg(test)]
mod tests {
    use super::super::check;

    #[test]
    fn what_prometheus_would_refuse_is_refused_and_the_reason_is_named() {
        for (text, wanted) in [
            ("rate(x[{{.Window}}])", "placeholder"),
            ("rate(x[$__rate_interval])", "placeholder"),
            ("rate(x[${interval}])", "placeholder"),
            ("rate(x[[[range]]])", ""),
            ("x[5m]", "a range, not a value"),
            ("x[{{.window}}]", "a range, not a value"),
            ("p99 latency of shop", "not PromQL"),
            ("0.3", "a number"),
            ("scalar(x)", "a number"),
            ("\"text\"", "a text"),
            ("rate(x)", "not PromQL"),
            ("rate(x[4444444444444444444444444444])", "thousand years"),
            ("x offset 99999999999999y", "thousand years"),
            ("sum(x) by", "not PromQL"),
            ("no_such_function(x)", "not PromQL"),
            ("x{a=\"1\"", "unbalanced"),
            ("x and 1", "not PromQL"),
        ] {
            let why = check(text).expect_err(text).to_string();
            assert!(why.contains(wanted), "{text}: {why}");
            assert!(!why.contains('\n'), "{why}");
        }
    }

    #[test]
    fn what_prometheus_takes_is_taken() {
        for text in [
            "x",
            "sum(rate(x[{{.window}}]))",
            "sum by (le) (rate(x_bucket[{{ .window }}])) / 2",
            "histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))",
            "max_over_time((x > bool 1)[5m:1m])",
            "x offset 5m",
            "x > 99999999999999",
            "x or vector(0)",
            "{__name__=~\"a.*\"}",
            "x @ end()",
            "absent(up{job=\"shop\"})",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }
}
