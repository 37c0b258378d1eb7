//! A log that is too long to be made entry by entry here.

use crate::place::InFile;
use crate::sample::{client, credit};
use crate::world::{World, now};
use docket_core::merkle::Frontier;
use docket_core::money::{Amount, Asset};
use rusqlite::{Connection, params};

#[test]
fn a_tree_of_three_levels_is_taken_up_where_it_ended() {
    const LEAVES: u64 = 66_000;
    let place = InFile::new();
    drop(World::on(Box::new(InFile::at(&place.path()))));
    let mut tree = Frontier::default();
    let mut connection = Connection::open(place.path()).unwrap();
    let transaction = connection.transaction().unwrap();
    {
        let mut leaf = transaction.prepare("INSERT INTO log_leaf VALUES (?1, x'00', ?2)").unwrap();
        let mut node = transaction.prepare("INSERT INTO log_node VALUES (?1, ?2, ?3)").unwrap();
        for index in 0..LEAVES {
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&index.to_be_bytes());
            leaf.execute(params![index as i64, hash]).unwrap();
            tree.push(hash, |level, at, hash| {
                if level > 0 {
                    node.execute(params![level, at as i64, hash]).unwrap();
                }
            });
        }
    }
    transaction.commit().unwrap();
    drop(connection);

    let mut world = World::on(Box::new(place));
    assert_eq!(world.store().log(), (LEAVES, tree.root()));
    assert_eq!(now(world.disk().log_hashes(2, 0, 256)).len(), 1);
    assert_eq!(now(world.disk().log_hashes(1, 256, 256)).len(), 1);
    let next = credit(client("ann"), Amount::new(1, Asset::USDC), "next");
    tree.push(next.leaf.as_ref().unwrap().hash, |_, _, _| {});
    assert_eq!(world.commit(next).unwrap().log_index, Some(LEAVES));
    assert_eq!(world.store().log(), (LEAVES + 1, tree.root()));
}
