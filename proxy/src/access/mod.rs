//! Who a client is, and whether it may use a gated route.
//!
//! Nothing here answers or counts a request; [`crate::gate`] puts it in order.

pub(crate) mod client;
pub(crate) mod failures;
pub(crate) mod keys;
pub(crate) mod networks;
