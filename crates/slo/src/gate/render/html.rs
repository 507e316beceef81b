//! The verdict as one page for a browser: no script, nothing loaded from elsewhere. Signs and words
//! say what colours say.

use junit::xml;

use super::heat::{HeatMap, ON_A_PAGE, moment, numbers};
use super::markdown::sign;
use super::{evidence, name, number, score, sparkline, window};
use crate::gate::verdict::{Judgement, Outcome, Verdict};
use crate::plain::plain;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#1a1a1a;\
background:#fff}h1{font-size:1.5rem}table{border-collapse:collapse;margin:1rem 0}th,td{border:1px solid #c8c8c8;\
padding:.35rem .6rem;text-align:left;vertical-align:top}td.n{text-align:right;white-space:nowrap}\
th{background:#f2f2f2}.scroll{overflow-x:auto}.pass{background:#e2f3e2}.warning{background:#fdf1cf}\
.inconclusive{background:#ececf4}.fail{background:#fbdcdc}.info{background:#e4effa}small{color:#444}";

impl Verdict {
    /// A self-contained page; with the heat map, if there is a history.
    pub fn to_html(&self, history: Option<&HeatMap>) -> String {
        let headline = format!("{} Gate: {}", sign(self.outcome), self.outcome.word());
        let mut text = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width\"><title>{headline}</title><style>{STYLE}</style></head>\n<body>\n\
             <h1>{headline}</h1>\n"
        );
        if let Some(score) = score(self) {
            text.push_str(&format!("<p>Total {}.</p>\n", escaped(&score)));
        }
        text.push_str(
            "<div class=\"scroll\"><table>\n<tr><th>outcome</th><th>objective</th><th>observed</th><th>wanted</th>\
             <th>evidence</th><th>course</th></tr>\n",
        );
        for judgement in self.worst_first() {
            text.push_str(&row(judgement));
        }
        text.push_str(&format!("</table></div>\n<p>Window: {}.</p>\n", escaped(&window(self))));
        if let Some(history) = history {
            text.push_str(&heat(&history.latest(ON_A_PAGE)));
        }
        text.push_str("</body></html>\n");
        text
    }
}

fn row(judgement: &Judgement) -> String {
    format!(
        "<tr><td class=\"{0}\">{1} {0}</td><td>{2}<br><small>{3}</small></td><td class=\"n\">{4}</td><td class=\"n\">{5}</td>\
         <td>{6}</td><td>{7}</td></tr>\n",
        judgement.outcome.word(),
        sign(judgement.outcome),
        escaped(&name(judgement)),
        escaped(&judgement.reason),
        number(judgement, judgement.observed),
        number(judgement, judgement.target),
        escaped(&evidence(judgement)),
        sparkline(&judgement.series)
    )
}

fn heat(map: &HeatMap) -> String {
    let head: String =
        map.ends.iter().map(|end| format!("<th>{}</th>", escaped(&moment(end)))).collect();
    let cell = |outcome: Outcome, more: String| {
        format!("<td class=\"{0}\">{1} {0}{more}</td>", outcome.word(), sign(outcome))
    };
    let all: String = map.outcomes.iter().map(|outcome| cell(*outcome, String::new())).collect();
    let rows: String = map
        .rows
        .iter()
        .map(|(id, cells)| {
            let cells: String = cells
                .iter()
                .map(|found| match found {
                    None => "<td>-</td>".to_owned(),
                    Some(found) => cell(
                        found.outcome,
                        format!("<br><small>{}</small>", escaped(&numbers(found))),
                    ),
                })
                .collect();
            format!("<tr><th>{}</th>{cells}</tr>\n", escaped(id))
        })
        .collect();
    format!(
        "<h2>History</h2>\n<div class=\"scroll\"><table>\n<tr><th>objective</th>{head}</tr>\n\
         <tr><th>all</th>{all}</tr>\n{rows}</table></div>\n"
    )
}

fn escaped(text: &str) -> String {
    xml(&plain(text))
}

#[cfg(test)]
mod tests {
    use crate::gate::heat_map;
    use crate::gate::tests::memory;

    #[test]
    fn the_page_holds_everything_itself_and_escapes_what_users_wrote() {
        let mut verdict = memory(10.0, 60.0, Some(10_500_000.0));
        verdict.objectives[0].title = Some("<script>alert(1)</script>\u{1b}".to_owned());
        let map = heat_map(&[], &verdict, "2026-11-11T12:00:00Z");
        let page = verdict.to_html(Some(&map));
        assert!(!page.contains("<script") && !page.contains('\u{1b}'), "{page}");
        for wanted in ["❌ fail", "&lt;script&gt;", "83.333 %, limit 99 %", "<h2>History</h2>"] {
            assert!(page.contains(wanted), "{wanted}: {page}");
        }
        assert!(!page.contains("src=") && !page.contains("href="), "nothing is loaded");
        assert!(!verdict.to_html(None).contains("History"));
    }
}
