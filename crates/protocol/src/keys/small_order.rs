//! The eight points of the curve whose order divides eight, as they are written.

use std::sync::LazyLock;

/// The multiples of a point of order eight, beginning with the neutral one.
const WRITTEN: [&str; 8] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

static POINTS: LazyLock<[[u8; 32]; 8]> = LazyLock::new(|| {
    WRITTEN.map(|text| {
        let mut point = [0; 32];
        hex::decode_to_slice(text, &mut point).expect("64 digits are 32 bytes");
        point
    })
});

/// Whether a signature begins with one of them. A second spelling of a point is none of them.
pub(super) fn begins(signature: &[u8; 64]) -> bool {
    POINTS.iter().any(|point| signature.starts_with(point))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::VerifyingKey;

    #[test]
    fn these_are_the_points_of_small_order() {
        for point in *POINTS {
            assert!(VerifyingKey::from_bytes(&point).is_ok_and(|key| key.is_weak()));
            assert_eq!(POINTS.iter().filter(|other| **other == point).count(), 1);
            assert!(begins([point, [0; 32]].concat().as_slice().try_into().unwrap()));
        }
    }
}
