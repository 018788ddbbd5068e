//! Fields of handshake frames: little-endian numbers, and bytes with their length in front.

use super::HandshakeFrameError;

/// Puts fields one after the other.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

/// Takes fields one after the other. Lengths are checked before memory is taken.
pub(super) struct Reader<'a>(&'a [u8]);

impl Writer {
    pub(super) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.0.extend(value.to_le_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    /// A length of u16, then the bytes.
    pub(super) fn bytes(
        &mut self,
        field: &'static str,
        bytes: &[u8],
        max: usize,
    ) -> Result<(), HandshakeFrameError> {
        self.u16(length(field, bytes.len(), max)?);
        self.raw(bytes);
        Ok(())
    }

    /// A count of u16, then the numbers.
    pub(super) fn u32s(
        &mut self,
        field: &'static str,
        values: &[u32],
        max: usize,
    ) -> Result<(), HandshakeFrameError> {
        self.u16(length(field, values.len(), max)?);
        values.iter().for_each(|value| self.u32(*value));
        Ok(())
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(body: &'a [u8]) -> Self {
        Reader(body)
    }

    pub(super) fn u8(&mut self, field: &'static str) -> Result<u8, HandshakeFrameError> {
        self.array(field).map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self, field: &'static str) -> Result<u16, HandshakeFrameError> {
        self.array(field).map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, HandshakeFrameError> {
        self.array(field).map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self, field: &'static str) -> Result<u64, HandshakeFrameError> {
        self.array(field).map(u64::from_le_bytes)
    }

    /// See [`Writer::raw`].
    pub(super) fn array<const N: usize>(
        &mut self,
        field: &'static str,
    ) -> Result<[u8; N], HandshakeFrameError> {
        let (head, rest) =
            self.0.split_first_chunk().ok_or(HandshakeFrameError::Truncated(field))?;
        self.0 = rest;
        Ok(*head)
    }

    /// See [`Writer::bytes`].
    pub(super) fn bytes(
        &mut self,
        field: &'static str,
        max: usize,
    ) -> Result<&'a [u8], HandshakeFrameError> {
        let length = length(field, self.u16(field)?.into(), max)?;
        let (head, rest) =
            self.0.split_at_checked(length.into()).ok_or(HandshakeFrameError::Truncated(field))?;
        self.0 = rest;
        Ok(head)
    }

    /// See [`Writer::bytes`].
    pub(super) fn text(
        &mut self,
        field: &'static str,
        max: usize,
    ) -> Result<String, HandshakeFrameError> {
        let bytes = self.bytes(field, max)?;
        let text = str::from_utf8(bytes).map_err(|_| HandshakeFrameError::NotUtf8(field))?;
        Ok(text.to_owned())
    }

    /// See [`Writer::u32s`].
    pub(super) fn u32s(
        &mut self,
        field: &'static str,
        max: usize,
    ) -> Result<Vec<u32>, HandshakeFrameError> {
        let count = length(field, self.u16(field)?.into(), max)?;
        (0..count).map(|_| self.u32(field)).collect()
    }
}

/// A length that is within its bound.
fn length(field: &'static str, found: usize, max: usize) -> Result<u16, HandshakeFrameError> {
    match u16::try_from(found) {
        Ok(length) if found <= max => Ok(length),
        _ => Err(HandshakeFrameError::FieldTooLong { field, found, max }),
    }
}
