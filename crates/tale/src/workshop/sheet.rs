//! The sheet: one strip for each attendee, which no page break cuts.

use junit::xml;

use super::Attendee;

/// What an attendee does first: why, and the command. The first ones on the own laptop, the last
/// one in the pod.
fn commands(attendee: &Attendee) -> [(&'static str, String); 4] {
    let kubectl = format!("kubectl --kubeconfig {}", file(attendee));
    let pod = &attendee.pod;
    [
        ("get in", format!("{kubectl} exec -it {pod} -- bash")),
        ("in there: play a story", "tale play dns-leak".to_owned()),
        (
            "on your laptop: see it at http://localhost:8080",
            format!("{kubectl} port-forward {pod} 8080"),
        ),
        ("begin anew", format!("{kubectl} delete pod {pod}")),
    ]
}

/// The name of the attendee's kubeconfig.
pub(super) fn file(attendee: &Attendee) -> String {
    format!("{}.kubeconfig", attendee.name)
}

pub(super) fn html(title: &str, attendees: &[Attendee]) -> String {
    let strips: String = attendees.iter().map(strip).collect();
    let title = xml(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n<style>{STYLE}</style>\n<h1>{title}</h1>\n<p>These are keys: cut along the lines, and hand each strip to one person.</p>\n{strips}</html>\n"
    )
}

fn strip(attendee: &Attendee) -> String {
    let commands: String = commands(attendee)
        .iter()
        .map(|(why, command)| {
            format!("<dt>{}</dt><dd><code>{}</code></dd>\n", xml(why), xml(command))
        })
        .collect();
    format!(
        "<section>\n<h2>{}</h2>\n<p>Your file: <code>{}</code>, valid until {}.</p>\n<dl>\n{commands}</dl>\n<p class=\"token\">Token: <code>{}</code></p>\n</section>\n",
        xml(&attendee.name),
        xml(&file(attendee)),
        xml(&attendee.valid_until),
        xml(&attendee.token),
    )
}

/// Names of workshops and attendees are names in DNS, so nothing of them means anything here.
pub(super) fn markdown(title: &str, attendees: &[Attendee]) -> String {
    let mut text = format!("# {}\n\nThese are keys: each part is for one person.\n", title);
    for attendee in attendees {
        text.push_str(&format!(
            "\n## {}\n\nYour file: `{}`, valid until {}.\n\n",
            attendee.name,
            file(attendee),
            attendee.valid_until
        ));
        for (why, command) in commands(attendee) {
            text.push_str(&format!("- {why}: `{command}`\n"));
        }
        text.push_str(&format!("\nToken: `{}`\n", attendee.token));
    }
    text
}

const STYLE: &str = "
:root { color-scheme: light; font: 11pt/1.4 system-ui, sans-serif; }
body { max-width: 60rem; margin: 1rem auto; padding: 0 1rem; }
section { break-inside: avoid; border-top: 1px dashed #555; padding: .6rem 0; }
h2 { margin: 0; }
p, dl { margin: .3rem 0; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dd { margin: 0; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
.token { font-size: 7pt; color: #444; }
@media (max-width: 45rem) { dl { display: block; } }
@media print { h1, h1 + p { display: none; } }
";

#[cfg(test)]
mod tests {
    use super::*;

    fn attendees() -> Vec<Attendee> {
        let attendee = |number: u8| Attendee {
            name: format!("monday-0{number}"),
            pod: "stage-0".to_owned(),
            token: format!("token-of-{number}"),
            valid_until: "2026-11-30T20:00:00Z".to_owned(),
            kubeconfig: String::new(),
        };
        vec![attendee(1), attendee(2)]
    }

    #[test]
    fn each_attendee_has_one_strip_with_name_token_and_commands() {
        let (html, text) = (html("a <b>", &attendees()), markdown("monday", &attendees()));
        assert_eq!(html.matches("<section>").count(), 2);
        assert!(
            html.contains("<title>a &lt;b&gt;</title>") && html.contains("break-inside: avoid")
        );
        for sheet in [&html, &text] {
            for number in 1..=2 {
                let get_in = format!(
                    "kubectl --kubeconfig monday-0{number}.kubeconfig exec -it stage-0 -- bash"
                );
                assert_eq!(sheet.matches(&get_in).count(), 1, "{sheet}");
                assert_eq!(sheet.matches(&format!("token-of-{number}")).count(), 1);
            }
        }
        // A browser draws it, and nothing else.
        let parsed =
            html.replacen("<!doctype html>", "", 1).replace("<meta charset=\"utf-8\">", "");
        roxmltree::Document::parse(&parsed).unwrap();
    }
}
