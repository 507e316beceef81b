//! Requests without fault, from which the others are made.

use serde_json::Value;

use super::{
    message::{Body, Message},
    node::Node,
    openapi,
};
use crate::random::Random;

/// Where requests without fault come from.
pub(crate) struct Seeds {
    host: String,
    /// What the command line says: a path, and bodies to be sent there.
    given: Vec<Message>,
    /// What the service says about itself.
    described: Option<Value>,
}

impl Seeds {
    /// A GET of `path`, and a POST of each of `bodies` to it.
    pub(crate) fn new(host: &str, path: &str, bodies: &[Vec<u8>]) -> Self {
        let mut given = vec![Message::new("GET", path, host, Body::Nothing)];
        for body in bodies {
            let body = match serde_json::from_slice::<Value>(body) {
                Ok(value) => Body::Json(Node::from(&value)),
                Err(_) => Body::Bytes(body.clone()),
            };
            given.push(Message::new("POST", path, host, body));
        }
        Self { host: host.to_owned(), given, described: None }
    }

    /// The same, and what an OpenAPI document describes.
    pub(crate) fn described_by(mut self, document: Value) -> Result<Self, String> {
        if openapi::operations(&document).is_empty() {
            return Err("it is no OpenAPI document, or has no path".to_owned());
        }
        self.described = Some(document);
        Ok(self)
    }

    /// One of them.
    pub(crate) fn draw(&self, random: &mut Random) -> Message {
        let Some(document) = &self.described else {
            return random.one(&self.given).expect("there is a GET at least").clone();
        };
        let operations = openapi::operations(document);
        // What the command line says is one more of them.
        let which = random.below(operations.len() as u64 + 1) as usize;
        match operations.get(which) {
            None => random.one(&self.given).expect("there is a GET at least").clone(),
            Some(operation) => {
                let request = operation.example(random);
                let body = request.body.map_or(Body::Nothing, |body| Body::Json((&body).into()));
                Message::new(&request.method, &request.target, &self.host, body)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_is_sent_as_it_is() {
        let bodies = [b"{\"a\":1}".to_vec(), b"no json".to_vec()];
        let seeds = Seeds::new("there:1", "/x", &bodies);
        let mut random = Random::seeded(1);
        let all: Vec<Vec<u8>> = (0..50).map(|_| seeds.draw(&mut random).bytes()).collect();
        for part in
            ["GET /x HTTP/1.1\r\nhost: there:1\r\n\r\n", "\r\n\r\n{\"a\":1}", "\r\n\r\nno json"]
        {
            assert!(all.iter().any(|bytes| bytes.ends_with(part.as_bytes())), "{part}");
        }
    }

    #[test]
    fn a_document_that_describes_nothing_is_refused() {
        let described = |text: &str| {
            Seeds::new("there", "/", &[]).described_by(serde_json::from_str(text).unwrap())
        };
        assert!(described("{}").is_err());
        assert!(described(r#"{"paths": {"/x": {"get": {}}}}"#).is_ok());
    }
}
