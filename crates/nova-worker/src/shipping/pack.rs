//! Packs pieces of texts and indexes for the way: LZ4 blocks, each for itself.

use bytes::Bytes;
use nova_protocol::shipping::{PIECE_BYTES_MAX, Packed, TextPiece};

/// A piece that does not unpack to what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a piece does not unpack to the bytes that it says")]
pub(crate) struct BadPiece;

/// Packs a piece of at most [`PIECE_BYTES_MAX`] bytes.
pub(crate) fn pack(piece: &[u8]) -> Packed {
    debug_assert!(piece.len() <= PIECE_BYTES_MAX);
    let block = Bytes::from(lz4_flex::block::compress(piece));
    Packed { unpacked_bytes: piece.len() as u32, block }
}

/// Whether a piece can be one, by its lengths alone: no longer than it may be, packed not beyond what LZ4 makes
/// of the worst bytes, and empty only if its whole text is.
pub(crate) fn is_plausible(piece: &TextPiece) -> bool {
    let Packed { unpacked_bytes, block } = &piece.piece;
    let unpacked_bytes = *unpacked_bytes as usize;
    unpacked_bytes <= PIECE_BYTES_MAX
        && block.len() <= lz4_flex::block::get_maximum_output_size(unpacked_bytes)
        && (unpacked_bytes > 0 || piece.text_bytes == 0)
}

/// Appends what a piece unpacks to. It says how much that is, and no more is taken than a piece may have.
pub(crate) fn unpack(piece: &Packed, into: &mut Vec<u8>) -> Result<(), BadPiece> {
    unpack_block(&piece.block, piece.unpacked_bytes, into)
}

/// The same for a block and the bytes that it unpacks to.
pub(crate) fn unpack_block(
    block: &[u8],
    unpacked_bytes: u32,
    into: &mut Vec<u8>,
) -> Result<(), BadPiece> {
    let unpacked_bytes = unpacked_bytes as usize;
    if unpacked_bytes > PIECE_BYTES_MAX {
        return Err(BadPiece);
    }
    let start = into.len();
    into.resize(start + unpacked_bytes, 0);
    match lz4_flex::block::decompress_into(block, &mut into[start..]) {
        Ok(written) if written == unpacked_bytes => Ok(()),
        _ => Err(BadPiece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_unpacks_to_itself() {
        for bytes in [0, 1, 1000, PIECE_BYTES_MAX] {
            let piece: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
            let mut unpacked = b"before".to_vec();
            unpack(&pack(&piece), &mut unpacked).unwrap();
            assert_eq!(unpacked, [b"before", &piece[..]].concat());
        }
    }

    #[test]
    fn a_piece_that_lies_is_refused_and_a_bomb_is_not_unpacked() {
        let piece = pack(&[7; 1000]);
        for unpacked_bytes in [0, 999, 1001, PIECE_BYTES_MAX as u32 + 1, u32::MAX] {
            let liar = Packed { unpacked_bytes, ..piece.clone() };
            assert_eq!(unpack(&liar, &mut Vec::new()), Err(BadPiece), "{unpacked_bytes}");
        }
        let cut = Packed { block: piece.block.slice(..piece.block.len() - 1), ..piece };
        assert_eq!(unpack(&cut, &mut Vec::new()), Err(BadPiece));
    }
}
