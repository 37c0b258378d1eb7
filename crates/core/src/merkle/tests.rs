//! Every size up to 200 against the definition, and proofs that were tampered with.

use super::*;
use std::collections::HashMap;

fn leaf(index: u64) -> Hash {
    leaf_hash(&index.to_be_bytes())
}

/// The definitions of RFC 6962, section 2.1, word for word; roots are remembered.
#[derive(Default)]
struct Definition(HashMap<Range<u64>, Hash>);

impl Definition {
    fn root(&mut self, range: Range<u64>) -> Hash {
        if let Some(root) = self.0.get(&range) {
            return *root;
        }
        let root = match range.end - range.start {
            0 => empty_root(),
            1 => leaf(range.start),
            width => {
                let middle = range.start + split(width);
                node_hash(&self.root(range.start..middle), &self.root(middle..range.end))
            }
        };
        self.0.insert(range, root);
        root
    }

    fn path(&mut self, index: u64, range: Range<u64>) -> Vec<Hash> {
        if range.end - range.start == 1 {
            return Vec::new();
        }
        let middle = range.start + split(range.end - range.start);
        let (mut path, other) = if index < middle {
            (self.path(index, range.start..middle), middle..range.end)
        } else {
            (self.path(index, middle..range.end), range.start..middle)
        };
        path.push(self.root(other));
        path
    }

    fn subproof(&mut self, old: u64, range: Range<u64>, whole: bool) -> Vec<Hash> {
        if old == range.end {
            return if whole { Vec::new() } else { vec![self.root(range)] };
        }
        let middle = range.start + split(range.end - range.start);
        let (mut proof, other) = if old <= middle {
            (self.subproof(old, range.start..middle, whole), middle..range.end)
        } else {
            (self.subproof(old, middle..range.end, false), range.start..middle)
        };
        proof.push(self.root(other));
        proof
    }
}

/// All hashes that a growing tree hands out, as a log keeps them.
#[derive(Default)]
struct Kept(Vec<Vec<Hash>>);

impl Kept {
    fn grown_to(size: u64) -> (Self, Frontier) {
        let (mut kept, mut frontier) = (Self::default(), Frontier::default());
        (0..size).for_each(|index| kept.push(&mut frontier, leaf(index)));
        (kept, frontier)
    }

    fn push(&mut self, frontier: &mut Frontier, leaf: Hash) {
        frontier.push(leaf, |level, index, hash| {
            let level = usize::from(level);
            self.0.resize(self.0.len().max(level + 1), Vec::new());
            assert_eq!(self.0[level].len() as u64, index, "hashes come in order");
            self.0[level].push(hash);
        });
    }

    fn tile(&self, tile: Tile) -> Vec<Hash> {
        let first = (tile.index * TILE_WIDTH) as usize;
        self.0[usize::from(tile.level)][first..first + usize::from(tile.width)].to_vec()
    }

    fn prove(&self, plan: &Plan) -> Vec<Hash> {
        let tiles = plan.tiles().into_iter().map(|tile| (tile, self.tile(tile))).collect();
        plan.hashes(&tiles).expect("every tile was given")
    }
}

/// All numbers below a small size; below a large one every fifth, and the last.
fn indexes_below(size: u64) -> impl Iterator<Item = u64> {
    (0..size).filter(move |index| size <= 64 || index % 5 == 0 || index + 1 == size)
}

