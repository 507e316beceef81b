//! The lock file: every image, chart and definition that is not this project's own, by version and
//! by what it is.

use std::path::Path;

use oci::digest::Digest;
use serde::Deserialize;

use super::Reference;

/// What a cluster needs from others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// Images, which a registry has.
    #[serde(default)]
    pub images: Vec<LockedImage>,
    /// Everything else: charts and definitions, which a web server has.
    #[serde(default)]
    pub files: Vec<LockedFile>,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedImage {
    /// Its whole name, with registry and tag.
    pub image: Reference,
    /// Who needs it.
    #[serde(rename = "for")]
    pub needed_for: String,
    /// What it is: an index of several platforms, or one image.
    #[serde(default, deserialize_with = "digest")]
    pub digest: Option<Digest>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedFile {
    /// Where it is to be had.
    pub url: String,
    /// Who needs it.
    #[serde(rename = "for")]
    pub needed_for: String,
    /// What it is.
    #[serde(default, deserialize_with = "digest")]
    pub digest: Option<Digest>,
}

impl LockedFile {
    /// What it is called in a folder.
    pub fn name(&self) -> &str {
        self.url.rsplit('/').next().unwrap_or_default()
    }
}

fn digest<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Digest>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

impl Lock {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong with it, with its line; or two entries have one name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lock: Self = serde_saphyr::from_str(text).map_err(|why| why.to_string())?;
        let mut names: Vec<String> = lock.names().map(|(name, _)| name).collect();
        for file in &lock.files {
            let (name, odd) = (file.name(), ['/', '\\', '?', '#']);
            let ours = Path::new(name).file_name().is_some_and(|own| own == name);
            if !ours || name.contains(odd) {
                return Err(format!("{}: a URL has to end in the name of a file", file.url));
            }
        }
        names.sort();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("{} stands there twice", pair[0])),
            None => Ok(lock),
        }
    }

    /// Those that are needed for one of these; for anything, if none is named.
    ///
    /// # Errors
    /// One that nothing is needed for, and what there is.
    pub fn only(&self, wanted: &[String]) -> Result<Self, String> {
        let mut known: Vec<&str> = self.names().map(|(_, needed_for)| needed_for).collect();
        known.sort_unstable();
        known.dedup();
        if let Some(odd) = wanted.iter().find(|one| !known.contains(&one.as_str())) {
            return Err(format!(
                "nothing in the lock file is for `{odd}`; there is {}",
                known.join(", ")
            ));
        }
        let is = |needed_for: &String| wanted.is_empty() || wanted.contains(needed_for);
        let mut lock = self.clone();
        lock.images.retain(|one| is(&one.needed_for));
        lock.files.retain(|one| is(&one.needed_for));
        Ok(lock)
    }

    /// The text of a lock file with the digest of an entry written down or changed. Everything
    /// else stays as somebody wrote it. `name` is the image or the URL.
    ///
    /// # Errors
    /// The entry does not begin with a line of its own.
    pub fn pinned(text: &str, name: &str, digest: &Digest) -> Result<String, String> {
        let begins = |line: &str| {
            let entry = line.trim_start().strip_prefix("- ").unwrap_or_default();
            let value = entry.split_once(": ").map_or("", |(_, value)| value);
            value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']) == name
        };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let at = lines.iter().position(|line| begins(line));
        let at = at.ok_or_else(|| format!("{name} does not stand on a line `- image: ..`"))?;
        let depth = lines[at].len() - lines[at].trim_start().len();
        let inside = |line: &&String| {
            let trimmed = line.trim_start();
            line.len() - trimmed.len() > depth && !trimmed.starts_with("- ")
        };
        let rest = lines[at + 1..].iter().take_while(inside);
        let old = rest.take_while(|_| true).position(|line| line.trim().starts_with("digest:"));
        let line = format!("{}digest: {digest}", " ".repeat(depth + 2));
        match old {
            Some(offset) => lines[at + 1 + offset] = line,
            None => lines.insert(at + 1, line),
        }
        Ok(lines.join("\n") + "\n")
    }

    fn names(&self) -> impl Iterator<Item = (String, &str)> {
        let images = self.images.iter().map(|one| (one.image.to_string(), &*one.needed_for));
        images.chain(self.files.iter().map(|one| (one.url.clone(), &*one.needed_for)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# what others make\nimages:\n  - image: quay.io/a/b:v1 # by hand\n    for: chaos\n\
        \x20 - image: quay.io/a/c:v2\n    for: stage\n    digest: sha256:aa\nfiles: []\n";

    fn text() -> String {
        TEXT.replace("sha256:aa", &Digest::of(b"old").to_string())
    }

    #[test]
    fn a_digest_is_written_where_it_belongs_and_nothing_else_changes() {
        let new = Digest::of(b"new");
        let first = Lock::pinned(&text(), "quay.io/a/b:v1", &new).unwrap();
        let lock = Lock::parse(&first).unwrap();
        assert_eq!(lock.images[0].digest.as_ref(), Some(&new));
        assert_eq!(lock.images[1].digest, Some(Digest::of(b"old")));
        assert!(first.contains("# by hand") && first.starts_with("# what others make"));
        let second = Lock::pinned(&first, "quay.io/a/c:v2", &new).unwrap();
        assert_eq!(Lock::parse(&second).unwrap().images[1].digest, Some(new.clone()));
        assert_eq!(second.lines().count(), first.lines().count());
        assert!(Lock::pinned(TEXT, "quay.io/a/d:v1", &new).is_err());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = |text: &str, words: &str| {
            let why = Lock::parse(text).unwrap_err();
            assert!(why.contains(words), "{why}");
        };
        wrong("images: [{image: nginx, for: x}]", "registry");
        wrong("images: [{image: quay.io/a/b, for: x}]", "tag");
        wrong("images: [{image: quay.io/a/b:v1, for: x, digets: y}]", "digets");
        wrong("images: [{image: quay.io/a/b:v1, for: x, digest: sha256:1}]", "digest is");
        wrong("files: [{url: 'https://a.example/', for: x}]", "name of a file");
        let twice = "{image: quay.io/a/b:v1, for: x}";
        wrong(&format!("images: [{twice}, {twice}]"), "twice");
        let why = Lock::parse(&text()).unwrap().only(&["stges".to_owned()]).unwrap_err();
        assert!(why.contains("`stges`") && why.contains("chaos, stage"), "{why}");
    }
}
