//! Error budgets in minutes: how much there is, and where to read how much is gone.

use crate::compile::PERIOD_BURN;
use crate::decimal::Decimal;
use crate::openslo::Catalogue;
use crate::period::Period;

/// The error budget of one objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// `service/slo/objective`.
    pub id: String,
    /// Ratio of good, in [0, 1).
    pub target: Decimal,
    /// The period that the budget is for, in production time.
    pub period: Period,
    /// PromQL with one value: the share of the budget that is spent, 1 when all of it is.
    pub spent_query: String,
}

impl Budget {
    /// What may be bad in a period, in minutes: 43.2 for 99.9 % of 30 days.
    pub fn minutes(&self) -> f64 {
        self.target.one_minus().to_f64() * self.period.as_secs_f64() / 60.0
    }
}

/// The budgets of all objectives with a rolling window, in the order of the files. Calendar windows
/// have no recording rules, and so nothing to read. The parts of a composite SLO are left out: it
/// is kept or broken as a whole, and no series says how much of a budget the whole has spent.
pub fn budgets(catalogue: &Catalogue) -> Vec<Budget> {
    let rolling =
        catalogue.slos.iter().filter(|slo| slo.window.calendar.is_none() && !slo.composite);
    rolling
        .flat_map(|slo| {
            slo.objectives.iter().map(move |objective| Budget {
                id: slo.objective_id(objective),
                target: objective.target,
                period: slo.window.duration,
                spent_query: format!(
                    "{PERIOD_BURN}{{service=\"{}\",slo=\"{}\",objective=\"{}\"}}",
                    slo.service, slo.metadata.name, objective.id
                ),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::compile::compile;

    #[test]
    fn the_budgets_of_the_talk_are_216_and_43_minutes_a_month() {
        let text = "
apiVersion: openslo/v1
kind: Service
metadata: {name: shop}
spec: {}
---
apiVersion: openslo/v1
kind: SLO
metadata: {name: availability}
spec:
  service: shop
  timeWindow: [{duration: 30d, isRolling: true}]
  budgetingMethod: Occurrences
  indicator:
    metadata: {name: answers}
    spec:
      ratioMetric:
        counter: true
        bad: {metricSource: {type: Prometheus, spec: {query: bad_total}}}
        total: {metricSource: {type: Prometheus, spec: {query: all_total}}}
  objectives:
    - {displayName: SLA, target: 0.995}
    - {displayName: SLO, target: 0.999}
";
        let catalogue = Catalogue::load(&[("shop.yaml", text)]).unwrap();
        let budgets = budgets(&catalogue);
        let minutes: Vec<String> = budgets.iter().map(|b| format!("{:.1}", b.minutes())).collect();
        assert_eq!(minutes, ["216.0", "43.2"]);
        let rules = compile(&catalogue, Clock::Stage).unwrap().to_rules();
        assert!(rules.contains(&format!("record: {PERIOD_BURN}")));
        assert_eq!(
            budgets[1].spent_query,
            "slo:period_burn_rate:ratio{service=\"shop\",slo=\"availability\",objective=\"slo\"}"
        );
    }
}
