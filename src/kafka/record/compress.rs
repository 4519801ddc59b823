//! Codecs: gzip and lz4 are real; of snappy and zstd only the size is modelled.
//!
//! Simplifications: compressed sizes are those of the encoders used here, a few percent off Kafka's
//! (zlib for gzip, lz4 at level 9); to keep the page small, snappy, which works as lz4 does, counts
//! as large as lz4, and zstd, which reaches what gzip reaches, as large as gzip.

use super::Compression;
use flate2::write::GzEncoder;
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use std::io::Write;

/// What stands in a batch in place of its records. None for a codec that is only modelled.
pub(super) fn compress(codec: Compression, records: Vec<u8>) -> Option<Vec<u8>> {
    match codec {
        Compression::None => Some(records),
        Compression::Gzip => gzip(&records),
        Compression::Lz4 => lz4(&records),
        Compression::Snappy | Compression::Zstd => None,
    }
}

/// Bytes of [`compress`]'s result, estimated where there is none.
pub(super) fn compressed_size(codec: Compression, records: &[u8]) -> u32 {
    let uncompressed = records.len();
    let compressed = match codec {
        Compression::None => return uncompressed as u32,
        Compression::Gzip | Compression::Zstd => gzip(records),
        Compression::Lz4 | Compression::Snappy => lz4(records),
    };
    compressed.map_or(uncompressed, |bytes| bytes.len()) as u32
}

/// `GZIPOutputStream` with the default level. Writing to memory does not fail.
fn gzip(records: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(records).ok()?;
    encoder.finish().ok()
}

/// `Lz4BlockOutputStream`: frames of independent blocks of 64 KiB without checksums of content.
fn lz4(records: &[u8]) -> Option<Vec<u8>> {
    let info = FrameInfo::new().block_size(BlockSize::Max64KB).block_mode(BlockMode::Independent);
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(records).ok()?;
    encoder.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn records() -> Vec<u8> {
        b"{\"order\":1,\"state\":\"paid\"}".repeat(100)
    }

    #[test]
    fn gzip_is_a_gzip_file() {
        let compressed = compress(Compression::Gzip, records()).expect("a real codec");
        // RFC 1952: the magic number and the method.
        assert_eq!(compressed[..3], [0x1f, 0x8b, 8]);
        let mut back = Vec::new();
        let mut decoder = flate2::read::GzDecoder::new(&compressed[..]);
        decoder.read_to_end(&mut back).expect("what was just compressed");
        assert_eq!(back, records());
        assert!(compressed.len() < records().len() / 10);
    }

    #[test]
    fn lz4_is_a_frame_of_blocks_of_64_kib() {
        let compressed = compress(Compression::Lz4, records()).expect("a real codec");
        // The frame's magic number; then version 01, independent blocks, no checksums: what
        // Kafka's `Lz4BlockOutputStream` writes (FLG 0x60, BD 0x40).
        assert_eq!(compressed[..6], [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40]);
        let mut back = Vec::new();
        let mut decoder = lz4_flex::frame::FrameDecoder::new(&compressed[..]);
        decoder.read_to_end(&mut back).expect("what was just compressed");
        assert_eq!(back, records());
    }

    #[test]
    fn codecs_without_an_encoder_have_a_size_only() {
        for codec in [Compression::Snappy, Compression::Zstd] {
            assert_eq!(compress(codec, records()), None);
            assert!(compressed_size(codec, &records()) < records().len() as u32);
        }
    }
}
