//! Structured logs on standard error.

use clap::ValueEnum;
use docket_api::CurrentRequest;
use std::fmt;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::{FmtContext, format};
use tracing_subscriber::registry::LookupSpan;

/// How logs are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging. `RUST_LOG` overrides the level, as everywhere.
pub(crate) fn start(format: LogFormat, default_level: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_level));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => logs.event_format(Named { line: format::format(), format }).try_init(),
        LogFormat::Json => {
            let line = format::format().json();
            logs.fmt_fields(format::JsonFields::new()).event_format(Named { line, format }).try_init()
        }
    };
    started.ok(); // Only a test starts logging twice.
}

/// Adds to a line which request it belongs to, if it was written while one was answered.
struct Named<F> {
    line: F,
    format: LogFormat,
}

impl<S, N, F> FormatEvent<S, N> for Named<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some(request) = CurrentRequest::get() else {
            return self.line.format_event(context, writer, event);
        };
        let mut line = String::new();
        self.line.format_event(context, Writer::new(&mut line), event)?;
        let (line, id, route) = (line.trim_end(), request.id(), request.route());
        // Neither has a character that JSON would escape: see how names are checked, and routes are ours.
        match (self.format, line.strip_suffix('}')) {
            (LogFormat::Json, Some(open)) => {
                writeln!(writer, r#"{open},"request":{{"id":"{id}","route":"{route}"}}}}"#)
            }
            _ => writeln!(writer, "{line} request={id} route={route}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;
    use std::io;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn a_line_says_to_which_request_it_belongs() {
        let kept = Kept::default();
        let line = format::format().json();
        let logs = tracing_subscriber::fmt()
            .fmt_fields(format::JsonFields::new())
            .event_format(Named { line, format: LogFormat::Json })
            .with_writer(kept.clone())
            .finish();
        tracing::subscriber::with_default(logs, || {
            tracing::info!(answer = 42, "before");
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let within = CurrentRequest::new(HeaderValue::from_static("7f-1"), None)
                .during(async { tracing::info!("within") });
            runtime.block_on(within);
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!((&lines[0]["fields"]["answer"], lines[0].get("request")), (&42.into(), None));
        assert_eq!(lines[1]["request"], serde_json::json!({"id": "7f-1", "route": ""}));
    }
}
