//! The image of the pods: everything that runs in them, in one program.

use std::path::Path;

use crate::error::ImageError;
use crate::image::Image;

/// What it is called where it comes from no registry. The first part is a host that nobody has, so
/// that no node asks Docker Hub for it.
pub const REPOSITORY: &str = "tales.local/tales";

/// Nobody in particular, as distroless images have it: Pod Security's level `restricted` refuses
/// root.
pub(crate) const USER: u32 = 65532;

/// The program that holds every service, the load generator and the inbox; it does what it is
/// called.
pub const SERVICES: &str = "all-services";

/// The names that it is called by, each a `command` of a Deployment or a Job.
pub(crate) const CALLED: [&str; 10] = [
    "dns-leaker",
    "hello",
    "inbox",
    "load",
    "nameserver",
    "orders",
    "pull-limit-exporter",
    "registry",
    "shop",
    "zone-exporter",
];

/// An image with the programs of `folder`.
///
/// It has a shell and a writable `/etc`, since Chaos Mesh's DNSChaos rewrites `/etc/resolv.conf` by
/// shell commands in the container.
///
/// # Errors
/// What is missing or wrong about a program.
pub fn tales(folder: &Path) -> Result<Image, ImageError> {
    with_services(Image::new(USER), folder)
}

/// What both images of this project have in common.
pub(crate) fn with_services(image: Image, folder: &Path) -> Result<Image, ImageError> {
    let mut image = image
        .text(
            "/etc/passwd",
            &format!("root:x:0:0::/:/bin/sh\ntales:x:{USER}:{USER}::/tmp:/bin/sh\n"),
        )
        .text("/etc/group", &format!("root:x:0:\ntales:x:{USER}:\n"))
        .text("/etc/nsswitch.conf", "hosts: files dns\n")
        .shared_folder("/tmp")
        .shell()?
        .program(&folder.join(SERVICES), &format!("/usr/local/bin/{SERVICES}"))?;
    for name in CALLED {
        image = image.link(&format!("/usr/local/bin/{name}"), SERVICES);
    }
    Ok(image)
}
