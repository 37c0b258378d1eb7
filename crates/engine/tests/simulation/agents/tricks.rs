//! What is tried beside the plain way: words again and changed, stakes taken out in between, steps of others.

use super::super::market::Market;
use super::people::{Member, Nature};
use super::words::Deed;
use super::{hire, mark};
use docket_core::agent::court::Vote;
use docket_core::agent::hire::Judgement;
use docket_core::agent::role::Level;
use docket_core::command::{Canceller, Command};
use docket_core::policy::Verdict;
use docket_engine::Wish;

impl Market {
    /// Somebody says again what he has signed: mostly because he heard nothing, sometimes long after, sometimes with
    /// something else under it.
    pub(super) fn say_again(&mut self) {
        let words = &self.agents.words;
        let unheard: Vec<usize> = (0..words.len()).filter(|at| !words[*at].told).collect();
        let recent: Vec<usize> = (words.len().saturating_sub(12)..words.len()).collect();
        let list = match self.dice.below(10) {
            0..5 if !unheard.is_empty() => unheard,
            0..8 => recent,
            _ => (0..words.len()).collect(),
        };
        if list.is_empty() {
            return;
        }
        let number = *self.dice.pick(&list);
        let by = self.agents.words[number].word.by;
        if self.nature_of_owner(by) != Nature::Honest
            && self.dice.percent(40)
            && let Some(other) = self.changed(&self.agents.words[number].deeds[0].clone())
        {
            self.agents.words[number].deeds.push(other);
        }
        let body = self.dice.index(self.agents.words[number].deeds.len());
        self.send_word(number, body);
    }

    pub(super) fn nature_of_owner(&self, owner: docket_core::agent::identity::Wallet) -> Nature {
        let member = self.agents.members.iter().find(|member| member.owner == owner);
        member.map_or(Nature::Sly, |member| member.nature)
    }

    /// Something else that could be sent under the same word.
    fn changed(&mut self, deed: &Deed) -> Option<Deed> {
        let step = |wish| Deed::Step { job: deed.job().expect("it is about one").clone(), wish };
        let units = self.unique_units(1, 60);
        Some(match deed {
            Deed::Deposit { agent, .. } if self.dice.percent(50) => Deed::Deposit { agent: *agent, units },
            Deed::Deposit { agent, .. } | Deed::Withdraw { agent, .. } => {
                Deed::Withdraw { agent: *agent, units }
            }
            Deed::Hire { client, order, .. } => {
                // Its number tells it from the first.
                let bodies: usize = self.agents.words.iter().map(|signed| signed.deeds.len()).sum();
                let number = 1_000_000 + bodies;
                Deed::Hire { client: *client, budget: 5_000_000, number, order: order.clone() }
            }
            Deed::Offer { job, agent } => Deed::TakeBack { job: job.clone(), agent: *agent },
            Deed::TakeBack { job, agent } => Deed::Offer { job: job.clone(), agent: *agent },
            Deed::Step { wish, .. } => match wish {
                Wish::Fund { .. } => step(Wish::Cancel),
                Wish::Describe { .. } => {
                    let number = self.agents.words.len() * 1_000 + self.dice.index(1_000);
                    let (title, description) = (format!("changed to {number}").into(), "".into());
                    step(Wish::Describe { title, description })
                }
                Wish::Submit { .. } => step(self.made_work(false)),
                Wish::Judge { verdict, judgement } => {
                    let verdict = match verdict {
                        Verdict::Complete => Verdict::Reject,
                        Verdict::Reject => Verdict::Complete,
                    };
                    let judgement = Judgement { fault: None, ..*judgement };
                    step(Wish::Judge { verdict, judgement })
                }
                Wish::Commit { .. } => {
                    let vote = *self.dice.pick(&[Vote::Uphold, Vote::Overturn]);
                    step(Wish::Commit { commitment: self.ballot(vote) })
                }
                Wish::Engage { .. } => {
                    let other = self.any(super::people::Part::Provider)?.id?;
                    step(Wish::Engage { provider: other })
                }
                _ => return None,
            },
            _ => return None,
        })
    }

