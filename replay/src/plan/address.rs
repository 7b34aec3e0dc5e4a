//! The addresses that the target is told, one for each who plays.
//!
//! Pure.

use std::net::IpAddr;

use ipnet::IpNet;

/// The address of the player of this number; `None` where the range is too small.
pub(crate) fn address(network: IpNet, player: u32) -> Option<IpAddr> {
    let next = u64::from(player) + 1;
    let address = match network.network() {
        IpAddr::V4(first) => {
            let bits = u32::try_from(u64::from(u32::from(first)) + next).ok()?;
            IpAddr::V4(bits.into())
        }
        IpAddr::V6(first) => IpAddr::V6(u128::from(first).checked_add(next.into())?.into()),
    };
    network.contains(&address).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_used_up_and_not_left() {
        let network = "10.0.0.0/30".parse().unwrap();
        let text = |player| address(network, player).map(|address| address.to_string());
        assert_eq!(text(0).as_deref(), Some("10.0.0.1"));
        assert_eq!(text(2).as_deref(), Some("10.0.0.3"));
        assert_eq!(text(3), None);
        let all = "255.255.255.254/31".parse().unwrap();
        assert_eq!(address(all, 1), None);
        let v6 = "fd00::/126".parse().unwrap();
        assert!(address(v6, 2).is_some() && address(v6, 3).is_none());
    }
}
