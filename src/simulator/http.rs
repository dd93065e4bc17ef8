//! The little of HTTP/1.1 that the simulator speaks: heads in, answers out, as bytes. Pure.
//!
//! By hand, because a sound server cannot be brought to send what a broken one does.

use std::fmt::Write;

/// The longest head that is read.
pub(super) const HEAD_BYTES_MAX: usize = 64 << 10;

/// The head of a request.
pub(super) struct Head {
    pub(super) method: String,
    /// Path and query.
    pub(super) target: String,
    /// By lower-case name.
    headers: Vec<(String, String)>,
}

impl Head {
    /// Reads the head that stands first, and its length with the empty line after it; nothing while it is not whole.
    /// What is no HTTP becomes a head without a method.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, usize)> {
        let length = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let text = String::from_utf8_lossy(bytes.get(..length).unwrap_or_default()).into_owned();
        let mut lines = text.lines();
        let mut words = lines.next().unwrap_or_default().split(' ').map(ToOwned::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let header = |(name, value): (&str, &str)| (name.trim().to_lowercase(), value.trim().to_owned());
        let headers = lines.filter_map(|line| line.split_once(':')).map(header).collect();
        Some((Self { method, target, headers }, length))
    }

    /// A header, by lower-case name.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        self.headers.iter().find(|(seen, _)| seen == name).map(|(_, value)| value.clone())
    }

    /// Whether another request may follow on the same connection. A body is never read, so that none may follow one.
    pub(super) fn may_be_followed(&self) -> bool {
        let body = ["content-length", "transfer-encoding"].iter().any(|name| self.header(name).is_some());
        let close = self.header("connection").is_some_and(|wish| wish.eq_ignore_ascii_case("close"));
        self.method == "GET" && !body && !close
    }

    /// Whether the client takes packed answers.
    pub(super) fn takes_gzip(&self) -> bool {
        self.header("accept-encoding").is_some_and(|wish| wish.contains("gzip"))
    }
}

/// An answer as it goes over the line; `length` is what it says of its body, true or not.
pub(super) fn answer(status: u16, headers: &[(&'static str, String)], length: usize, body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status} {}\r\nserver: simulator\r\n", reason(status));
    for (name, value) in headers {
        // Writing to a string cannot fail.
        write!(head, "{name}: {value}\r\n").unwrap_or_default();
    }
    write!(head, "content-length: {length}\r\n\r\n").unwrap_or_default();
    [head.as_bytes(), body].concat()
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}

/// Packs a body as gzip (RFC 1952) in stored blocks: longer than before, and as good as any other.
pub(super) fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut blocks = body.chunks(usize::from(u16::MAX)).peekable();
    if blocks.peek().is_none() {
        packed.extend([1, 0, 0, 255, 255]);
    }
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        packed.push(u8::from(blocks.peek().is_none()));
        packed.extend(length.to_le_bytes());
        packed.extend((!length).to_le_bytes());
        packed.extend(block);
    }
    packed.extend(crc32(body).to_le_bytes());
    // The length is counted modulo 2³².
    packed.extend(u32::try_from(body.len() & 0xffff_ffff).unwrap_or_default().to_le_bytes());
    packed
}

/// The checksum of gzip, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _bit| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    })
}
