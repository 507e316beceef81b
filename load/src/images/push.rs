//! A push: what the manifest names, then the manifest.

use hyper::Method;
use oci::Digest;

use super::call::{Caller, Failure};
use super::make::make;
use super::options::Image;

pub(super) async fn push(caller: &Caller, image: &Image) -> Result<String, Failure> {
    let made = make(image);
    let name = &image.name;
    for blob in made.blobs {
        let path = format!("{name}/blobs/uploads/?digest={}", Digest::of(&blob));
        caller.ask(Method::POST, &path, blob).await?;
    }
    let digest = Digest::of(&made.manifest);
    let path = format!("{name}/manifests/{}", image.tag);
    caller.ask(Method::PUT, &path, made.manifest).await?;
    Ok(format!("pushed {image} {digest}"))
}
