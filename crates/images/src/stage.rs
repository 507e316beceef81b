//! The image of the whole local stage: `tale`, the pods' program, the project's files, a Prometheus
//! and an Alertmanager, and a shell for a lab. One unprivileged container plays a story.

use std::path::{Path, PathBuf};

use crate::error::ImageError;
use crate::image::Image;
use crate::tales::{USER, with_services};

/// What it is called where it comes from no registry.
pub const STAGE_REPOSITORY: &str = "tales.local/tales-stage";

/// Where the project lies in it.
const HOME: &str = "/tales";

/// Where its page is served; publish this port.
const PORT: u16 = 8080;

/// What `tale` is told in it: where the project lies, where to serve the page, where the report
/// goes if there is such a folder, and where it may write.
const VARIABLES: [(&str, &str); 4] = [
    ("TALES_HOME", HOME),
    ("TALES_LISTEN", "0.0.0.0:8080"),
    ("TALES_OUT", "/out"),
    ("TALES_STATE", "/tmp/tales"),
];

/// The folders and files of the project that are not for those only who build it.
const PROJECT: [&str; 5] = ["chaos-experiments", "docs", "load/profiles", "manifests", "tales"];
const PAGES: [&str; 2] = ["LICENSE", "README.md"];

/// Where Debian keeps the pages of its Prometheus, and those and the texts of its Alertmanager;
/// others have them in the program.
const WEB: &str = "/usr/share/prometheus/web";
const TEXTS: &str = "/usr/share/prometheus/alertmanager";

/// What comes from this machine and is somebody else's: the program, by its names, where it goes,
/// and Debian's package.
const BACKENDS: [(&[&str], &str, &str); 3] = [
    (&["prometheus"], "/usr/bin/prometheus", "prometheus"),
    (
        &["prometheus-alertmanager", "alertmanager"],
        "/usr/bin/prometheus-alertmanager",
        "prometheus-alertmanager",
    ),
    (&["bash"], "/bin/bash", "bash"),
];

/// Packages of which a part is in the image; their licences go along.
const PACKAGES: [&str; 6] =
    ["bash", "busybox", "libc6", "libtinfo6", "prometheus", "prometheus-alertmanager"];

/// What terminals can do, for the shell.
const TERMINALS: [&str; 5] =
    ["l/linux", "s/screen-256color", "t/tmux-256color", "v/vt100", "x/xterm-256color"];

/// An image with the programs of `folder` and the files of `project`.
///
/// # Errors
/// What is missing or wrong about a program, or a file that cannot be read.
pub fn stage(folder: &Path, project: &Path) -> Result<Image, ImageError> {
    let mut image = with_services(Image::new(USER), folder)?
        .program(&folder.join("tale"), "/usr/local/bin/tale")?
        // As in the project's folder: `./tale play`.
        .link(&format!("{HOME}/tale"), "/usr/local/bin/tale")
        .entry_point("/usr/local/bin/tale", HOME)
        .listens_on(PORT);
    for (name, value) in VARIABLES {
        image = image.variable(name, value);
    }
    for (names, path, package) in BACKENDS {
        let missing = ImageError::NotInstalled { program: names[0], package };
        image = image.program(&on_path(names).ok_or(missing)?, path)?;
    }
    image = with_project(image, project, HOME)?;
    if Path::new(WEB).is_dir() {
        image = web(image)?;
    }
    if Path::new(TEXTS).is_dir() {
        image = image.tree(Path::new(TEXTS), TEXTS)?;
    }
    let mut there = vec!["/etc/ssl/certs/ca-certificates.crt".to_owned()];
    there.extend(PACKAGES.map(|package| format!("/usr/share/doc/{package}/copyright")));
    there.extend(TERMINALS.map(|terminal| format!("/lib/terminfo/{terminal}")));
    for file in there.iter().filter(|file| Path::new(file).is_file()) {
        image = image.file(Path::new(file), file)?;
    }
    Ok(image)
}

/// What a play, a lab and a reader need of the project.
pub(crate) fn with_project(
    mut image: Image,
    project: &Path,
    to: &str,
) -> Result<Image, ImageError> {
    for part in PROJECT {
        image = image.tree(&project.join(part), &format!("{to}/{part}"))?;
    }
    for page in PAGES {
        image = image.file(&project.join(page), &format!("{to}/{page}"))?;
    }
    Ok(image)
}

/// The pages, and those files of the libraries they use that they ask for: the packages hold a
/// hundred times as much.
fn web(image: Image) -> Result<Image, ImageError> {
    let web = Path::new(WEB);
    let mut image = image.tree(&web.join("templates"), &format!("{WEB}/templates"))?;
    for own in ["css", "img", "js", "vendor"] {
        let own = format!("static/{own}");
        image = image.tree(&web.join(&own), &format!("{WEB}/{own}"))?;
    }
    let pages = std::fs::read_dir(web.join("templates")).into_iter().flatten().flatten();
    for page in pages {
        let text = std::fs::read_to_string(page.path()).unwrap_or_default();
        for asked in text.split("/classic/static/").skip(1) {
            let end = asked.find(['?', '"']).unwrap_or(0);
            let file = web.join("static").join(&asked[..end]);
            if file.is_file() {
                image = image.file(&file, &file.to_string_lossy())?;
            }
        }
    }
    Ok(image)
}

fn on_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut places = names.iter().flat_map(|name| folders.iter().map(move |f| f.join(name)));
    places.find(|place| place.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tales::CALLED;

    #[test]
    fn the_dockerfile_makes_the_same() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Dockerfile");
        let file = std::fs::read_to_string(file).unwrap();
        let last = file.rsplit("\nFROM ").next().unwrap();
        for (name, value) in VARIABLES {
            assert!(last.contains(&format!("{name}={value}")), "{name}={value}");
        }
        for part in PROJECT {
            assert!(last.contains(&format!("COPY {part} {part}\n")), "{part}");
        }
        assert!(last.contains(&format!("COPY {} ./\n", PAGES.join(" "))));
        assert!(last.contains(&format!("WORKDIR {HOME}\n")));
        assert!(last.contains(&format!("EXPOSE {PORT}\nUSER {USER}\n")));
        assert!(last.contains("ENTRYPOINT [\"/usr/local/bin/tale\"]"));
        assert!(file.contains(&format!("for name in {};", CALLED.join(" "))), "{CALLED:?}");
        let packages = BACKENDS.iter().filter(|(names, ..)| names[0] != "bash");
        for (_, _, package) in packages {
            assert!(last.contains(&format!(" {package} ")), "{package}");
        }
    }
}
