//! The ports that are asked first where nobody says which: services that organisations expose, and that strangers look for.

/// TCP ports, the likeliest first: the web, remote access, mail, files, databases, orchestration, monitoring, industry. An own order, from what
/// these services are and what scanners ask for; the registry of IANA has the names.
pub const TOP_TCP: [u16; 200] = [
    80, 443, 22, 21, 25, 3389, 445, 23, 8080, 53, 110, 143, 993, 995, 587, 465, 3306, 5432, 6379, 27017,
    9200, 8443, 139, 135, 111, 5900, 2375, 2376, 6443, 10250, 2379, 11211, 8000, 8888, 8081, 81, 1433, 1521,
    5985, 5986, 2222, 2121, 8008, 8009, 3000, 5000, 5601, 9090, 9000, 8082, 8083, 8088, 8090, 10000, 1723,
    179, 389, 636, 88, 464, 3268, 3269, 873, 2049, 548, 515, 631, 9100, 554, 1935, 5060, 5061, 1883, 8883,
    5672, 15672, 61616, 9092, 2181, 4369, 25672, 6380, 26379, 5984, 9042, 7000, 7001, 7199, 9300, 50070,
    50075, 8020, 9870, 8042, 8188, 10255, 10256, 2380, 4243, 2377, 7946, 5001, 4646, 8500, 8600, 8200, 9093,
    9115, 9101, 3001, 8086, 8089, 9997, 514, 601, 4444, 4443, 4433, 9443, 10443, 8444, 7443, 6000, 6001,
    5901, 5800, 5938, 4899, 3388, 3390, 2323, 992, 102, 502, 44818, 20000, 1911, 47808, 2404, 789, 4840,
    9600, 5006, 5007, 18245, 113, 119, 194, 6667, 6697, 70, 79, 13, 17, 19, 7, 9, 37, 427, 500, 512, 513,
    543, 544, 1080, 3128, 8118, 9050, 8123, 1194, 943, 10444, 8291, 8728, 7547, 4567, 5555, 37777, 34567,
    8899, 9999, 49152, 50000, 49153, 2082, 2083, 2086, 2087, 2095, 2096, 8880, 10050, 10051, 5666, 6556, 199,
    8649, 8181, 9001, 4786,
];

/// What is asked to find out whether a host is there.
pub const KNOCKS: [u16; 3] = [443, 22, 80];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_once() {
        let mut ports = TOP_TCP.to_vec();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), TOP_TCP.len());
        assert!(KNOCKS.iter().all(|port| ports.contains(port)));
    }
}
