//! The cluster slot of a key or a shard channel (cluster.c: `keyHashSlot`, crc16.c).

/// How many slots there are.
pub const SLOTS: u16 = 16_384;

/// CRC16/XMODEM of the name, or of its hash tag, modulo [`SLOTS`].
pub fn slot(name: &[u8]) -> u16 {
    let tagged = name.iter().position(|byte| *byte == b'{').and_then(|open| {
        let rest = &name[open + 1..];
        let length = rest.iter().position(|byte| *byte == b'}')?;
        (length > 0).then(|| &rest[..length])
    });
    crc16(tagged.unwrap_or(name)) % SLOTS
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}
