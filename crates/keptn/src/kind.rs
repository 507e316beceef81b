//! Which kind of file is it? So that Keptn's files can be given without a flag.

use serde_json::Value;

/// Which of Keptn's two files a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `slo.yaml`: objectives and scores.
    Slo,
    /// `sli.yaml`: queries.
    Sli,
}

/// What the text is, by its top-level keys; `None` for OpenSLO (which has an `apiVersion`) and
/// anything else.
pub fn kind(text: &str) -> Option<Kind> {
    let documents = slo::yaml::documents(text).ok()?;
    let Some(Value::Object(map)) = documents.first() else {
        return None;
    };
    let has = |keys: &[&str]| keys.iter().any(|key| map.contains_key(*key));
    if has(&["apiVersion"]) {
        None
    } else if has(&["indicators"]) {
        Some(Kind::Sli)
    } else if has(&["objectives", "total_score"]) {
        Some(Kind::Slo)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keptn_files_are_not_taken_for_openslo() {
        let sli = "spec_version: '1.0'\nindicators: {a: b}\n";
        let slo = "spec_version: '1.0'\nobjectives: []\ntotal_score: {pass: '90%'}\n";
        assert_eq!(kind(sli), Some(Kind::Sli));
        assert_eq!(kind(slo), Some(Kind::Slo));
        let openslo = include_str!("../../../manifests/slo/dns-leaker.yaml");
        for other in [openslo, "apiVersion: openslo/v1\nobjectives: []\n", "", "[", "- 1\n"] {
            assert_eq!(kind(other), None, "{other}");
        }
    }
}
