//! Reads `slo.yaml` and `sli.yaml`, strictly.

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;
use slo::yaml::{Fields, Sink};
use slo::{Criterion, Problem};

use crate::model::{Aggregate, Comparison, Include, Objective, Sli, Slo};

impl Sli {
    /// Reads `sli.yaml`.
    ///
    /// # Errors
    /// All problems of the file.
    pub fn load(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        load(file, text, |mut fields| {
            fields.value("spec_version");
            let indicators = strings(&mut fields, "indicators");
            fields.finish();
            Some(Self { file: file.to_owned(), indicators })
        })
    }
}

impl Slo {
    /// Reads `slo.yaml`.
    ///
    /// # Errors
    /// All problems of the file.
    pub fn load(file: &str, text: &str) -> Result<Self, Vec<Problem>> {
        load(file, text, slo)
    }
}

fn load<T>(
    file: &str,
    text: &str,
    read: impl FnOnce(Fields<'_>) -> Option<T>,
) -> Result<T, Vec<Problem>> {
    let problems = RefCell::new(Vec::new());
    let sink = Sink { file, problems: &problems };
    let document = only_document(&sink, text);
    let read = if problems.borrow().is_empty() {
        Fields::new(&sink, "", document).and_then(read)
    } else {
        None
    };
    let found = problems.into_inner();
    match read {
        Some(read) if found.is_empty() => Ok(read),
        _ => Err(found),
    }
}

/// The one document of a file; an empty one behind a last `---` does not count.
fn only_document(sink: &Sink<'_>, text: &str) -> Value {
    let mut documents = sink.documents(text).into_iter().filter(|document| !document.is_null());
    let first = documents.next().unwrap_or(Value::Null);
    if documents.next().is_some() {
        sink.error(
            "the file",
            "has a second YAML document, which Keptn would not read",
            "keep one document in the file",
        );
    }
    first
}

fn strings(fields: &mut Fields<'_>, key: &'static str) -> BTreeMap<String, String> {
    match fields.value(key) {
        None => BTreeMap::new(),
        Some(Value::Object(map)) => map
            .into_iter()
            .filter_map(|(name, value)| match value {
                Value::String(text) => Some((name, text)),
                _ => {
                    fields.error(key, format!("{name} is not a string"), "quote the value");
                    None
                }
            })
            .collect(),
        Some(_) => {
            fields.error(key, "is not a mapping", "write a mapping here");
            BTreeMap::new()
        }
    }
}

fn slo(mut fields: Fields<'_>) -> Option<Slo> {
    fields.value("spec_version");
    let filter = strings(&mut fields, "filter");
    let comparison = fields.child("comparison").map(comparison);
    let sink = fields.sink;
    let objectives = fields
        .list("objectives")
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .filter_map(|(path, value)| objective(Fields::new(sink, &path, value)?))
        .collect();
    let mut total = fields.required_child("total_score");
    let pass_score = total.as_mut().and_then(|total| {
        let score = percent(total, "pass");
        total.missing("pass");
        score
    });
    let warning_score = total.as_mut().and_then(|total| percent(total, "warning"));
    if let Some(total) = total {
        total.finish();
    }
    fields.finish();
    Some(Slo {
        file: sink.file.to_owned(),
        filter,
        comparison: comparison.unwrap_or(Comparison {
            include: Include::All,
            results: 1,
            aggregate: Aggregate::Avg,
        }),
        objectives,
        pass_score: pass_score?,
        warning_score,
    })
}

fn comparison(mut fields: Fields<'_>) -> Comparison {
    // As in Go: empty or 0 is not written.
    let several = match word(&mut fields, "compare_with").as_deref() {
        Some("several_results") => true,
        Some("single_result") | None => false,
        Some(other) => {
            fields.error(
                "compare_with",
                format!("{other:?} is unknown"),
                "write single_result or several_results",
            );
            false
        }
    };
    let include = match word(&mut fields, "include_result_with_score").as_deref() {
        Some("pass") => Include::Pass,
        Some("pass_or_warn") => Include::PassOrWarn,
        Some("all") | None => Include::All,
        Some(other) => {
            fields.error(
                "include_result_with_score",
                format!("{other:?} is unknown"),
                "write pass, pass_or_warn or all",
            );
            Include::All
        }
    };
    let number = whole(&mut fields, "number_of_comparison_results");
    let number = number.filter(|number| *number > 0).unwrap_or(3);
    let aggregate = match word(&mut fields, "aggregate_function").as_deref() {
        Some("p50") => Aggregate::Percentile(50),
        Some("p90") => Aggregate::Percentile(90),
        Some("p95") => Aggregate::Percentile(95),
        Some("avg") | None => Aggregate::Avg,
        Some(other) => {
            fields.error(
                "aggregate_function",
                format!("{other:?} is unknown"),
                "write avg, p50, p90 or p95",
            );
            Aggregate::Avg
        }
    };
    fields.finish();
    Comparison {
        include,
        // lighthouse: a single result is one result, whatever number is written beside it.
        results: if several { number as usize } else { 1 },
        aggregate,
    }
}

/// A text that is not empty.
fn word(fields: &mut Fields<'_>, key: &'static str) -> Option<String> {
    fields.text(key).filter(|text| !text.is_empty())
}

fn objective(mut fields: Fields<'_>) -> Option<Objective> {
    let sli = fields.required_text("sli");
    let display_name = fields.text("displayName");
    let weight = whole(&mut fields, "weight").unwrap_or(1).max(1);
    let key_sli = fields.flag("key_sli").unwrap_or(false);
    let pass = criteria(&mut fields, "pass");
    let warning = criteria(&mut fields, "warning");
    fields.finish();
    Some(Objective { sli: sli?, display_name, weight, key_sli, pass, warning })
}

fn criteria(fields: &mut Fields<'_>, key: &'static str) -> Vec<Vec<Criterion>> {
    let sink = fields.sink;
    let items = fields.list(key);
    items
        .into_iter()
        .filter_map(|(path, value)| {
            let mut fields = Fields::new(sink, &path, value)?;
            let all = fields.list("criteria");
            if all.is_empty() && !fields.is_reported("criteria") {
                // All of no criteria hold, so this would let everything pass.
                fields.error(
                    "criteria",
                    "is empty",
                    "write a criterion such as <600, or remove the item",
                );
            }
            let all = all.into_iter();
            let all = all.filter_map(|(path, value)| criterion(sink, &path, &value));
            let all = all.collect();
            fields.finish();
            Some(all)
        })
        .collect()
}

fn criterion(sink: &Sink<'_>, path: &str, value: &Value) -> Option<Criterion> {
    let parsed = value.as_str().map(str::parse::<Criterion>);
    match parsed {
        Some(Ok(criterion)) => return Some(criterion),
        Some(Err(error)) => sink.error(path, error.to_string(), "correct the criterion"),
        None => sink.error(path, "is not a string", "quote the criterion"),
    }
    None
}

fn whole(fields: &mut Fields<'_>, key: &'static str) -> Option<u32> {
    let number = fields.number(key)?.to_f64();
    if number.fract() == 0.0 && (0.0..=1e6).contains(&number) {
        return Some(number as u32);
    }
    fields.error(
        key,
        format!("{number} is not a whole number"),
        "write a whole number, zero or above",
    );
    None
}

/// `90%`, `90` or `"90"`, in percent.
fn percent(fields: &mut Fields<'_>, key: &'static str) -> Option<f64> {
    let number = match fields.value(key)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().trim_end_matches('%').trim().parse().ok(),
        _ => None,
    };
    let number = number.filter(|number: &f64| (0.0..=100.0).contains(number));
    if number.is_none() {
        fields.error(key, "is not a percentage", "write a number from 0 to 100 and %, such as 90%");
    }
    number
}
