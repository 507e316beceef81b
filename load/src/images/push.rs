//! A push: what the manifest names, then the manifest.

use hyper::Method;
use hyper::body::Bytes;
use hyper::header::LOCATION;
use oci::{Digest, Name};

use super::call::{Caller, Failure};
use super::make::Made;
use super::options::Image;

/// What `first` has already is not sent again.
pub(super) async fn push(
    caller: &Caller,
    image: &Image,
    made: &Made,
    first: &Name,
) -> Result<String, Failure> {
    let name = &image.name;
    for blob in &made.blobs {
        let digest = Digest::of(blob);
        let path = format!("{name}/blobs/uploads/?mount={digest}&from={first}");
        let begun = caller.ask(Method::POST, &path, Bytes::new()).await?.headers;
        if begun.contains_key("docker-content-digest") {
            continue; // it is there
        }
        let location = begun.get(LOCATION).and_then(|value| value.to_str().ok());
        let upload = location.and_then(|path| path.split_once("/v2/")).map(|(_, path)| path);
        let upload = upload.ok_or_else(|| Failure::Final("no place to upload to".to_owned()))?;
        let joined = if upload.contains('?') { '&' } else { '?' };
        let path = format!("{upload}{joined}digest={digest}");
        caller.ask(Method::PUT, &path, blob.clone()).await?;
    }
    let digest = Digest::of(&made.manifest);
    let path = format!("{name}/manifests/{}", image.tag);
    caller.ask(Method::PUT, &path, made.manifest.clone()).await?;
    Ok(format!("pushed {image} {digest}"))
}
