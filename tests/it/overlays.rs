//! What `kubectl apply -k` takes: every file that is named is there, and every file that is there
//! is named.

use std::fs;
use std::path::{Path, PathBuf};

use e2e::{files, root};
use serde_json::Value;

fn kustomizations() -> Vec<PathBuf> {
    files(&root().join("manifests"), "kustomization.yaml")
}

fn read(file: &Path) -> Value {
    serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

fn named(kustomization: &Value) -> Vec<&str> {
    let lists = ["resources", "components"].map(|list| kustomization[list].as_array());
    lists.into_iter().flatten().flatten().map(|one| one.as_str().unwrap()).collect()
}

#[test]
fn every_file_of_an_app_is_in_its_kustomization_and_every_name_leads_somewhere() {
    let all = kustomizations();
    assert!(all.len() >= 10, "{all:?}");
    for file in all {
        let folder = file.parent().unwrap();
        let kustomization = read(&file);
        let named = named(&kustomization);
        for name in &named {
            let path = folder.join(name);
            let target = if path.is_dir() { path.join("kustomization.yaml") } else { path };
            assert!(target.is_file(), "{}: {name} leads nowhere", file.display());
        }
        // The generated folder has the same rules in other forms beside it.
        if folder.starts_with(root().join("manifests/generated")) {
            continue;
        }
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_str().unwrap();
            let manifest = name.ends_with(".yaml") && name != "kustomization.yaml";
            assert!(!manifest || named.contains(&name), "{} leaves out {name}", file.display());
        }
    }
}

#[test]
fn every_overlay_names_the_image_in_its_own_way_and_never_the_latest() {
    for overlay in ["kind", "civo"] {
        let file = root().join("manifests/overlays").join(overlay).join("kustomization.yaml");
        let kustomization = read(&file);
        let image = &kustomization["images"][0];
        assert_eq!(image["name"], "tales", "{}", file.display());
        let tag = image["newTag"].as_str().unwrap();
        assert!(!tag.is_empty() && tag != "latest", "{}: {tag}", file.display());
        let name = image["newName"].as_str().unwrap();
        assert!(name.split('/').next().unwrap().contains('.'), "{name} would be on Docker Hub");
    }
}
