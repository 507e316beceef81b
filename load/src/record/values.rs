//! Answers by the value of a header. What a server sends becomes a label here, so there is a cap.

/// Values that have a count of their own.
const MOST: usize = 8;
const OTHER: &str = "other";
/// Longer ones are cut.
const LONGEST: usize = 64;

/// Counts by value, in the order in which they came. That of answers without the header is there
/// from the start, at 0.
#[derive(Clone, Debug)]
pub(crate) struct Values(Vec<(String, u64)>);

impl Default for Values {
    fn default() -> Self {
        Self(vec![(String::new(), 0)])
    }
}

impl Values {
    pub(crate) fn count(&mut self, value: &str) {
        self.add(value, 1);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(value, count)| (value.as_str(), *count))
    }

    /// Takes over everything from `other`, which is empty afterwards.
    pub(crate) fn merge_from(&mut self, other: &mut Self) {
        for (value, count) in &mut other.0 {
            self.add(value, std::mem::take(count));
        }
    }

    fn add(&mut self, value: &str, more: u64) {
        let value: String = value.chars().take(LONGEST).collect();
        let place = self.0.iter().position(|(known, _)| *known == value);
        let value = if place.is_none() && self.0.len() > MOST { OTHER.to_owned() } else { value };
        match self.0.iter_mut().find(|(known, _)| *known == value) {
            Some((_, count)) => *count += more,
            None => self.0.push((value, more)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_and_there_is_an_end_to_them() {
        let (mut total, mut worker) = (Values::default(), Values::default());
        for value in ["v1", "v2", "v1"] {
            worker.count(value);
        }
        total.merge_from(&mut worker);
        assert_eq!(total.iter().collect::<Vec<_>>(), [("", 0), ("v1", 2), ("v2", 1)]);
        assert_eq!(worker.iter().map(|(_, count)| count).sum::<u64>(), 0);
        (0..100).for_each(|number| total.count(&format!("n{number}")));
        assert_eq!(total.iter().count(), MOST + 2);
        assert_eq!(total.iter().last(), Some((OTHER, 94)));
    }
}
