//! Which file of a crate uses what of which other: the arrows between them, read from the source.
//!
//! A name counts for the file that defines it, however many modules hand it on with `pub use`.
//! Tests do not count, and neither does a `mod` declaration: containing is not using.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, UseTree, Visibility};

/// A module's path, from the root of its crate.
type Module = Vec<String>;

/// A path as it is written, in segments.
type Names = Vec<String>;

/// Each file of a crate, relative to its `src`, and the files that it uses.
pub type Arrows = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// The arrows between the files of the crate whose sources lie in `src`.
///
/// # Panics
/// A file cannot be read or is no Rust.
pub fn arrows(src: &Path) -> Arrows {
    let mut krate = Crate::default();
    for root in ["lib.rs", "main.rs"] {
        let file = src.join(root);
        if file.exists() {
            // A program beside its library names the library by its crate, not by `crate`.
            krate.read(&file, if root == "lib.rs" { vec![] } else { vec!["main.rs".to_owned()] });
        }
    }
    let relative = |file: &Path| file.strip_prefix(src).unwrap_or(file).to_owned();
    let mut arrows = Arrows::new();
    for (module, source) in &krate.modules {
        let used = source.used.iter().filter_map(|names| krate.file_of(module, names, 0));
        let used = used.filter(|file| **file != source.file).map(&relative);
        arrows.entry(relative(&source.file)).or_default().extend(used);
    }
    arrows
}

/// The groups of files that lead back to themselves; `room` says what counts as one.
pub fn circles<T: Ord + Clone>(
    arrows: &Arrows,
    room: impl Fn(&Path) -> Option<T>,
) -> Vec<BTreeSet<T>> {
    let mut rooms: BTreeMap<T, BTreeSet<T>> = BTreeMap::new();
    for (from, to) in arrows {
        let Some(here) = room(from) else { continue };
        let there = to.iter().filter_map(|file| room(file)).filter(|there| *there != here);
        let there: Vec<T> = there.collect();
        rooms.entry(here).or_default().extend(there);
    }
    let reach: BTreeMap<&T, BTreeSet<&T>> =
        rooms.keys().map(|start| (start, reachable(start, &rooms))).collect();
    let mut found: Vec<BTreeSet<T>> = Vec::new();
    for start in rooms.keys().filter(|start| reach[start].contains(start)) {
        let back = |other: &&&T| reach.get(**other).is_some_and(|back| back.contains(start));
        let circle: BTreeSet<T> = reach[start].iter().filter(back).map(|t| (*t).clone()).collect();
        if !found.contains(&circle) {
            found.push(circle);
        }
    }
    found
}

fn reachable<'g, T: Ord>(start: &T, graph: &'g BTreeMap<T, BTreeSet<T>>) -> BTreeSet<&'g T> {
    let mut seen = BTreeSet::new();
    let mut left: Vec<&T> = graph.get(start).into_iter().flatten().collect();
    while let Some(next) = left.pop() {
        if seen.insert(next) {
            left.extend(graph.get(next).into_iter().flatten());
        }
    }
    seen
}

#[derive(Default)]
struct Crate {
    modules: BTreeMap<Module, Source>,
}

#[derive(Default)]
struct Source {
    file: PathBuf,
    /// Names that it hands on, and where it has them from.
    handed_on: BTreeMap<String, Names>,
    /// Modules of which it hands on everything.
    all_of: Vec<Names>,
    /// What it brings into scope for itself.
    imported: BTreeMap<String, Names>,
    used: Vec<Names>,
}

impl Crate {
    fn read(&mut self, file: &Path, module: Module) {
        let text = fs::read_to_string(file)
            .unwrap_or_else(|why| panic!("cannot read {}: {why}", file.display()));
        let parsed = syn::parse_file(&text)
            .unwrap_or_else(|why| panic!("{} is no Rust: {why}", file.display()));
        let mut reader = Reader { source: Source { file: file.to_owned(), ..Source::default() } };
        reader.visit_file(&parsed);
        self.modules.insert(module.clone(), reader.source);
        for item in &parsed.items {
            if let Item::Mod(child) = item
                && child.content.is_none()
                && !for_tests(&child.attrs)
            {
                let name = child.ident.to_string();
                let mut path = module.clone();
                path.push(name.clone());
                let named = child.attrs.iter().find_map(path_of);
                let named = named.map(|named| file.with_file_name(named));
                self.read(&named.unwrap_or_else(|| file_of_child(file, &name)), path);
            }
        }
    }

