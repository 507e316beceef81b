//! Kubernetes' set-based label requirements.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fields::problem::Problem;

/// One requirement on the labels of a pod.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    /// The label.
    pub key: String,
    /// How it is compared.
    pub operator: Operator,
    /// What it is compared with; empty for `Exists` and `DoesNotExist`.
    #[serde(default)]
    pub values: Vec<String>,
}

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Operator {
    /// The label has one of the values.
    In,
    /// The label is absent or has another value.
    NotIn,
    /// The label is present.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

impl Expression {
    pub(super) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        let listed = value.is_some_and(|value| self.values.contains(value));
        match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }

    /// Does the list of values fit the operator?
    pub(super) fn check(&self) -> Option<Problem> {
        match self.operator {
            Operator::In | Operator::NotIn if self.values.is_empty() => Some(Problem::new(
                "values",
                "In and NotIn need at least one value; add one, or use Exists or DoesNotExist",
            )),
            Operator::Exists | Operator::DoesNotExist if !self.values.is_empty() => {
                Some(Problem::new(
                    "values",
                    "Exists and DoesNotExist take no values; remove them, or use In or NotIn",
                ))
            }
            _ => None,
        }
    }
}
