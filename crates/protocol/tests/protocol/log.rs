//! Notes and checkpoints against published ones, and what is refused.

use docket_core::merkle::{Frontier, Plan, leaf_hash};
use docket_protocol::keys::SigningKey;
use docket_protocol::log::{
    Checkpoint, CheckpointError, NoteError, ProofError, VerifierKey, check_consistency, check_inclusion,
    open_note, sign_note,
};
use std::collections::BTreeMap;

const ORIGIN: &str = "docket.example/log";

fn key() -> SigningKey {
    SigningKey::from_seed(&[2; 32])
}

fn verifier() -> VerifierKey {
    VerifierKey::new(ORIGIN, key().public_key()).unwrap()
}

/// The checkpoint of the log with the entries `0`, `1`, ... and, by index, their leaves.
fn checkpoint(size: u64) -> Checkpoint {
    let mut frontier = Frontier::default();
    (0..size).for_each(|n| frontier.push(leaf_hash(n.to_string().as_bytes()), |_, _, _| ()));
    Checkpoint { origin: ORIGIN.to_owned(), size, root: frontier.root() }
}

fn prove(plan: &Plan) -> Vec<[u8; 32]> {
    let leaves = |n: u64| leaf_hash(n.to_string().as_bytes());
    let tiles: BTreeMap<_, Vec<_>> =
        plan.tiles().into_iter().map(|tile| (tile, (0..tile.width.into()).map(leaves).collect())).collect();
    plan.hashes(&tiles).unwrap()
}

#[test]
fn a_note_by_another_implementation_is_accepted() {
    // The example in the documentation of Go's golang.org/x/mod/sumdb/note.
    let verifier: VerifierKey =
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW".parse().unwrap();
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    let line = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    assert_eq!(open_note(&format!("{text}\n{line}"), &verifier), Ok(text));
}

#[test]
fn a_verifier_key_reads_back_and_checks_its_id() {
    let published = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
    assert_eq!(published.parse::<VerifierKey>().unwrap().to_string(), published);
    assert_eq!(verifier().to_string().parse(), Ok(verifier()));
    for other in [
        "",
        "sum.golang.org",
        "sum.golang.org+033de0ae",
        "sum.golang.org+033de0af+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.com+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.org+033DE0AE+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.org+033de0ae+BM4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuA==",
    ] {
        assert_eq!(other.parse::<VerifierKey>(), Err(NoteError::NotAVerifierKey), "{other}");
    }
    for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b"] {
        assert_eq!(VerifierKey::new(name, key().public_key()), Err(NoteError::NotAName), "{name}");
    }
}

#[test]
fn a_checkpoint_reads_back_under_its_key_only() {
    let checkpoint = checkpoint(5);
    let note = checkpoint.sign(&key()).unwrap();
    assert!(note.starts_with("docket.example/log\n5\n") && note.contains("\n\n— docket.example/log "));
    assert_eq!(Checkpoint::open(&note, &verifier()), Ok(checkpoint.clone()));
    assert_eq!(Checkpoint::read_unverified(&note), Ok(checkpoint.clone()));

    let stranger = SigningKey::from_seed(&[3; 32]);
    let forged = checkpoint.sign(&stranger).unwrap();
    let not_signed = CheckpointError::Note(NoteError::NotSigned(ORIGIN.to_owned()));
    assert_eq!(Checkpoint::open(&forged, &verifier()), Err(not_signed));
    let tampered = note.replace("\n5\n", "\n6\n");
    let bad = CheckpointError::Note(NoteError::BadSignature(ORIGIN.to_owned()));
    assert_eq!(Checkpoint::open(&tampered, &verifier()), Err(bad));
}

#[test]
fn a_checkpoint_of_another_log_by_the_same_key_is_refused() {
    let other = Checkpoint { origin: "docket.example/other".to_owned(), ..checkpoint(5) };
    let note = sign_note(&other.text(), ORIGIN, &key()).unwrap();
    let refused = Checkpoint::open(&note, &verifier());
    assert_eq!(refused, Err(CheckpointError::OtherLog("docket.example/other".to_owned())));
}

