//! A proposal as an OpenSLO document, with the evidence in annotations.

use super::{Counted, RESAMPLES, SuggestRequest, Suggestion};

pub(super) fn document(request: &SuggestRequest, found: &Suggestion) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let evidence = format!(
        "observed {:.6}, with experiments {:.6}; worst of {} windows {:.6}; {:.1} % of windows met the target; 90 % \
         interval of a window [{:.6}, {:.6}]; {:.0} events a window; {} slices with experiments left out, {} had no data",
        found.observed,
        found.observed_with_experiments,
        found.windows,
        found.worst_window,
        found.windows_met * 100.0,
        found.interval.0,
        found.interval.1,
        found.events_per_window,
        found.excluded,
        found.without_data
    );
    let (part, query) = match &request.counted {
        Counted::Good(query) => ("good", query),
        Counted::Bad(query) => ("bad", query),
    };
    let source = |query: &str| {
        format!(
            "\n          metricSource:\n            type: Prometheus\n            spec:\n              query: {}\n",
            quoted(query)
        )
    };
    format!(
        "apiVersion: openslo/v1\nkind: SLO\nmetadata:\n  name: {name}\n  annotations:\n    \
         tales.dev/evidence: {evidence}\n    tales.dev/method: {method}\n    tales.dev/history: {history}\n    \
         tales.dev/caution: {caution}\nspec:\n  service: {service}\n  timeWindow:\n    - duration: {window}\n      isRolling: true\n  \
         budgetingMethod: Occurrences\n  indicator:\n    metadata:\n      name: {name}\n    spec:\n      ratioMetric:\n        \
         counter: {counter}\n        {part}:{counted}        total:{total}  objectives:\n    - target: {target}\n",
        service = request.service,
        name = request.name,
        evidence = quoted(&evidence),
        method = quoted(&format!(
            "backtest and block bootstrap, {RESAMPLES} resamples, seed {}",
            request.seed
        )),
        caution = quoted("History is not need: ask the users what they notice."),
        window = request.window,
        counter = request.counter,
        history = quoted(&request.source),
        counted = source(query),
        total = source(&request.total),
        target = found.target,
    )
}
