//! The first page of the admin port: what can be asked there.

use rocket::http::Method;
use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::content::RawHtml;
use rocket::{async_trait, get};

/// The routes that this very port serves, a service's own among them.
pub(super) struct Routes(Vec<(String, Method)>);

#[async_trait]
impl<'r> FromRequest<'r> for Routes {
    type Error = std::convert::Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Self::Error> {
        // Where requests end up that may not change anything is no place to go to.
        let routes = request.rocket().routes();
        let routes = routes.filter(|route| route.name.as_deref() != Some("forbidden"));
        let mut routes: Vec<(String, Method)> =
            routes.map(|route| (route.uri.to_string(), route.method)).collect();
        routes.sort_by(|one, other| (&one.0, one.1.as_str()).cmp(&(&other.0, other.1.as_str())));
        Outcome::Success(Self(routes))
    }
}

/// What can be asked here, with links to what a browser can show.
#[get("/")]
pub(super) fn index(routes: Routes) -> RawHtml<String> {
    let mut page = String::from(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>admin port</title></head>\n<body>\n<h1>Admin port</h1>\n<ul>\n",
    );
    for (path, method) in routes.0 {
        // What has a parameter, or changes something, is no link. Paths are this program's own.
        let shown = path.replace('<', "&lt;").replace('>', "&gt;");
        page += &match method {
            Method::Get if shown == path => format!("<li><a href=\"{path}\">GET {path}</a></li>\n"),
            method => format!("<li>{method} {shown}</li>\n"),
        };
    }
    RawHtml(page + "</ul>\n</body>\n</html>\n")
}