#[test]
fn signatures_of_witnesses_are_passed_over() {
    let note = checkpoint(5).sign(&key()).unwrap();
    let witness = checkpoint(5).sign(&SigningKey::from_seed(&[3; 32])).unwrap();
    let line = witness.lines().last().unwrap();
    let both = format!("{note}{line}\n");
    assert_eq!(Checkpoint::open(&both, &verifier()), Ok(checkpoint(5)));
    assert_eq!(
        Checkpoint::open(&format!("{note}no signature\n"), &verifier()),
        Err(NoteError::Malformed.into())
    );
}

#[test]
fn texts_that_are_no_checkpoints_are_refused() {
    let root = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
    for text in [
        "docket.example/log\n5\n".to_owned(),
        format!("docket.example/log\n05\n{root}\n"),
        format!("docket.example/log\n-5\n{root}\n"),
        format!("docket.example/log\n+5\n{root}\n"),
        format!("docket.example/log\n18446744073709551616\n{root}\n"),
        format!("\n5\n{root}\n"),
        format!("docket.example/log\n5\n{}\n", &root[..43]),
        "docket.example/log\n5\nAAAA\n".to_owned(),
        format!("docket.example/log\n5\n{root}\n\nx\n"),
    ] {
        let note = sign_note(&text, ORIGIN, &key()).unwrap();
        assert_eq!(Checkpoint::open(&note, &verifier()), Err(CheckpointError::Malformed), "{text}");
    }
    let extended = sign_note(&format!("{ORIGIN}\n5\n{root}\nextension\n"), ORIGIN, &key()).unwrap();
    assert_eq!(Checkpoint::open(&extended, &verifier()).map(|checkpoint| checkpoint.size), Ok(5));
}

#[test]
fn texts_that_are_no_notes_are_refused() {
    let note = checkpoint(5).sign(&key()).unwrap();
    for broken in [
        "".to_owned(),
        "\n".to_owned(),
        "\n\n".to_owned(),
        note.trim_end().to_owned(),
        note.replace("\n\n", "\n"),
        note.replace("\n\n", "\r\n\r\n"),
        note.replace("— ", "- "),
        note.replace("\n5\n", "\n\t5\n"),
        checkpoint(5).text() + "\n",
        "x".repeat(70_000) + &note,
    ] {
        assert_eq!(open_note(&broken, &verifier()), Err(NoteError::Malformed), "{broken}");
    }
    for text in ["no newline", "", "a\tb\n", "a\rb\n"] {
        assert_eq!(sign_note(text, ORIGIN, &key()), Err(NoteError::Malformed), "{text}");
    }
}

#[test]
fn an_entry_is_proven_at_its_place_only() {
    let proof = prove(&Plan::inclusion(3, 7).unwrap());
    let log = checkpoint(7);
    assert_eq!(check_inclusion(b"3", 3, &proof, &log), Ok(()));
    assert_eq!(check_inclusion(b"4", 3, &proof, &log), Err(ProofError::OtherRoot));
    assert_eq!(check_inclusion(b"3", 2, &proof, &log), Err(ProofError::OtherRoot));
    assert_eq!(check_inclusion(b"3", 3, &proof, &checkpoint(8)), Err(ProofError::OtherRoot));
    assert_eq!(check_inclusion(b"3", 7, &proof, &log), Err(ProofError::OutsideOfLog(7)));
}

#[test]
fn a_log_only_grows() {
    let proof = prove(&Plan::consistency(4, 7).unwrap());
    assert_eq!(check_consistency(&checkpoint(4), &checkpoint(7), &proof), Ok(()));
    assert_eq!(check_consistency(&checkpoint(4), &checkpoint(4), &[]), Ok(()));
    assert_eq!(check_consistency(&checkpoint(0), &checkpoint(7), &[]), Ok(()));
    assert_eq!(check_consistency(&checkpoint(7), &checkpoint(4), &proof), Err(ProofError::Shrunk(7, 4)));
    assert_eq!(check_consistency(&checkpoint(4), &checkpoint(7), &[]), Err(ProofError::OtherRoot));
    let forked = Checkpoint { root: [9; 32], ..checkpoint(4) };
    assert_eq!(check_consistency(&checkpoint(4), &forked, &[]), Err(ProofError::Forked(4)));
    assert_eq!(check_consistency(&forked, &checkpoint(7), &proof), Err(ProofError::OtherRoot));
    let other = Checkpoint { origin: "other".to_owned(), ..checkpoint(7) };
    assert_eq!(check_consistency(&checkpoint(4), &other, &proof), Err(ProofError::OtherLog));
}
