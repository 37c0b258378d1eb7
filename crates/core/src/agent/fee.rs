//! How a budget is divided, and what early work earns on top.

use super::role::Level;
use crate::money::{BasisPoints, Split};
use crate::time::Millis;

/// The platform's share of every budget that is paid.
const PLATFORM: BasisPoints = BasisPoints(200);

/// The shares where nobody has judged the work: no evaluator earns, and the provider has his share as well.
pub const UNJUDGED: Split = Split { evaluator: BasisPoints(0), platform: PLATFORM, burned: BasisPoints(0) };

/// The shares at a level: 2 % to the platform, 3 or 4 % to the evaluator, and what remains to the provider.
///
/// All levels that one [`Strategy`](super::role::Strategy) can reach have the same, so they are known when a job is
/// created.
pub const fn split(level: Level) -> Split {
    let evaluator = match level {
        Level::L0 | Level::L1 => BasisPoints(300),
        Level::L2 | Level::L3 => BasisPoints(400),
    };
    Split { evaluator, ..UNJUDGED }
}

/// The share of the budget that the provider earns on top: 5 % when it took less than a quarter of the time it was
/// given, 2 % when it took less than half of it. Nothing where no time was given.
///
/// The treasury owes it, as far as it holds it: see [`paid`].
pub const fn bonus(taken: Millis, given: Millis) -> BasisPoints {
    // Widened, so that no span overflows.
    let (taken, given) = (taken.0 as i128, given.0 as i128);
    if given <= 0 {
        BasisPoints(0)
    } else if taken * 4 < given {
        BasisPoints(500)
    } else if taken * 2 < given {
        BasisPoints(200)
    } else {
        BasisPoints(0)
    }
}

/// What the treasury pays of what it owes: all of it, or what it holds. The rest is not owed later.
pub const fn paid(owed: u128, held: u128) -> u128 {
    if owed < held { owed } else { held }
}
