//! The documents: what they link to and what they name has to exist.

use e2e::{files, root};
use std::fs;

#[test]
fn every_relative_link_leads_somewhere() {
    for file in files(&root(), ".md") {
        let text = fs::read_to_string(&file).unwrap();
        for link in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let path = link.split('#').next().unwrap_or_default();
            if path.is_empty() || path.contains("://") {
                continue;
            }
            let target = file.parent().unwrap().join(path);
            assert!(target.exists(), "{}: {link} leads nowhere", file.display());
        }
    }
}
