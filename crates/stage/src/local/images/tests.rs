//! Pulls from a registry that does as it is told.

use super::*;
use crate::local::testing::SOON;
use crate::local::testing::registry::{Manners, Registry};

struct Test {
    registry: Registry,
    images: Images,
    dir: tempfile::TempDir,
}

impl Test {
    fn new(manners: Manners) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let images = Images::new(dir.path().join("images"), |host, _| host.parse().ok());
        Self { registry: Registry::start(manners), images, dir }
    }

    async fn pull(&mut self, tag: &str) -> Result<Fetched, String> {
        let image: ImageName = self.registry.image(tag).parse().unwrap();
        let address = self.images.registry(&image, "demo").unwrap();
        let by = Waiting { pod: NamespacedName::new("demo", "web"), container: 0 };
        self.images.pull(image, address, by);
        let end = Instant::now() + SOON;
        loop {
            if let Some(pulled) = self.images.next() {
                return pulled.result;
            }
            assert!(Instant::now() < end, "it never ends");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Everything in the store.
    fn files(&self) -> usize {
        let dir = std::fs::read_dir(self.dir.path().join("images/sha256"));
        dir.map_or(0, |files| files.count())
    }
}

#[tokio::test]
async fn a_cold_pull_costs_one_and_a_warm_one_nothing() {
    let mut test = Test::new(Manners::default());
    let cold = test.pull("v1").await.unwrap();
    let head = "HEAD /v2/shop/vienna/manifests/v1";
    let get = "GET /v2/shop/vienna/manifests/";
    let blob = "GET /v2/shop/vienna/blobs/";
    assert_eq!(test.registry.seen(), [head, get, blob, blob]);
    assert!(cold.counted && cold.bytes > 12, "{cold:?}");
    let warm = test.pull("v1").await.unwrap();
    assert_eq!((test.registry.seen(), warm.counted), (vec![head.to_owned()], false));
    assert_eq!((warm.digest, warm.bytes, test.files()), (cold.digest, cold.bytes, 3));
    drop(test.images);
    assert!(!test.dir.path().join("images").exists(), "the store goes with its stage");
}

#[tokio::test]
async fn a_refusal_is_the_registrys_own_and_what_is_warm_is_not_refused() {
    let mut test = Test::new(Manners { left: Some(1), ..Manners::default() });
    test.pull("v1").await.unwrap();
    // Another store knows nothing, and there is no pull left.
    let mut cold = Test::new(Manners { left: Some(0), ..Manners::default() });
    let why = cold.pull("v1").await.unwrap_err();
    assert!(why.starts_with("429 "), "{why}");
    assert!(why.ends_with(": toomanyrequests: You have reached your pull rate limit."), "{why}");
    assert_eq!(cold.files(), 0);
    test.pull("v1").await.unwrap();
}

#[tokio::test]
async fn a_registry_that_wants_a_token_is_given_one() {
    let mut test = Test::new(Manners { token: true, ..Manners::default() });
    test.pull("v1").await.unwrap();
    let seen = test.registry.seen();
    assert_eq!(seen[1], "GET /token?service=x&scope=repository:shop/vienna:pull", "{seen:?}");
    assert_eq!(seen.iter().filter(|line| line.contains("token")).count(), 1, "{seen:?}");
}

#[tokio::test]
async fn a_registry_without_head_is_asked_once() {
    let mut test = Test::new(Manners { plain: true, left: Some(1), ..Manners::default() });
    assert!(test.pull("v1").await.unwrap().counted);
}

#[tokio::test]
async fn content_that_is_something_else_is_thrown_away() {
    for (layer, why) in
        [(&b"old prices"[..], "something else than sha256:"), (&[b'x'; 99], "more than 10 bytes")]
    {
        let mut test = Test::new(Manners { layer: Some(layer.to_vec()), ..Manners::default() });
        let said = test.pull("v1").await.unwrap_err();
        assert!(said.contains(why), "{said}");
        assert_eq!(test.files(), 2, "manifest and configuration");
        // It is asked for again, and right this time.
        test.registry.manners().layer = None;
        test.pull("v1").await.unwrap();
    }
}

#[tokio::test]
async fn images_of_elsewhere_are_there() {
    let dir = tempfile::tempdir().unwrap();
    let images = Images::new(dir.path().join("images"), |host, _| host.parse().ok());
    for image in ["tales:latest", "team/app:v1", "docker.io/library/alpine"] {
        assert_eq!(images.registry(&image.parse().unwrap(), "demo"), None, "{image}");
    }
}
