//! `GET /docs/errors`, where the errors' `docs` lead: the list of all codes, as it is written or for a browser.

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use std::sync::LazyLock;

/// Every code and its meaning, with nothing in it but headings, paragraphs and tables of two columns.
const PAGE: &str = include_str!("../../../../docs/errors.md");
const HEAD: &str = include_str!("errors_page.html");
static HTML: LazyLock<String> = LazyLock::new(|| html(PAGE));

/// HTML for whoever asks for it, as browsers do; Markdown for all others.
pub(super) async fn show(headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let (kind, page) = match accept {
        Some(accept) if accept.contains("text/html") => ("text/html; charset=utf-8", HTML.as_str()),
        _ => ("text/markdown; charset=utf-8", PAGE),
    };
    ([(header::CONTENT_TYPE, kind), (header::VARY, "accept")], page).into_response()
}

/// The same page with an anchor for each code.
fn html(markdown: &str) -> String {
    let mut page = HEAD.to_owned();
    let mut rest = markdown;
    while let Some((line, after)) = rest.split_once('\n') {
        let block = match line {
            "" | "|---|---|" => String::new(),
            "| code | meaning |" => "<table>".to_owned(),
            _ if line.starts_with('|') => row(line, after),
            _ => match line.rsplit_once("# ") {
                Some((level, heading)) => format!("<h{0}>{1}</h{0}>", level.len() + 1, text(heading)),
                None => text(line),
            },
        };
        page.push_str(&block);
        page.push_str(if block.starts_with('<') { "\n" } else { " " });
        if line.starts_with('|') && !after.starts_with('|') {
            page.push_str("</table>\n");
        }
        rest = after;
    }
    page.push_str("</main>\n");
    page
}

/// One code. Where several tables have it, its anchor is the last: that of `credits`, whose errors lead here.
fn row(line: &str, after: &str) -> String {
    let mut cells = line.trim_matches(['|', ' ']).splitn(2, " | ");
    let (code, meaning) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
    let name = code.trim_matches('`');
    let anchor =
        if after.contains(&format!("| {code} |")) { String::new() } else { format!(" id=\"{name}\"") };
    format!("<tr{anchor}><td><a href=\"#{name}\"><code>{name}</code></a><td>{}", text(meaning))
}

/// A line with what stands in backticks as code.
fn text(line: &str) -> String {
    let safe = line.replace('&', "&amp;").replace('<', "&lt;");
    let parts = safe.split('`').enumerate();
    parts.map(|(n, part)| if n % 2 == 0 { part.to_owned() } else { format!("<code>{part}</code>") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_is_an_anchor_once_and_the_last_table_has_it() {
        let codes = PAGE.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        for code in codes.clone() {
            assert_eq!(HTML.matches(&format!("id=\"{code}\"")).count(), 1, "{code}");
        }
        assert!(codes.clone().count() > 80, "the page has {} codes", codes.count());
        let (_, ours) = PAGE.split_once("## The dialect `credits`").unwrap();
        let (ours, _) = ours.split_once("\n## ").unwrap();
        let (_, shown) = HTML.split_once("<code>credits</code></h2>").unwrap();
        let (shown, _) = shown.split_once("<h2>").unwrap();
        for code in ours.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()) {
            assert!(shown.contains(&format!("id=\"{code}\"")), "{code} leads elsewhere");
        }
        assert_eq!(HTML.matches("<table>").count(), HTML.matches("</table>").count());
    }

    #[test]
    fn what_is_written_is_shown_as_it_is_meant() {
        let page =
            html("# A `b`\n\nOne < two\nlines.\n\n| code | meaning |\n|---|---|\n| `x` | Of `y`. |\n\nEnd\n");
        let (_, shown) = page.split_at(HEAD.len());
        assert_eq!(
            shown.split_whitespace().collect::<Vec<_>>().join(" "),
            "<h1>A <code>b</code></h1> One &lt; two lines. <table> \
             <tr id=\"x\"><td><a href=\"#x\"><code>x</code></a><td>Of <code>y</code>. </table> End </main>"
        );
    }
}
