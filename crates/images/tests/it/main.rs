//! Images from outside: their bytes, what is in them, and whether other tools read them.
#![allow(
    clippy::unwrap_used,
    reason = "clippy takes helpers outside of test functions for production code"
)]

mod archive;
mod content;
mod target;

use std::collections::BTreeMap;
use std::io::Read;

use images::Image;

/// The entries of a tar file: the path, without a slash in front, and what is there.
fn entries(tar: impl Read) -> BTreeMap<String, (tar::Header, Vec<u8>)> {
    let mut archive = tar::Archive::new(tar);
    let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().trim_end_matches('/').to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (path, (entry.header().clone(), bytes))
    };
    archive.entries().unwrap().map(read).collect()
}

/// An archive in memory.
fn written(image: &Image, name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    image.archive().write(name, &mut bytes).unwrap();
    bytes
}

/// The entries of the layer of an image.
fn layer(image: &Image) -> BTreeMap<String, (tar::Header, Vec<u8>)> {
    let archive = entries(&*written(image, "tales.local/test:1"));
    let docker: serde_json::Value = serde_json::from_slice(&archive["manifest.json"].1).unwrap();
    let layer = docker[0]["Layers"][0].as_str().unwrap();
    entries(flate2::read::GzDecoder::new(&*archive[layer].1))
}