fn hex(hash: Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn roots_are_those_of_the_published_example() {
    // The eight leaves that the tests of Certificate Transparency use.
    let leaves: [&[u8]; 8] =
        [b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"];
    let mut frontier = Frontier::default();
    assert_eq!(hex(frontier.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    frontier.push(leaf_hash(leaves[0]), |_, _, _| ());
    assert_eq!(hex(frontier.root()), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    leaves[1..].iter().for_each(|entry| frontier.push(leaf_hash(entry), |_, _, _| ()));
    assert_eq!(hex(frontier.root()), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
}

#[test]
fn the_root_of_every_size_is_that_of_the_definition() {
    let mut definition = Definition::default();
    let (mut kept, mut frontier) = Kept::grown_to(0);
    for size in 0..=520 {
        assert_eq!(frontier.root(), definition.root(0..size), "size {size}");
        let peaks = kept.prove(&Plan::frontier(size));
        assert_eq!(Frontier::restore(size, peaks), Some(frontier.clone()), "size {size}");
        kept.push(&mut frontier, leaf(size));
    }
    assert_eq!(Frontier::restore(3, vec![[0; 32]]), None);
}

#[test]
fn every_inclusion_proof_is_that_of_the_definition_and_holds() {
    let mut definition = Definition::default();
    let (kept, _) = Kept::grown_to(200);
    for size in 1..=200 {
        let root = definition.root(0..size);
        for index in indexes_below(size) {
            let proof = kept.prove(&Plan::inclusion(index, size).expect("the leaf is there"));
            assert_eq!(proof, definition.path(index, 0..size), "leaf {index} of {size}");
            assert!(verify_inclusion(&leaf(index), index, size, &proof, &root), "leaf {index} of {size}");
        }
        assert_eq!(Plan::inclusion(size, size), None);
    }
}

#[test]
fn the_proofs_of_a_whole_tree_are_those_of_the_definition() {
    let mut definition = Definition::default();
    for size in 0..=260 {
        let (root, proofs) = prove_each((0..size).map(leaf).collect());
        assert_eq!((root, proofs.len() as u64), (definition.root(0..size), size));
        for (index, proof) in (0..).zip(proofs) {
            assert_eq!(proof, definition.path(index, 0..size), "leaf {index} of {size}");
        }
    }
}

#[test]
fn every_consistency_proof_is_that_of_the_definition_and_holds() {
    let mut definition = Definition::default();
    let (kept, _) = Kept::grown_to(200);
    let roots: Vec<Hash> = (0..=200).map(|size| definition.root(0..size)).collect();
    for new in 0..=200 {
        for old in indexes_below(new + 1) {
            let proof = kept.prove(&Plan::consistency(old, new).expect("the old tree is no larger"));
            let expected = if old == 0 { Vec::new() } else { definition.subproof(old, 0..new, true) };
            assert_eq!(proof, expected, "{old} to {new}");
            let (old_root, new_root) = (&roots[old as usize], &roots[new as usize]);
            assert!(verify_consistency(old, new, old_root, new_root, &proof), "{old} to {new}");
        }
        assert_eq!(Plan::consistency(new + 1, new), None);
    }
}

#[test]
fn a_forged_inclusion_proof_is_refused() {
    let mut definition = Definition::default();
    let (kept, _) = Kept::grown_to(70);
    for size in 1..=70 {
        let root = definition.root(0..size);
        for index in 0..size {
            let proof = kept.prove(&Plan::inclusion(index, size).expect("the leaf is there"));
            let holds = |proof: &[Hash]| verify_inclusion(&leaf(index), index, size, proof, &root);
            assert!(!verify_inclusion(&leaf(size), index, size, &proof, &root), "another leaf");
            assert!(!verify_inclusion(&leaf(index), size, size, &proof, &root), "outside of the tree");
            assert!(!holds(&[&proof[..], &[[0; 32]]].concat()), "a longer proof");
            for at in 0..proof.len() {
                let mut forged = proof.clone();
                forged[at][0] ^= 1;
                assert!(!holds(&forged), "hash {at} for {index} of {size}");
                assert!(!holds(&proof[..at]), "cut at {at} for {index} of {size}");
            }
        }
    }
}

#[test]
fn a_forged_consistency_proof_is_refused() {
    let mut definition = Definition::default();
    let (kept, _) = Kept::grown_to(70);
    let roots: Vec<Hash> = (0..=70).map(|size| definition.root(0..size)).collect();
    for new in 1..=70_u64 {
        for old in 1..new {
            let proof = kept.prove(&Plan::consistency(old, new).expect("the old tree is no larger"));
            let holds = |old_root: &Hash, new_root: &Hash, proof: &[Hash]| {
                verify_consistency(old, new, old_root, new_root, proof)
            };
            let (old_root, new_root) = (&roots[old as usize], &roots[new as usize]);
            assert!(!holds(&[9; 32], new_root, &proof) && !holds(old_root, &[9; 32], &proof));
            assert!(!holds(old_root, new_root, &[&proof[..], &[[0; 32]]].concat()), "longer");
            assert!(!verify_consistency(new, old, new_root, old_root, &proof), "the log shrank");
            for at in 0..proof.len() {
                let mut forged = proof.clone();
                forged[at][31] ^= 128;
                assert!(!holds(old_root, new_root, &forged), "hash {at}, {old} to {new}");
                assert!(!holds(old_root, new_root, &proof[..at]), "cut at {at}, {old} to {new}");
            }
        }
    }
    assert!(!verify_consistency(5, 5, &roots[5], &roots[6], &[]), "two roots of one size");
    assert!(!verify_consistency(0, 5, &roots[1], &roots[5], &[]), "no tree without leaves has that root");
}

#[test]
fn proofs_cross_the_levels_of_tiles() {
    let mut definition = Definition::default();
    let (kept, frontier) = Kept::grown_to(70_000);
    let root = frontier.root();
    assert_eq!(root, definition.root(0..70_000));
    for index in [0, 1, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999] {
        let plan = Plan::inclusion(index, 70_000).expect("the leaf is there");
        assert!(plan.tiles().len() <= 5, "few reads");
        assert!(verify_inclusion(&leaf(index), index, 70_000, &kept.prove(&plan), &root), "leaf {index}");
    }
    for old in [1, 255, 256, 257, 65_535, 65_536, 65_537, 69_999] {
        let proof = kept.prove(&Plan::consistency(old, 70_000).expect("the old tree is no larger"));
        assert!(verify_consistency(old, 70_000, &definition.root(0..old), &root, &proof), "from {old}");
    }
}

#[test]
fn tiles_have_the_widths_of_the_specification() {
    // The example of C2SP tlog-tiles: a tree of 70,000.
    let widths: Vec<_> =
        Plan::frontier(70_000).tiles().iter().map(|tile| (tile.level, tile.index, tile.width)).collect();
    assert_eq!(widths, [(0, 273, 112), (1, 1, 17), (2, 0, 1)]);
    let of_256: Vec<_> = Plan::frontier(256).tiles().iter().map(|tile| (tile.level, tile.width)).collect();
    assert_eq!(of_256, [(1, 1)]);
}

#[test]
fn only_tiles_that_a_tree_has_hold_hashes() {
    let hashes = |level, index, width| Tile { level, index, width }.hashes(70_000);
    assert_eq!(hashes(0, 0, 256), Some(0..256));
    assert_eq!(hashes(0, 273, 112), Some(69_888..70_000));
    assert_eq!(hashes(0, 273, 100), Some(69_888..69_988), "a partial tile of a smaller tree");
    assert_eq!(hashes(0, 273, 113), None);
    assert_eq!(hashes(1, 1, 17), Some(256..273));
    assert_eq!(hashes(2, 0, 1), Some(0..1));
    for (level, index, width) in
        [(2, 0, 2), (3, 0, 1), (63, 0, 1), (255, 0, 1), (0, 0, 0), (0, 0, 257), (0, u64::MAX, 1)]
    {
        assert_eq!(hashes(level, index, width), None, "level {level}, {width} at {index}");
    }
}

#[test]
fn a_missing_or_short_tile_is_named() {
    let (kept, _) = Kept::grown_to(300);
    let plan = Plan::inclusion(3, 300).expect("the leaf is there");
    let mut tiles: BTreeMap<Tile, Vec<Hash>> =
        plan.tiles().into_iter().map(|tile| (tile, kept.tile(tile))).collect();
    let short = Tile { level: 0, index: 0, width: 256 };
    tiles.get_mut(&short).expect("the leaf is in it").pop();
    assert_eq!(plan.hashes(&tiles), Err(TileMissing(short)));
    assert_eq!(plan.hashes(&BTreeMap::new()), Err(TileMissing(short)));
}
