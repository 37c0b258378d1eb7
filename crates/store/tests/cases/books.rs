//! Money: who has it, who had it, and that none appears or vanishes.

use crate::sample::{FIRST, PRICE, client, credit, job, paid_at_once, terms, testnet, write};
use crate::world::{World, now};
use docket_core::id::{ClientId, JobId, Version};
use docket_core::job::Job;
use docket_core::ledger::Account;
use docket_core::money::{Amount, Asset};
use docket_core::refusal::Refusal;
use docket_store::{CommitError, TransferRow, Write};

pub(crate) fn no_balance_falls_below_zero(world: &mut World) {
    world.give("ann", 999);
    let log = world.store().log();
    let fund = write(&job(1, paid_at_once()), "fund").unwrap();
    for _ in 0..2 {
        let verdict = world.commit(fund.clone());
        assert!(matches!(verdict, Err(CommitError::Refused(Refusal::InsufficientFunds))), "{verdict:?}");
        assert_eq!(world.balance(&client("ann")), 999);
        assert_eq!(world.store().log(), log);
        assert_eq!(now(world.disk().find(&job(1, paid_at_once()).public_id)), None);
        assert_eq!(world.transfers().len(), 1);
        world.reopen();
    }
    world.give("ann", 1);
    world.commit(fund).expect("now there is enough");
    assert_eq!(world.balance(&client("ann")), 0);
    assert_eq!(world.balance(&Account::Outside(testnet())), -1_000);
    world.check_books();
}

pub(crate) fn a_group_is_judged_one_after_another(world: &mut World) {
    let fund = |number| write(&job(number, paid_at_once()), "fund").unwrap();
    let money = |units, key| credit(client("ann"), Amount::new(units, Asset::USDC), key);
    let group = [fund(1), money(1_500, "a"), fund(2), fund(3), money(500, "b"), fund(4)];
    let won: Vec<bool> = world.commit_all(group).iter().map(Result::is_ok).collect();
    assert_eq!(won, [false, true, true, false, true, true]);
    assert_eq!(world.balance(&client("ann")), 0);
    world.check_books();
}

pub(crate) fn balances_are_what_the_transfers_make_them(world: &mut World) {
    world.give("ann", 5_000);
    world.live(job(1, paid_at_once()), "fund assign submit");
    world.live(job(2, paid_at_once()), "fund assign submit-part");
    world.live(job(3, paid_at_once()), "fund cancel");
    world.live(job(4, paid_at_once()), "fund assign");
    world.live(job(5, terms()), "fund assign submit complete lapse");
    world.live(job(6, terms()), "fund assign submit reject dispute rule-divided");
    world.live(job(7, terms()), "fund assign submit complete dispute");
    world.check_books();
    assert_eq!(world.balance(&client("ann")), 5_000 - 1_000 - 285 - 1_000);
    let escrowed = world.jobs().iter().map(|job| job.escrow.units).sum::<u128>();
    let vesting = world.jobs().iter().map(|job| job.vesting.units).sum::<u128>();
    assert_eq!((escrowed, vesting), (1_000, 1_000));
    let held = |world: &World, name: &str| world.store().held(&ClientId(name.into()), Asset::USDC);
    assert_eq!((held(world, "ann"), held(world, "bob")), (1_000, 0), "what was charged is not held");
    world.reopen();
    world.check_books();
    assert_eq!(held(world, "ann"), 1_000);
}

pub(crate) fn a_statement_shows_both_sides_the_newest_first(world: &mut World) {
    for _ in 0..70 {
        world.give("ann", 1_000);
        world.give("bob", 1);
    }
    let jobs: Vec<Write> =
        (1..=60).map(|number| write(&job(number, paid_at_once()), "fund").unwrap()).collect();
    assert!(world.commit_all(jobs).iter().all(Result::is_ok));
    let account = client("ann");
    let mut all = Vec::new();
    loop {
        let before = all.last().map(|last: &TransferRow| last.id);
        let page = now(world.disk().statement(&account, before));
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 100);
        all.extend(page);
    }
    assert!(all.windows(2).all(|pair| pair[0].id > pair[1].id));
    let (spent, received): (Vec<_>, Vec<_>) = all.iter().partition(|row| row.from == account);
    assert_eq!((spent.len(), received.len()), (60, 70));
    assert!(received.iter().all(|row| row.to == account && row.job.is_none() && row.event == "transfer"));
    assert!(spent.iter().all(|row| row.amount == PRICE && row.event == "funded"));
    assert_eq!(spent[0].job.as_ref().map(|id| &*id.text), Some("job-60"));
    assert!(now(world.disk().statement(&Account::Treasury, None)).is_empty());
}

