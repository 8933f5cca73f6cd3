//! By which sockets a survey is sent: raw ones of the helper, or ordinary ones.

use std::collections::HashSet;
use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use watchpost_core::inventory::network;

use watchpost_survey::connect::Connect;
use watchpost_survey::probe::{Helper, NAME};
use watchpost_survey::raw::route::{Wish, elsewhere, ethernet, way as way_to};
use watchpost_survey::scope::Targets;
use watchpost_survey::take::{Request, Sender};

use super::plan::Read;
use crate::args::survey::Take;
use crate::exit::Failure;
use crate::render::words::plural;

/// Networks whose ways are looked up, at most; further ones are taken to be reached as these are.
const NETWORKS: usize = 4_096;

/// Opens it; and what is to be said of it, in sentences.
///
/// # Errors
/// What was asked for is not to be had here.
pub fn sender(typed: &Take, read: &Read, targets: &Targets) -> Result<(Sender, Vec<String>), Failure> {
    let own = |v4: bool| typed.source.iter().copied().find(|own| own.is_ipv4() == v4);
    let connect = || {
        let v4 = own(true).and_then(|own| if let IpAddr::V4(own) = own { Some(own) } else { None });
        let v6 = own(false).and_then(|own| if let IpAddr::V6(own) = own { Some(own) } else { None });
        Sender::Connect(Connect::new(v4, v6))
    };
    if typed.connect {
        return Ok((connect(), Vec::new()));
    }
    match raw(typed, read, targets) {
        Ok(sender) => Ok((sender, Vec::new())),
        Err(why) if typed.raw => Err(Failure::configuration(
            format!("raw packets: {why}"),
            "Run it as root, or `setcap cap_net_raw+ep` watchpost-probe; or use --connect, which needs neither.",
        )),
        Err(why) => Ok((
            connect(),
            vec![format!(
                "by ordinary connections, slower and without ICMP, because raw packets are not to be had ({why})"
            )],
        )),
    }
}

fn raw(typed: &Take, read: &Read, targets: &Targets) -> Result<Sender, String> {
    let program: PathBuf = std::env::current_exe()
        .map(|own| own.with_file_name(NAME))
        .map_err(|error| format!("{NAME} is not found: {error}"))?;
    if !program.exists() {
        return Err(format!("{} is not there", program.display()));
    }
    let gateway = match typed.gateway_mac.as_deref() {
        Some(text) => Some(
            ethernet(text)
                .ok_or_else(|| format!("{text:?} is no Ethernet address such as 02:00:5e:00:00:01"))?,
        ),
        None => None,
    };
    let wish = Wish { interface: typed.interface.clone(), source: typed.source.clone(), gateway };
    let mut first: Vec<IpAddr> = Vec::new();
    for target in [targets.at(0), targets.at(targets.count().saturating_sub(1))].into_iter().flatten() {
        first.push(target.0.get());
    }
    let target = *first.first().ok_or("there is no target")?;
    let mut way = way_to(&wish, target).map_err(|error| format!("no way to {target}: {error}"))?;
    // The other family, where it is asked too.
    if let Some(other) = first.iter().find(|other| other.is_ipv4() != target.is_ipv4())
        && let Ok(also) = way_to(&wish, *other)
        && also.interface == way.interface
    {
        (way.v4, way.v6) = (way.v4.or(also.v4), way.v6.or(also.v6));
    }
    let helper =
        Helper::start(&program, &read.text, read.scope.clone(), &way).map_err(|error| error.to_string())?;
    Ok(Sender::Raw(Box::new((helper, way))))
}

/// Leaves out what cannot be asked by one way, and says so: it would look as if it had been asked, and were closed.
pub fn reachable(typed: &Take, request: &mut Request, sender: &Sender, say: &dyn Fn(&str)) {
    let Sender::Raw(raw) = sender else { return };
    let way = &raw.1;
    for (v4, missing, family) in [(true, way.v4.is_none(), "IPv4"), (false, way.v6.is_none(), "IPv6")] {
        if missing {
            let left = leave_out(request, |target| target.is_ipv4() == v4);
            if left > 0 {
                let own =
                    format!("{} has no {family} address of its own; name one with --source", way.interface);
                say(&format!("{} left out: {own}", plural(left, "address is", "addresses are")));
            }
        }
    }
    // Whoever names the way knows where it leads.
    if typed.interface.is_some() || typed.gateway_mac.is_some() {
        return;
    }
    let Some((first, _)) = request.targets.at(0) else { return };
    let networks = (0..request.targets.networks().min(NETWORKS)).filter_map(|at| request.targets.network(at));
    let others = elsewhere(way, first.get(), networks.map(|network| network.addr())).unwrap_or_default();
    let others: HashSet<IpNet> = others.into_iter().map(network).collect();
    let left = leave_out(request, |target| others.contains(&network(target)));
    if left > 0 {
        say(&format!(
            "{} left out: another way than {}, or another router, leads there; survey those by themselves",
            plural(left, "address is", "addresses are"),
            way.interface
        ));
    }
}

fn leave_out(request: &mut Request, is_out: impl Fn(IpAddr) -> bool) -> u64 {
    let all = request.targets.count();
    if request.targets.iter().any(|target| is_out(target.get())) {
        request.targets = Targets::only(request.targets.iter().filter(|target| !is_out(target.get())));
    }
    all - request.targets.count()
}
