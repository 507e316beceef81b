//! One note in a merge request, which every push rewrites: against a GitLab and a GitHub that
//! answer as the real ones do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use e2e::root;
use serde_json::{Value, json};

/// What was asked: the method, the path, the header that says who asks, and the body.
type Asked = (String, String, String, Value);

/// An API that has these notes, and remembers what it was asked.
fn api(notes: Vec<Value>) -> (String, Arc<Mutex<Vec<Asked>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                head.push(line.trim().to_owned());
            }
            let header = |wanted: &str| {
                let find = |line: &&String| line.to_lowercase().starts_with(wanted);
                head.iter().find(find).cloned().unwrap_or_default()
            };
            let length =
                header("content-length:").split(' ').nth(1).map_or(0, |it| it.parse().unwrap());
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let mut words = head[0].split(' ').map(str::to_owned);
            let (method, path) = (words.next().unwrap(), words.next().unwrap());
            let who = [header("private-token:"), header("authorization:")].concat();
            let page: usize = path.split("page=").last().map_or(1, |it| it.parse().unwrap_or(1));
            let answer = if method == "GET" {
                json!(notes.iter().skip((page - 1) * 100).take(100).collect::<Vec<_>>())
            } else {
                json!({"id": 1})
            };
            let body = serde_json::from_slice(&body).unwrap_or_default();
            seen.lock().unwrap().push((method, path, who, body));
            let answer = answer.to_string();
            let length = answer.len();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
            stream.get_mut().write_all((head + &answer).as_bytes()).unwrap();
        }
    });
    (url, asked)
}

const PAGE: &str = "<!-- tales: gate -->\n## Gate: pass\n\n\"quoted\" \\ and ünïcode\n";

fn note(variables: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("gate.md");
    std::fs::write(&page, PAGE).unwrap();
    let mut command = Command::new(root().join("ci/note"));
    for other in ["CI_MERGE_REQUEST_IID", "GITHUB_REPOSITORY", "GITHUB_REF", "TALES_NOTE_TOKEN"] {
        command.env_remove(other);
    }
    command.arg(&page).envs(variables.iter().copied()).output().unwrap()
}

fn on_gitlab(url: &str) -> Output {
    note(&[
        ("CI_API_V4_URL", url),
        ("CI_PROJECT_ID", "7"),
        ("CI_MERGE_REQUEST_IID", "3"),
        ("TALES_NOTE_TOKEN", "hush"),
    ])
}

fn on_github(url: &str) -> Output {
    note(&[
        ("GITHUB_API_URL", url),
        ("GITHUB_REPOSITORY", "me/tales"),
        ("GITHUB_REF", "refs/pull/3/merge"),
        ("GITHUB_TOKEN", "hush"),
    ])
}

/// The last thing that was asked, after a run that went well.
fn last(output: &Output, asked: &Mutex<Vec<Asked>>) -> Asked {
    assert!(output.status.success(), "{output:?}");
    asked.lock().unwrap().last().unwrap().clone()
}

#[test]
#[ignore = "needs curl and jq"]
fn a_first_note_is_written() {
    let others = vec![
        json!({"id": 5, "body": "LGTM"}),
        json!({"id": 6, "body": "see <!-- tales: gate -->"}),
    ];
    let (url, asked) = api(others.clone());
    let (method, path, who, body) = last(&on_gitlab(&url), &asked);
    assert_eq!((method.as_str(), path.as_str()), ("POST", "/projects/7/merge_requests/3/notes"));
    assert_eq!(
        (who.to_lowercase().as_str(), &body),
        ("private-token: hush", &json!({"body": PAGE}))
    );
    let (url, asked) = api(others);
    let (method, path, who, body) = last(&on_github(&url), &asked);
    assert_eq!((method.as_str(), path.as_str()), ("POST", "/repos/me/tales/issues/3/comments"));
    assert_eq!(
        (who.to_lowercase().as_str(), &body),
        ("authorization: bearer hush", &json!({"body": PAGE}))
    );
}

#[test]
#[ignore = "needs curl and jq"]
fn a_note_that_is_there_is_rewritten_wherever_it_is() {
    // On the second page of them.
    let mut notes: Vec<Value> = (0..130).map(|id| json!({"id": id, "body": "LGTM"})).collect();
    notes[120]["body"] = json!("<!-- tales: gate -->\n## Gate: fail");
    let (url, asked) = api(notes.clone());
    let (method, path, _, body) = last(&on_gitlab(&url), &asked);
    assert_eq!((method.as_str(), path.as_str()), ("PUT", "/projects/7/merge_requests/3/notes/120"));
    assert_eq!(body, json!({"body": PAGE}));
    let (url, asked) = api(notes);
    let (method, path, ..) = last(&on_github(&url), &asked);
    assert_eq!((method.as_str(), path.as_str()), ("PATCH", "/repos/me/tales/issues/comments/120"));
}

#[test]
#[ignore = "needs curl and jq"]
fn without_a_merge_request_or_a_token_nothing_is_written() {
    let (url, asked) = api(Vec::new());
    for (variables, says) in [
        (&[][..], "no merge request"),
        (
            &[
                ("CI_API_V4_URL", url.as_str()),
                ("CI_PROJECT_ID", "7"),
                ("CI_MERGE_REQUEST_IID", "3"),
            ],
            "set TALES_NOTE_TOKEN",
        ),
    ] {
        let output = note(variables);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(says), "{said}");
    }
    assert!(asked.lock().unwrap().is_empty());
}
