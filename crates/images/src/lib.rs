//! Container images, written without a daemon and without a base image: what an image holds is said
//! in Rust, and the same input gives the same bytes, hence the same digest.
//!
//! [`tales`] says what the image of the pods holds, [`stage`] what that of the whole stage does,
//! [`Image::archive`] makes an archive that docker, podman, containerd, kind, k3s and skopeo all
//! read, [`Target`] knows how it gets there.

mod archive;
pub mod bundle;
mod error;
mod image;
mod layer;
mod libraries;
mod release;
mod shell;
mod stage;
mod tales;
mod target;

pub use archive::Archive;
pub use error::ImageError;
pub use image::Image;
pub use release::Release;
pub use stage::{STAGE_REPOSITORY, stage};
pub use tales::{REPOSITORY, SERVICES, tales};
pub use target::Target;

/// The README's example is compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
