//! A scope from its text: every mistake in one go, each with its line.

use ipnet::IpNet;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use toml::Spanned;
use watchpost_core::mistake::Reading;

use super::file::{File, Rate};
use super::ports::Ports;
use super::ranges::{Ranges, ends};
use super::special::{self, Special};
use super::{Scope, file, window};

pub use watchpost_core::mistake::Mistake;

/// What a scope file holds beyond texts and prefixes.
trait Scoped {
    fn own(&mut self, value: &Spanned<String>, lab: bool) -> Option<IpNet>;
    fn ports(&mut self, key: &str, value: Option<&Spanned<String>>) -> Ports;
    fn day(&mut self, value: &Spanned<String>) -> Date;
    fn window(&mut self, written: &file::Window) -> Option<window::Window>;
    fn rate(&mut self, rate: Rate);
}

impl Scoped for Reading<'_> {
    fn own(&mut self, value: &Spanned<String>, lab: bool) -> Option<IpNet> {
        let net = self.block("blocks", value)?;
        match special::of(&net) {
            Some(Special::Within(_)) if lab => {}
            Some(Special::Within(what)) => self.wrong(
                value.span(),
                format!("blocks: {net} is nobody's own: {what}"),
                "Name blocks that a registry has given you. For a lab without a route to the outside: lab = true.",
            ),
            Some(Special::Holds(what)) => self.wrong(
                value.span(),
                format!("blocks: {net} holds space that is nobody's own: {what}"),
                "Name the blocks that are yours one by one.",
            ),
            Some(Special::Embeds) => self.wrong(
                value.span(),
                format!("blocks: {net} stands for IPv4 addresses"),
                "Name the IPv4 blocks themselves.",
            ),
            // A lab's blocks need no proof of control: so they are nobody's.
            None if lab => self.wrong(
                value.span(),
                format!("blocks: {net} is ordinary space, and lab = true is for what is nobody's own"),
                "Leave lab out; or name special-purpose space, such as 10.0.0.0/8 or 192.0.2.0/24.",
            ),
            None => {}
        }
        Some(net)
    }

    fn ports(&mut self, key: &str, value: Option<&Spanned<String>>) -> Ports {
        let Some(value) = value else { return Ports::default() };
        Ports::parse(value.get_ref()).unwrap_or_else(|why| {
            self.wrong(
                value.span(),
                format!("{key}: {why}"),
                "Write ports and ranges, such as 22,80,443,8000-8100.",
            );
            Ports::default()
        })
    }

    fn day(&mut self, value: &Spanned<String>) -> Date {
        let text = value.get_ref().trim();
        let day = Some(text).filter(|text| text.len() == 10).and_then(|text| text.parse().ok());
        day.unwrap_or_else(|| {
            self.wrong(
                value.span(),
                format!("valid_until: {:?} is no day", value.get_ref()),
                "Write year, month and day: 2027-06-30.",
            );
            Date::MIN
        })
    }

    fn window(&mut self, written: &file::Window) -> Option<window::Window> {
        let mut days = Vec::new();
        for day in &written.days {
            match window::weekday(day.get_ref()) {
                Some(day) => days.push(day),
                None => self.wrong(
                    day.span(),
                    format!("window: {:?} is no day", day.get_ref()),
                    "Write mon, tue, wed, thu, fri, sat or sun.",
                ),
            }
        }
        let mut clock = |value: &Spanned<String>| {
            let time = window::clock(value.get_ref());
            if time.is_none() {
                let what = format!("window: {:?} is no time of day", value.get_ref());
                self.wrong(value.span(), what, "Write hours and minutes, such as 06:30; 24:00 ends the day.");
            }
            time
        };
        let (from, until) = (clock(&written.from), clock(&written.until));
        let zone = match &written.zone {
            None => Some(TimeZone::UTC),
            Some(zone) => {
                let known = TimeZone::get(zone.get_ref()).ok();
                if known.is_none() {
                    let what = format!("window: {:?} is no time zone", zone.get_ref());
                    self.wrong(
                        zone.span(),
                        what,
                        "Write a name of the tz database, such as Europe/Berlin or UTC.",
                    );
                }
                known
            }
        };
        Some(window::Window { days, from: from?, until: until?, zone: zone? })
    }

    fn rate(&mut self, rate: Rate) {
        if rate.host > rate.network || rate.network > rate.all {
            let Rate { all, network, host } = rate;
            let what =
                format!("rate: host {host}, network {network} and all {all} do not rise in this order");
            let fix = "A host's cap is at most its network's, and that at most the whole's.".into();
            self.mistakes.push(Mistake { line: 0, what, fix });
        }
        let named = [("all", rate.all), ("network", rate.network), ("host", rate.host)];
        for (name, _) in named.into_iter().filter(|(_, cap)| *cap == 0) {
            let what = format!("rate.{name} is 0: nothing could ever be sent");
            self.mistakes.push(Mistake { line: 0, what, fix: "Write packets a second, 1 at least.".into() });
        }
    }
}

