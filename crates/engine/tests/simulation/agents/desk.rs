//! What clients, providers and evaluators do next, each by its nature.

use super::super::market::Market;
use super::people::{Member, Nature, Part};
use super::words::Deed;
use super::{hire, mark};
use docket_core::agent::hire::{Hire, Judgement, Order, Seat, loser};
use docket_core::agent::identity::Wallet;
use docket_core::agent::penalty::Offence;
use docket_core::agent::role::{Level, Role, Strategy};
use docket_core::hash::ContentHash;
use docket_core::job::{Job, State};
use docket_core::policy::Verdict;
use docket_core::time::Millis;
use docket_engine::Wish;
use docket_protocol::wallet::keccak256;
use std::sync::Arc;

impl Market {
    /// A client wants something done.
    pub(super) fn post_job(&mut self) {
        let made = self.agents.words.iter().filter(|word| matches!(word.deeds[0], Deed::Hire { .. })).count();
        let Some(client) = self.any(Part::Client).filter(|_| made < super::HIRES) else { return };
        let Some(agent) = client.id else { return };
        let strategy = if self.dice.percent(70) { Strategy::Rubric } else { Strategy::Program };
        let span = Millis(self.dice.between(3_000, 40_000));
        let judge = self.any(Part::Evaluator).filter(|_| self.dice.percent(10)).and_then(|judge| judge.id);
        let order = Order {
            strategy,
            program: Some(mark("program", 0)),
            rubric: None,
            capital: None,
            deadline: self.now() + span,
            grace: Millis(0),
            judge,
            rewards_early: false,
        };
        let most = *self.dice.pick(&[10, 1_000_000, 30_000_000, 150_000_000]);
        let budget = u128::from(self.dice.between(1, most).unsigned_abs());
        let number = self.agents.words.len();
        let deed = Deed::Hire { client: agent, budget, number, order: Box::new(order) };
        self.sign_and_send(client.owner, deed);
    }

    pub(super) fn any(&mut self, part: Part) -> Option<Member> {
        let members = self.agents.members.iter().filter(|member| member.part == part && member.id.is_some());
        let members: Vec<Member> = members.cloned().collect();
        (!members.is_empty()).then(|| self.dice.pick(&members).clone())
    }

    /// Somebody does what comes next in a job.
    pub(super) fn go_on_with(&mut self, job: &Arc<Job>) {
        match &job.state {
            State::Open { .. } | State::Funded { .. } if hire(job).provider.is_none() => self.staff(job),
            State::Open { .. } => self.wish_of(hire(job).client, job, Wish::Fund { budget: None }),
            State::Funded { .. } if self.dice.percent(20) => self.find_evaluator(job),
            State::Funded { .. } => self.work(job),
            State::Submitted { .. } if hire(job).evaluator.is_none() => self.find_evaluator(job),
            State::Submitted { .. } => self.judge(job),
            State::Settled { .. } | State::Rejected { .. } => self.contest(job),
            State::Disputed { .. } => {
                for _ in 0..self.dice.between(1, 4) {
                    self.arbitrate(job);
                }
            }
            _ => {}
        }
    }

    pub(super) fn wish_of(&mut self, seat: Seat, job: &Job, wish: Wish) {
        self.wish(seat.owner, job, wish);
    }

    pub(super) fn wish(&mut self, by: Wallet, job: &Job, wish: Wish) {
        self.sign_and_send(by, Deed::Step { job: job.public_id.clone(), wish });
    }

    /// Nobody does it yet: the client pays, describes and chooses, and others offer.
    fn staff(&mut self, job: &Arc<Job>) {
        let hire = hire(job);
        let client = hire.client;
        if self.now() >= hire.order.deadline {
            return self.wish_of(client, job, Wish::Reclaim);
        }
        match self.dice.below(100) {
            0..22 if matches!(job.state, State::Open { .. }) => {
                let budget = self.dice.percent(20).then_some(job.price.units);
                self.wish_of(client, job, Wish::Fund { budget });
            }
            0..27 => {
                let number = self.agents.words.len();
                let (title, description) = (format!("described by word {number}").into(), "".into());
                self.wish_of(client, job, Wish::Describe { title, description });
            }
            27..29 => self.wish_of(client, job, Wish::Cancel),
            29..55 => {
                let invited = hire.invited.and_then(|agent| self.agents.member(agent)).cloned();
                let provider = invited.filter(|_| self.dice.percent(70)).or_else(|| self.any(Part::Provider));
                let Some(Member { owner, id: Some(agent), .. }) = provider else { return };
                self.sign_and_send(owner, Deed::Offer { job: job.public_id.clone(), agent });
            }
            55..62 => self.take_back(job),
            62..90 => self.engage(job),
            _ => self.find_evaluator(job),
        }
    }

    /// Somebody who has offered thinks better of it.
    fn take_back(&mut self, job: &Arc<Job>) {
        let offers = self.coordinator.read(|reader| reader.offers(job.id, 100));
        let standing: Vec<_> = offers.iter().filter(|offer| offer.withdrawn_at.is_none()).collect();
        if !standing.is_empty() {
            let offer = **self.dice.pick(&standing);
            self.sign_and_send(
                offer.owner,
                Deed::TakeBack { job: job.public_id.clone(), agent: offer.agent },
            );
        }
    }

