//! All engines of a worker as one: who answers to which name.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{Delta, Embed, Engine, EngineError, EngineSpec, Infer, Offer, Outcome, Request, StartError};

/// The engines of a worker, in order of preference.
pub struct Engines {
    members: Vec<(Offer, Arc<dyn Engine>)>,
}

impl Engines {
    /// Puts engines together. Refuses none at all, and two models of one name.
    pub fn new(engines: Vec<Arc<dyn Engine>>) -> Result<Self, StartError> {
        let members: Vec<_> = engines.into_iter().map(|engine| (engine.offer(), engine)).collect();
        if members.is_empty() {
            return Err(StartError::Nothing);
        }
        let mut names: Vec<&str> =
            members.iter().flat_map(|(offer, _)| &offer.models).map(|m| m.name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(StartError::Ambiguous(twice[0].to_owned()));
        }
        Ok(Self { members })
    }

    /// Starts an engine for each specification: loads its model, or asks its server what it has.
    ///
    /// `api_key_env` names the environment variable with the bearer key for OpenAI-compatible servers, if they
    /// want one.
    pub async fn start(specs: &[EngineSpec], api_key_env: Option<&str>) -> Result<Self, StartError> {
        let mut engines = Vec::with_capacity(specs.len());
        for spec in specs {
            engines.push(spec.start(api_key_env).await?);
        }
        Self::new(engines)
    }

    fn pick(&self, request: &Request) -> Result<&dyn Engine, EngineError> {
        let mut fitting = self.members.iter().filter(|(offer, _)| match request {
            Request::Task(task) => offer.tasks.contains(&task.kind),
            Request::Infer(Infer { model, .. }) | Request::Embed(Embed { model, .. }) => match model {
                Some(name) => offer.models.iter().any(|model| model.name == *name),
                None => !offer.models.is_empty(),
            },
        });
        let (_, engine) = fitting.next().ok_or_else(|| EngineError::Unsupported(self.missing(request)))?;
        Ok(engine.as_ref())
    }

    fn missing(&self, request: &Request) -> String {
        let models = self.offer().models;
        let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
        match request {
            Request::Task(task) => format!("this worker does not run the task {}", task.kind.name()),
            Request::Infer(_) | Request::Embed(_) if names.is_empty() => {
                "this worker has no language model".into()
            }
            Request::Infer(Infer { model, .. }) | Request::Embed(Embed { model, .. }) => {
                let asked = model.as_deref().unwrap_or_default();
                format!("this worker does not have the model `{asked}`; it has {}", names.join(", "))
            }
        }
    }
}

impl Engine for Engines {
    fn offer(&self) -> Offer {
        let mut all = Offer::default();
        for (offer, _) in &self.members {
            all.models.extend(offer.models.iter().cloned());
            all.tasks.extend(
                offer.tasks.iter().filter(|task| !all.tasks.contains(task)).copied().collect::<Vec<_>>(),
            );
            all.concurrency += offer.concurrency;
        }
        all
    }

    fn run(
        &self,
        request: Request,
        sink: mpsc::Sender<Delta>,
        cancel: CancellationToken,
    ) -> BoxFuture<'_, Result<Outcome, EngineError>> {
        match self.pick(&request) {
            Ok(engine) => engine.run(request, sink, cancel),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}