    /// The file that defines what `names` mean in `module`, if that is in this crate.
    fn file_of(&self, module: &Module, names: &[String], depth: usize) -> Option<&Path> {
        let (first, mut rest) = names.split_first()?;
        let mut here = match first.as_str() {
            "crate" => self.root_of(module),
            "self" => module.clone(),
            "super" => module[..module.len().checked_sub(1)?].to_vec(),
            name => {
                let child = [module.as_slice(), &[name.to_owned()]].concat();
                if !self.modules.contains_key(&child) {
                    let imported = self.modules.get(module)?.imported.get(name)?;
                    let whole = [imported.as_slice(), rest].concat();
                    return if depth < 8 && imported[0] != *name {
                        self.file_of(module, &whole, depth + 1)
                    } else {
                        None
                    };
                }
                child
            }
        };
        while let Some((name, after)) = rest.split_first() {
            if name == "super" {
                here.pop()?;
                rest = after;
                continue;
            }
            let child = [here.as_slice(), std::slice::from_ref(name)].concat();
            if self.modules.contains_key(&child) {
                here = child;
                rest = after;
                continue;
            }
            let source = self.modules.get(&here)?;
            let from = source.handed_on.get(name).map(|from| [from.as_slice(), after].concat());
            let globs = source.all_of.iter().map(|from| [from.as_slice(), rest].concat());
            let mut elsewhere = from.into_iter().chain(globs).filter(|_| depth < 8);
            let found = elsewhere.find_map(|names| self.file_of(&here, &names, depth + 1));
            return found.or(Some(&source.file));
        }
        self.modules.get(&here).map(|source| source.file.as_path())
    }

    fn root_of(&self, module: &Module) -> Module {
        module.first().filter(|name| *name == "main.rs").into_iter().cloned().collect()
    }
}

/// `x.rs` and `x/` beside it; `lib.rs` and `main.rs` stand for their folder.
fn file_of_child(parent: &Path, name: &str) -> PathBuf {
    let folder = match parent.file_name().and_then(|name| name.to_str()) {
        Some("lib.rs" | "main.rs") => parent.with_file_name(""),
        _ => parent.with_extension(""),
    };
    folder.join(format!("{name}.rs"))
}

/// The file in `#[path = ".."]`; of a module that has several, by feature, the last one counts.
fn path_of(attribute: &Attribute) -> Option<String> {
    let syn::Meta::NameValue(pair) = &attribute.meta else {
        return None;
    };
    let syn::Expr::Lit(value) = &pair.value else {
        return None;
    };
    match &value.lit {
        syn::Lit::Str(file) if pair.path.is_ident("path") => Some(file.value()),
        _ => None,
    }
}

fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && {
            let text = attribute.to_token_stream().to_string();
            text.contains("test") || text.contains("fuzzing") || text.contains("doctest")
        }
    })
}

struct Reader {
    source: Source,
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let private = matches!(item.vis, Visibility::Inherited);
        let source = &mut self.source;
        flatten(&item.tree, &mut Vec::new(), &mut |names, name| match (private, name) {
            (true, Some(name)) => drop(source.imported.insert(name, names.clone())),
            (true, None) => {}
            (false, Some(name)) => drop(source.handed_on.insert(name, names.clone())),
            (false, None) => source.all_of.push(names.clone()),
        });
        if private {
            flatten(&item.tree, &mut Vec::new(), &mut |names, _| source.used.push(names.clone()));
        }
    }

    /// `pub(in crate::engine)` says who may look, not what is used.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Names = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if names.len() > 1 {
            self.source.used.push(names);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast Macro) {
        // What a macro gets is no syntax tree; paths are recognized by their words.
        let text = item.tokens.to_string().replace(" :: ", "::");
        let word = |char: char| !(char.is_alphanumeric() || char == '_' || char == ':');
        for path in text.split(word).filter(|text| text.contains("::")) {
            let names: Names = path.split("::").map(str::to_owned).collect();
            self.source.used.push(names);
        }
        visit::visit_macro(self, item);
    }
}

/// Hands each name of a `use` to `found`, with its path; a `*` has no name.
fn flatten(tree: &UseTree, path: &mut Names, found: &mut impl FnMut(&Names, Option<String>)) {
    match tree {
        UseTree::Path(part) => {
            path.push(part.ident.to_string());
            flatten(&part.tree, path, found);
            path.pop();
        }
        UseTree::Group(group) => {
            group.items.iter().for_each(|tree| flatten(tree, path, found));
        }
        UseTree::Glob(_) => found(path, None),
        UseTree::Name(name) if name.ident == "self" => {
            let last = path.last().cloned();
            found(path, last);
        }
        UseTree::Name(name) => {
            path.push(name.ident.to_string());
            found(path, Some(name.ident.to_string()));
            path.pop();
        }
        UseTree::Rename(name) => {
            path.push(name.ident.to_string());
            found(path, Some(name.rename.to_string()));
            path.pop();
        }
    }
}
