//! The log: one tree over every event that moved money.

use crate::sample::{client, credit, job, paid_at_once, terms};
use crate::world::{World, now};
use docket_core::merkle::{Hash, empty_root, leaf_hash, node_hash};
use docket_core::money::{Amount, Asset};

/// The root by the definition of RFC 6962.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&root(left), &root(right))
        }
    }
}

pub(crate) fn the_log_is_the_tree_over_all_entries(world: &mut World) {
    assert_eq!(world.store().log(), (0, empty_root()));
    let mut leaves: Vec<Hash> = Vec::new();
    // Groups of many sizes, with a restart now and then; together more than two full tiles.
    for (round, size) in [1, 2, 5, 64, 183, 1, 256, 30, 100].into_iter().enumerate() {
        let group: Vec<_> = (0..size)
            .map(|number| credit(client("ann"), Amount::new(1, Asset::USDC), &format!("{round} {number}")))
            .collect();
        let committed = world.commit_all(group);
        for committed in committed {
            assert_eq!(committed.unwrap().log_index, Some(leaves.len() as u64));
            let entry = now(world.disk().log_entries(leaves.len() as u64, 1)).remove(0);
            leaves.push(leaf_hash(&entry));
        }
        assert_eq!(world.store().log(), (leaves.len() as u64, root(&leaves)));
        if round % 2 == 1 {
            world.reopen();
            assert_eq!(world.store().log(), (leaves.len() as u64, root(&leaves)));
        }
    }
    assert_eq!(leaves.len(), 642);
    assert_eq!(now(world.disk().log_hashes(0, 0, 256)), leaves[..256]);
    assert_eq!(now(world.disk().log_hashes(0, 600, 256)), leaves[600..]);
    assert_eq!(now(world.disk().log_hashes(1, 0, 256)), [root(&leaves[..256]), root(&leaves[256..512])]);
    assert_eq!(now(world.disk().log_hashes(1, 1, 1)), [root(&leaves[256..512])]);
    assert_eq!(now(world.disk().log_hashes(2, 0, 256)), [[0; 32]; 0]);
    assert_eq!(now(world.disk().log_entries(0, 1_000)).len(), 256);
}

pub(crate) fn an_event_that_moves_money_has_a_place_in_the_log(world: &mut World) {
    world.give("ann", 1_000);
    let settled = world.live(job(1, paid_at_once()), "fund assign submit");
    let closed = world.live(job(2, terms()), "create cancel");
    let place = |job, event| now(world.disk().log_index(job, event));
    assert_eq!(place(settled.id, "funded"), Some(1));
    assert_eq!(place(settled.id, "settled"), Some(2));
    assert_eq!(place(settled.id, "vested"), None);
    assert_eq!(place(closed.id, "cancelled"), None);
    let places: Vec<_> =
        now(world.disk().journal(settled.id)).iter().map(|row| (row.version.0, row.leaf_index)).collect();
    assert_eq!(places, [(1, Some(1)), (3, Some(2))]);
    assert_eq!(world.store().log().0, 3);
}