    /// The client takes one who has offered, or asks another.
    fn engage(&mut self, job: &Arc<Job>) {
        let offers = self.coordinator.read(|reader| reader.offers(job.id, 100));
        let standing: Vec<_> = offers.iter().filter(|offer| offer.withdrawn_at.is_none()).collect();
        let provider = if !standing.is_empty() && self.dice.percent(85) {
            Some(self.dice.pick(&standing).agent)
        } else {
            self.any(Part::Provider).and_then(|provider| provider.id)
        };
        if let Some(provider) = provider {
            self.wish_of(hire(job).client, job, Wish::Engage { provider });
        }
    }

    fn find_evaluator(&mut self, job: &Arc<Job>) {
        let hire = hire(job);
        if hire.evaluator.is_some() {
            return;
        }
        let named = hire.order.judge.and_then(|judge| self.agents.member(judge)).cloned();
        let fit = |member: &Member| {
            member.strategy == Some(hire.order.strategy) && member.owner != hire.client.owner
        };
        let fitting: Vec<Member> = self.agents.members.iter().filter(|member| fit(member)).cloned().collect();
        let any = (!fitting.is_empty()).then(|| self.dice.pick(&fitting).clone());
        if let Some(Member { owner, id: Some(evaluator), .. }) = named.or(any) {
            self.wish(owner, job, Wish::Appoint { evaluator });
        }
    }

    /// The provider delivers, or the client has had enough of waiting.
    fn work(&mut self, job: &Arc<Job>) {
        let hire = hire(job);
        let (Some(provider), now) = (hire.provider, self.now()) else { return };
        let late = now >= hire.order.deadline;
        if late && self.dice.percent(40) {
            let anybody = self.any(Part::Client).map(|client| client.owner);
            let by = anybody.filter(|_| self.dice.percent(20)).unwrap_or(hire.client.owner);
            return self.wish(by, job, Wish::Reclaim);
        }
        let (works, is_good) = match self.agents.nature_of(provider.agent) {
            Nature::Honest => (100, true),
            Nature::Silent => (15, true),
            Nature::Gang => (80, self.dice.percent(40)),
            Nature::Sly => (if late { 80 } else { 30 }, self.dice.percent(50)),
        };
        if self.dice.percent(works) {
            let wish = self.made_work(is_good);
            self.wish_of(provider, job, wish);
        }
    }

    pub(super) fn made_work(&mut self, is_good: bool) -> Wish {
        let number = self.agents.works.len();
        let content: Arc<[u8]> = format!("work {number}").into_bytes().into();
        let deliverable = ContentHash(keccak256(&content));
        self.agents.works.insert(deliverable, is_good);
        Wish::Submit { deliverable, content: self.dice.percent(70).then_some(content) }
    }

    /// The evaluator says what it thinks of the work, or what suits it.
    fn judge(&mut self, job: &Arc<Job>) {
        let (hire, is_good) = (hire(job), self.agents.is_good(job));
        let (Some(evaluator), Some(provider)) = (hire.evaluator, hire.provider) else { return };
        let of_the_gang = |agent| self.agents.nature_of(agent) == Nature::Gang;
        let friend = of_the_gang(provider.agent) && !of_the_gang(hire.client.agent);
        let nature = self.agents.nature_of(evaluator.agent);
        let (speaks, passes) = match nature {
            Nature::Honest => (100, is_good),
            Nature::Silent => (10, is_good),
            Nature::Gang => (90, friend),
            Nature::Sly => (60, self.dice.percent(50)),
        };
        if !self.dice.percent(speaks) {
            return;
        }
        let verdict = if passes { Verdict::Complete } else { Verdict::Reject };
        let finds = match (nature, passes) {
            (_, true) => None,
            (Nature::Honest | Nature::Silent, false) => Some(Offence::Garbage),
            _ => Some(*self.dice.pick(&[Offence::Garbage, Offence::BadFaith])),
        };
        let levels = hire.order.strategy.levels();
        let wrong_level = nature == Nature::Sly && self.dice.percent(10);
        let judgement = Judgement {
            level: if wrong_level { Level::L3 } else { *self.dice.pick(levels) },
            borderline: self.dice.percent(25),
            fault: finds.filter(|_| self.dice.percent(40)),
            proof: None,
        };
        self.wish_of(evaluator, job, Wish::Judge { verdict, judgement });
    }

    /// Whom a verdict harms may dispute it: the honest one where it is wrong, others as they like.
    fn contest(&mut self, job: &Arc<Job>) {
        let hire = hire(job);
        let Some(loser) = loser(&job.state) else { return };
        let Some(seat) = hire.seat(loser) else { return };
        let is_wrong = (loser == Role::Client) != self.agents.is_good(job);
        let wants = match self.agents.nature_of(seat.agent) {
            Nature::Honest => {
                if is_wrong {
                    70
                } else {
                    0
                }
            }
            Nature::Silent => 10,
            Nature::Gang => 30,
            Nature::Sly => 40,
        };
        if self.dice.percent(wants) {
            self.wish_of(*seat, job, Wish::Dispute);
        } else if self.dice.percent(4) {
            self.contest_for_nothing(job, hire);
        }
    }

    /// Somebody disputes who may not.
    fn contest_for_nothing(&mut self, job: &Arc<Job>, hire: &Hire) {
        let parties: Vec<Wallet> = hire.parties().iter().map(|party| party.owner).collect();
        let by = *self.dice.pick(&parties);
        let seat = hire.seats().find(|(_, seat)| seat.owner == by);
        if seat.is_some_and(|(_, seat)| self.agents.nature_of(seat.agent) != Nature::Honest) {
            self.wish(by, job, Wish::Dispute);
        }
    }
}
