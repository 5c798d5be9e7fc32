// RFC 7541 §6: the first bits of each representation, and the bits that are left for its integer.

export const INDEXED = 0x80;
export const INDEXED_BITS = 0x7f;
export const WITH_INDEXING = 0x40;
export const WITH_INDEXING_BITS = 0x3f;
export const SIZE_UPDATE = 0x20;
export const SIZE_UPDATE_BITS = 0x1f;
export const NEVER_INDEXED = 0x10;
export const WITHOUT_INDEXING = 0x00;
/** Of both. */
export const UNINDEXED_BITS = 0x0f;
/** Of a string's length. */
export const LENGTH_BITS = 0x7f;