pub(crate) fn a_job_shows_its_own_transfers_in_order(world: &mut World) {
    world.give("ann", 5_000);
    let first = |number| write(&job(number, paid_at_once()), "fund").unwrap();
    let untouched = write(&job(9, terms()), "create").unwrap();
    // Each is written in one group with others, before and after them.
    let funded = world.commit_all([untouched, first(1), first(2), first(3)]);
    let jobs: Vec<_> = funded.into_iter().map(|verdict| verdict.unwrap().job.unwrap()).collect();
    let ways = ["cancel", "assign submit-part", "assign submit"];
    let ends = jobs[1..].iter().zip(ways).map(|(job, way)| world.live((**job).clone(), way));
    let ended: Vec<_> = ends.collect();
    let disputed = world.live(job(5, terms()), "fund assign submit reject dispute rule-divided");
    for _ in 0..2 {
        for job in jobs.iter().chain([&disputed]) {
            let of_job = |row: &TransferRow| row.job.as_ref() == Some(&job.public_id);
            let expected: Vec<_> = world.transfers().into_iter().filter(of_job).collect();
            assert_eq!(now(world.disk().job_transfers(job.id)), expected, "{}", job.public_id.text);
            assert_eq!(expected.is_empty(), job.id == jobs[0].id);
        }
        let escrow = Account::Escrow(ended[1].id);
        let found: Vec<_> = now(world.disk().job_transfers(ended[1].id))
            .into_iter()
            .map(|row| (row.event, row.from, row.to, row.amount.units, row.log_index))
            .collect();
        let row = |event: &str, from, to, units, place| (event.to_owned(), from, to, units, Some(place));
        let expected = [
            row("funded", client("ann"), escrow.clone(), 1_000, 2),
            row("settled", escrow.clone(), Account::Worker(FIRST), 270, 5),
            row("settled", escrow.clone(), Account::Worker(FIRST), 8, 5),
            row("settled", escrow.clone(), Account::Treasury, 5, 5),
            row("settled", escrow.clone(), Account::Burned, 2, 5),
            row("settled", escrow, client("ann"), 715, 5),
        ];
        assert_eq!(found, expected);
        assert!(now(world.disk().job_transfers(JobId(4))).is_empty());
        world.reopen();
    }
}

pub(crate) fn a_page_of_balances_ends_between_accounts(world: &mut World) {
    let both = |number: u32| {
        [Asset::USDC, Asset::ETH].map(|asset| {
            let name = format!("client-{number:03}");
            credit(client(&name), Amount::new(5, asset), &format!("{number} {asset:?}"))
        })
    };
    // The first has one, so that the hundredth row is the first of two.
    assert!(world.commit_all((0..130).flat_map(both).skip(1)).iter().all(Result::is_ok));
    let rows = world.balances();
    assert_eq!(rows.len(), 2 * 130 - 1 + 2);
    let names: Vec<_> = rows.iter().map(|row| (&row.account, &row.asset)).collect();
    assert!(names.is_sorted() && names.windows(2).all(|pair| pair[0] != pair[1]));
    let page = now(world.disk().balances(Some("client:client-120")));
    assert_eq!(page.len(), 2 * 9 + 2);
}

pub(crate) fn assets_of_one_name_and_other_decimals_stay_apart(world: &mut World) {
    let held = [(6, 5), (18, 7)];
    for (decimals, units) in held {
        let asset = Asset::named("COIN", decimals).unwrap();
        let write = credit(client("ann"), Amount::new(units, asset), &format!("{decimals}"));
        world.commit(write).unwrap();
        world.reopen();
    }
    let rows = now(world.disk().balance(&client("ann")));
    let found: Vec<_> = rows.iter().map(|row| (row.decimals, row.units.unsigned_abs())).collect();
    assert_eq!(found, held);
}

pub(crate) fn amounts_beyond_64_bits_are_exact(world: &mut World) {
    let price = Amount::new((1 << 100) + 1, Asset::ETH);
    world.commit(credit(client("ann"), price, "wei")).unwrap();
    let dear =
        Job { price, escrow: price.with_units(0), vesting: price.with_units(0), ..job(1, paid_at_once()) };
    let settled = world.live(dear, "fund assign submit");
    assert_eq!(world.on_disk(settled.id), Some(settled.clone()));
    world.check_books();
    let too_much = Amount::new(u128::MAX, Asset::ETH);
    let greedy =
        Job { price: too_much, client: ClientId("eve".into()), version: Version::NONE, ..job(2, terms()) };
    let greedy = Job { escrow: too_much.with_units(0), vesting: too_much.with_units(0), ..greedy };
    let verdict = world.commit(write(&greedy, "fund").unwrap());
    assert!(matches!(verdict, Err(CommitError::Refused(Refusal::InsufficientFunds))));
    world.check_books();
}