/// See [`Scope::parse`].
pub(super) fn scope(text: &str) -> Result<Scope, Vec<Mistake>> {
    let mut reading = Reading::new(text);
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let fix = "`watchpost scope check --help` shows a whole example.";
            return Err(vec![reading.unreadable(&error, fix)]);
        }
    };
    let organisation = reading.said("organisation", &file.organisation, "Name who holds the blocks.");
    let authorised_by =
        reading.said("authorised_by", &file.authorised_by, "Name who allowed it, and can be asked.");
    let about = reading.said("about", &file.about, "Give the URL of a page that says who scans, and why.");
    let begins = ["https://", "http://", "mailto:"].iter().find_map(|begin| about.strip_prefix(begin));
    if !about.is_empty() && begins.is_none_or(str::is_empty) {
        let fix = "Give a page (https://...) or an address (mailto:...) where the scanned can ask.";
        reading.wrong(file.about.span(), format!("about: {about:?} is no URL"), fix);
    }
    let valid_until = reading.day(&file.valid_until);
    let blocks: Vec<IpNet> = file.blocks.iter().filter_map(|block| reading.own(block, file.lab)).collect();
    let exclude: Vec<IpNet> =
        file.exclude.iter().filter_map(|block| reading.block("exclude", block)).collect();
    let (tcp, udp) = (reading.ports("tcp", file.tcp.as_ref()), reading.ports("udp", file.udp.as_ref()));
    let windows = file.windows.iter().filter_map(|window| reading.window(window)).collect();
    reading.rate(file.rate);
    for (value, net) in file.exclude.iter().zip(&exclude).filter(|_| exclude.len() == file.exclude.len()) {
        if !blocks.iter().any(|block| block.contains(net) || net.contains(block)) {
            let what = format!("exclude: {net} lies in no block, so it excludes nothing");
            reading.wrong(value.span(), what, "Correct it, or leave it out.");
        }
    }
    let ports_are_wrong =
        reading.mistakes.iter().any(|m| m.what.starts_with("tcp:") || m.what.starts_with("udp:"));
    let mut whole = |what: &str, fix: &str| {
        reading.mistakes.push(Mistake { line: 0, what: what.into(), fix: fix.into() });
    };
    if file.blocks.is_empty() {
        whole("blocks is empty: there is nothing to look at", "Name your own blocks.");
    }
    if tcp.count() == 0 && udp.count() == 0 && !file.icmp && !ports_are_wrong {
        whole(
            "nothing is allowed: neither tcp, udp nor icmp",
            "Allow ports (tcp = \"1-65535\") or icmp = true.",
        );
    }
    let of = |v4: bool| {
        let family = move |block: &&IpNet| matches!(block, IpNet::V4(_)) == v4;
        Ranges::new(blocks.iter().filter(family).map(ends), exclude.iter().filter(family).map(ends))
    };
    let (v4, v6) = (of(true), of(false));
    if reading.mistakes.is_empty() && v4.count() == 0 && v6.count() == 0 {
        let what = "every address of the blocks is excluded".to_owned();
        reading.mistakes.push(Mistake { line: 0, what, fix: "Leave something to look at.".into() });
    }
    if !reading.mistakes.is_empty() {
        reading.mistakes.sort_by_key(|mistake| mistake.line);
        return Err(reading.mistakes);
    }
    let (icmp, lab, rate) = (file.icmp, file.lab, file.rate);
    Ok(Scope {
        organisation,
        authorised_by,
        valid_until,
        about,
        blocks,
        exclude,
        tcp,
        udp,
        icmp,
        lab,
        rate,
        windows,
        v4,
        v6,
    })
}
