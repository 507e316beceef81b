//! A pull: HEAD of the tag, which is free; GET of the manifest, which is what registries count; and
//! everything in it. Nothing is kept.

use hyper::Method;
use hyper::body::Bytes;
use oci::Digest;
use oci::manifest::{IMAGE, Manifest};

use super::call::{Caller, Failure};
use super::options::Image;

pub(super) async fn pull(caller: &Caller, image: &Image) -> Result<String, Failure> {
    let name = &image.name;
    let path = format!("{name}/manifests/{}", image.tag);
    let head = caller.ask(Method::HEAD, &path, Bytes::new()).await?;
    let told = head.headers.get("docker-content-digest").and_then(|value| value.to_str().ok());
    let digest = told.and_then(|text| text.parse::<Digest>().ok());
    let wrong = |what: &str| Failure::Final(format!("{image}: {what}"));
    let digest = digest.ok_or_else(|| wrong("HEAD tells no digest"))?;
    let text =
        caller.ask(Method::GET, &format!("{name}/manifests/{digest}"), Bytes::new()).await?.body;
    if !digest.fits(&text) {
        return Err(wrong("the manifest is another one than its digest says"));
    }
    let manifest = Manifest::parse(IMAGE, &text).map_err(|why| wrong(&why.to_string()))?;
    let mut bytes = text.len();
    for blob in manifest.blobs() {
        let path = format!("{name}/blobs/{blob}");
        bytes += caller.get_blob(&path, &blob).await?;
    }
    Ok(format!("pulled {image} {digest}, {bytes} bytes"))
}
