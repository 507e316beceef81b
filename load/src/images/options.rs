//! The command lines of `load images push` and `load images pull`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use oci::{Name, Tag};

use crate::duration::parse_duration;

/// How often is tried what may be there soon.
pub(super) const EVERY: Duration = Duration::from_millis(200);

const ABOUT: &str = "\
Examples:
  load images push http://127.0.0.1:5000 shop/vienna:v1 shop/vienna:v2
  load images pull http://127.0.0.1:5000 shop/vienna:v2
  load images push http://registry:5000 shop/vienna:v2 --with-programs     # in a pod: for a kubelet to run

A pull is HEAD of the tag, GET of the manifest and of everything in it, all of it checked: to a registry with a limit, one pull.
A registry, or an image, that is not there yet is waited for (--within). A refusal is not tried again: every attempt may count.

Exit codes: 0 done; 2 not, or not all of it.";

/// Images for a registry.
#[derive(Clone, Debug, Parser)]
#[command(name = "load", version, max_term_width = 120, disable_help_subcommand = true)]
pub(crate) struct Command {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Verb {
    /// Small images for a registry, and somebody who pulls them
    #[command(subcommand)]
    Images(Images),
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Images {
    /// Make small images and push them
    #[command(after_long_help = ABOUT)]
    Push(Push),
    /// Pull images, and throw them away
    #[command(after_long_help = ABOUT)]
    Pull(Work),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Push {
    #[command(flatten)]
    pub(crate) work: Work,

    /// Put the services into them, as `tale images build` does: those beside this program. Every
    /// push makes new images of it, so that a node that has those of an earlier one has to pull
    /// them
    #[arg(long)]
    pub(crate) with_programs: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Work {
    /// The registry: `http://HOST[:PORT]`
    pub(crate) url: String,

    /// The images: NAME:TAG
    #[arg(required = true)]
    pub(crate) images: Vec<Image>,

    /// How long the registry, and what is pulled, may take to be there
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    pub(crate) within: Duration,
}

impl Images {
    pub(super) fn work(&self) -> &Work {
        match self {
            Self::Push(push) => &push.work,
            Self::Pull(work) => work,
        }
    }
}

/// `shop/vienna:v2`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    pub(super) name: Name,
    pub(super) tag: Tag,
}

impl FromStr for Image {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, tag) = text.rsplit_once(':').ok_or("write it as NAME:TAG")?;
        let name = name.parse::<Name>().map_err(|why| why.to_string())?;
        let tag = tag.parse::<Tag>().map_err(|why| why.to_string())?;
        Ok(Self { name, tag })
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name, self.tag)
    }
}