    /// An owner puts something down, or takes out what may be needed yet.
    pub(super) fn move_stake(&mut self) {
        let members: Vec<Member> =
            self.agents.members.iter().filter(|member| member.id.is_some()).cloned().collect();
        let Member { owner, id: Some(agent), .. } = self.dice.pick(&members).clone() else { return };
        let deed = if self.dice.percent(60) {
            Deed::Withdraw { agent, units: self.unique_units(1, 150) }
        } else {
            Deed::Deposit { agent, units: self.unique_units(1, 80) }
        };
        self.sign_and_send(owner, deed);
    }

    /// Somebody tries what is not for him.
    pub(super) fn trick(&mut self) {
        let jobs = self.open_hires();
        let rogues = self.agents.members.iter().filter(|member| member.nature != Nature::Honest);
        let rogues: Vec<Member> = rogues.cloned().collect();
        if jobs.is_empty() || rogues.is_empty() {
            return;
        }
        let job = self.dice.pick(&jobs).clone();
        let members = self.agents.members.iter().filter(|member| {
            hire(&job).parties().iter().any(|party| party.owner == member.owner)
                && member.nature != Nature::Honest
        });
        let insiders: Vec<Member> = members.cloned().collect();
        let rogue = if !insiders.is_empty() && self.dice.percent(70) { &insiders } else { &rogues };
        let Member { owner, id: Some(agent), .. } = self.dice.pick(rogue).clone() else { return };
        let (judgement, name) = (
            Judgement { level: Level::L1, borderline: true, fault: None, proof: None },
            job.public_id.clone(),
        );
        let salt = mark("a guess", 0);
        let wish = match self.dice.below(15) {
            0 => return self.sign_and_send(owner, Deed::Offer { job: name, agent }),
            1 => return self.sign_and_send(owner, Deed::TakeBack { job: name, agent }),
            2 => {
                let description = format!("shown {}", self.agents.words.len()).into();
                return self.sign_and_send(owner, Deed::Show { agent, description });
            }
            3 | 4 => Wish::Appoint { evaluator: agent },
            5 => Wish::Fund { budget: Some(1) },
            6 => Wish::Engage { provider: agent },
            7 => self.made_work(false),
            8 => Wish::Judge { verdict: Verdict::Complete, judgement },
            9 => Wish::StepBack,
            10 => Wish::Cancel,
            11 => Wish::Reclaim,
            12 => Wish::Dispute,
            13 => Wish::Commit { commitment: self.ballot(Vote::Overturn) },
            _ => Wish::Reveal { vote: Vote::Overturn, salt },
        };
        self.wish(owner, &job, wish);
    }

    /// The operator vouches for somebody, or withdraws a job.
    pub(super) fn let_operator_meddle(&mut self) {
        if self.dice.percent(30) {
            let jobs = self.open_hires();
            if !jobs.is_empty() {
                let id = self.dice.pick(&jobs).public_id.clone();
                self.order_to(id, Command::Cancel { by: Canceller::Operator });
            }
        } else if let Some(agent) = self.any(super::people::Part::Arbitrator).and_then(|agent| agent.id) {
            let appointed = self.dice.percent(75);
            self.appoint(agent, appointed);
        }
    }

    /// Somebody wants to read what was delivered.
    pub(super) fn fetch_some(&mut self) {
        let jobs = self.open_hires();
        let delivered: Vec<_> = jobs.iter().filter(|job| job.delivery().is_some()).collect();
        if delivered.is_empty() {
            return;
        }
        let job = *self.dice.pick(&delivered);
        let parties: Vec<_> = hire(job).seats().map(|(_, seat)| seat.owner).collect();
        let stranger = self.dice.pick(&self.agents.members).owner;
        let by = if self.dice.percent(70) { *self.dice.pick(&parties) } else { stranger };
        let name = job.public_id.clone();
        self.sign_and_send(by, Deed::Fetch { job: name });
    }
}
